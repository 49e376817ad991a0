import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { toast } from '../../ui/Toasts';
import { whyNotConnect } from './conversions';
import { DestinationForm, type DestinationValues } from './DestinationForm';
import { useThisMarketing, useThisPlatform } from './OneDestination';
import type { PlatformWords } from './platforms';

const ConnectPlatform = graphql(`
  mutation ConnectPlatform($input: CreateConversionDestinationInput!) {
    createConversionDestination(input: $input) {
      conversionDestination {
        ...Destination
      }
    }
  }
`);

export function Page() {
  const platform = useThisPlatform();
  return (
    <Dialog shape="drawer" title={`Connect ${platform?.title ?? 'a platform'}`} closesTo={useThisMarketing()}>
      {platform === undefined ? (
        <>
          <DialogBody>
            <p>There is no such platform.</p>
          </DialogBody>
          <DialogFoot>
            <CloseButton>Close</CloseButton>
          </DialogFoot>
        </>
      ) : (
        <Connect platform={platform} />
      )}
    </Dialog>
  );
}

function Connect({ platform }: { platform: PlatformWords }) {
  const { id: intakeBotId = '' } = useParams();
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(ConnectPlatform);
  const connect = async (values: DestinationValues) => {
    if ((await send({ input: { intakeBotId, ...values } })) === null) return;
    toast(`${platform.title} is connected. Test it before the first lead.`);
    done(paths.testDestination(intakeBotId, platform.key));
  };
  return (
    <DestinationForm
      botId={intakeBotId}
      platform={platform}
      refusal={refusal}
      onSubmit={(values) => void connect(values)}
    >
      <CloseButton />
      <Button type="submit" look="main" busy={isBusy && 'Connecting…'} why={whyNotConnect(viewer)}>
        Connect {platform.title}
      </Button>
    </DestinationForm>
  );
}
