import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, NothingToDo, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { toast } from '../../ui/Toasts';
import { whyNotConnect, type Destination } from './conversions';
import { OneDestination, useThisMarketing } from './OneDestination';
import type { PlatformWords } from './platforms';

const PauseDestination = graphql(`
  mutation PauseDestination($input: PauseConversionDestinationInput!) {
    pauseConversionDestination(input: $input) {
      conversionDestination {
        ...Destination
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Pause conversions" closesTo={useThisMarketing()}>
      <OneDestination>
        {(destination, platform) => <Pause destination={destination} platform={platform} />}
      </OneDestination>
    </Dialog>
  );
}

function Pause({ destination: { id, status }, platform }: { destination: Destination; platform: PlatformWords }) {
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(PauseDestination);
  const pause = async () => {
    if ((await send({ input: { id } })) === null) return;
    toast(`${platform.title} is paused. Its conversions are held.`);
    done();
  };
  if (status === 'PAUSED')
    return <NothingToDo>{platform.title} is paused already: its conversions are held.</NothingToDo>;
  return (
    <Form refusal={refusal} onSubmit={() => void pause()}>
      <DialogBody>
        <p>
          Nothing more is sent to <b>{platform.title}</b> until somebody resumes it. What is under way ends.
        </p>
        <p className="quiet">
          Completed submissions are held for the {platform.ageDays} days that {platform.title} takes them for, and then
          sent or dropped, as you say.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep it active</CloseButton>
        <Button type="submit" look="main" busy={isBusy && 'Pausing…'} why={whyNotConnect(viewer)}>
          Pause {platform.title}
        </Button>
      </DialogFoot>
    </Form>
  );
}
