import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { shortUrl } from '../../ui/urls';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { useThisWebhook } from './useThisWebhook';

const DeleteWebhook = graphql(`
  mutation DeleteWebhook($input: DeleteWebhookEndpointInput!) {
    deleteWebhookEndpoint(input: $input) {
      id
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Delete this endpoint" closesTo={useThisWebhook()}>
      <OneEndpoint>{(endpoint) => <Delete endpoint={endpoint} />}</OneEndpoint>
    </Dialog>
  );
}

/** Names what ends, so that nobody has to guess what breaks. */
function Delete({ endpoint: { id, url, description, heldCount, events } }: { endpoint: Endpoint }) {
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(DeleteWebhook);
  const remove = async () => {
    if ((await send({ input: { id } })) === null) return;
    toast('The endpoint is deleted.');
    done(paths.webhooks);
  };
  return (
    <Form refusal={refusal} onSubmit={() => void remove()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={shortUrl(url)} max={120} />
          </b>
          {description !== null && (
            <>
              {', '}
              <StrangerText text={description} max={100} />,
            </>
          )}{' '}
          gets nothing more from now on:
        </p>
        <ul className="ends">
          <li>
            {counted(events.length, 'type')} of event {events.length === 1 ? 'is' : 'are'} no longer sent there.
          </li>
          {heldCount > 0 && <li>{counted(heldCount, 'held event')} will not be sent.</li>}
          <li>What waits or is tried again ends as skipped.</li>
          <li>Its secrets, headers and payload query are gone; a new endpoint has a new secret.</li>
        </ul>
        <p className="quiet">
          What was sent stays on record for 30 days. This cannot be undone: to stop for a while, pause it.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep endpoint</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Deleting…'} why={whyNotAdmin(role)}>
          Delete endpoint
        </Button>
      </DialogFoot>
    </Form>
  );
}
