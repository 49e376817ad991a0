import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { toast } from '../../ui/Toasts';
import type { Destination } from './conversions';
import { OneDestination, useDestinations, useThisMarketing } from './OneDestination';
import type { PlatformWords } from './platforms';
import { useHeld } from './useHeld';

const DeleteDestination = graphql(`
  mutation DeleteDestination($input: DeleteConversionDestinationInput!) {
    deleteConversionDestination(input: $input) {
      id
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Disconnect a platform" closesTo={useThisMarketing()}>
      <OneDestination>
        {(destination, platform) => <Disconnect destination={destination} platform={platform} />}
      </OneDestination>
    </Dialog>
  );
}

function Disconnect({ destination: { id }, platform }: { destination: Destination; platform: PlatformWords }) {
  const { role } = useViewer();
  const { again } = useDestinations();
  const heldCount = useHeld(id) ?? 0;
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(DeleteDestination);
  const remove = async () => {
    if ((await send({ input: { id } })) === null) return;
    toast(`${platform.title} is disconnected.`);
    again();
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void remove()}>
      <DialogBody>
        <p>
          <b>{platform.title}</b> is told of no more submissions of this bot:
        </p>
        <ul className="stops">
          {heldCount > 0 && <li>{counted(heldCount, 'held conversion')} will not be sent.</li>}
          <li>What waits or is tried again ends as skipped.</li>
          <li>Its token, ids and mapping are gone; to connect it anew takes a new token.</li>
        </ul>
        <p className="quiet">
          What was sent stays in the log for 30 days, and with {platform.title}. To stop for a while, pause it.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep it connected</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Disconnecting…'} why={whyNotAdmin(role)}>
          Disconnect {platform.title}
        </Button>
      </DialogFoot>
    </Form>
  );
}
