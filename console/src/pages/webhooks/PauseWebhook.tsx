import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, NothingToDo, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { placeOf } from '../../ui/urls';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { useThisWebhook } from './useThisWebhook';

const PauseWebhook = graphql(`
  mutation PauseWebhook($input: PauseWebhookEndpointInput!) {
    pauseWebhookEndpoint(input: $input) {
      webhookEndpoint {
        ...EndpointState
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Pause this endpoint" closesTo={useThisWebhook()}>
      <OneEndpoint>{(endpoint) => <Pause endpoint={endpoint} />}</OneEndpoint>
    </Dialog>
  );
}

function Pause({ endpoint: { id, url, status } }: { endpoint: Endpoint }) {
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(PauseWebhook);
  const pause = async () => {
    if ((await send({ input: { id } })) === null) return;
    toast('The endpoint is paused. Its events are held.');
    done();
  };
  if (status === 'PAUSED') return <NothingToDo>It is paused already: its events are held.</NothingToDo>;
  return (
    <Form refusal={refusal} onSubmit={() => void pause()}>
      <DialogBody>
        <p>
          Nothing more is sent to{' '}
          <b>
            <StrangerText text={placeOf(url)} max={100} />
          </b>{' '}
          until somebody resumes it. What is under way ends.
        </p>
        <p className="quiet">
          What happens meanwhile is held for 30 days, and then sent in order or dropped, as you say.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep it active</CloseButton>
        <Button type="submit" look="main" busy={isBusy && 'Pausing…'} why={whyNotAdmin(role)}>
          Pause endpoint
        </Button>
      </DialogFoot>
    </Form>
  );
}
