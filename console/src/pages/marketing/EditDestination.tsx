import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, useDialog } from '../../ui/Dialog';
import { toast } from '../../ui/Toasts';
import { isBroken, whyNotConnect, type Destination } from './conversions';
import { DestinationForm, type DestinationValues } from './DestinationForm';
import { OneDestination, useThisMarketing, useThisPlatform } from './OneDestination';
import type { PlatformWords } from './platforms';

const UpdateDestination = graphql(`
  mutation UpdateDestination($input: UpdateConversionDestinationInput!) {
    updateConversionDestination(input: $input) {
      conversionDestination {
        ...Destination
      }
    }
  }
`);

export function Page() {
  const platform = useThisPlatform();
  return (
    <Dialog shape="drawer" title={`Settings of ${platform?.title ?? 'a platform'}`} closesTo={useThisMarketing()}>
      <OneDestination>
        {(destination, platform) => <Edit destination={destination} platform={platform} />}
      </OneDestination>
    </Dialog>
  );
}

function Edit({ destination, platform }: { destination: Destination; platform: PlatformWords }) {
  const { id: botId = '' } = useParams();
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(UpdateDestination);
  const save = async (values: DestinationValues) => {
    const saved = await send({ input: { id: destination.id, ...values } });
    if (saved === null) return;
    const { status } = saved.updateConversionDestination.conversionDestination;
    toast(
      isBroken(destination) && status === 'ACTIVE'
        ? `${platform.title} is saved and resumed: what was held is sent now.`
        : `The settings of ${platform.title} are saved.`,
    );
    done();
  };
  return (
    <DestinationForm
      botId={botId}
      platform={platform}
      destination={destination}
      refusal={refusal}
      onSubmit={(values) => void save(values)}
    >
      <CloseButton />
      <Button type="submit" look="main" busy={isBusy && 'Saving…'} why={whyNotConnect(viewer)}>
        Save settings
      </Button>
    </DestinationForm>
  );
}
