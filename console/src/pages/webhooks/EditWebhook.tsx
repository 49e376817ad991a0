import { useState } from 'react';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button, ButtonLink } from '../../ui/Button';
import { LeaveQuestion } from '../../ui/LeaveQuestion';
import { PageHead } from '../../ui/PageHead';
import { Empty, ErrorCard, Skeleton } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { shortUrl } from '../../ui/urls';
import { useUnsaved } from '../../ui/useUnsaved';
import { EndpointForm, type EndpointValues } from './EndpointForm';
import { useEndpoint, type Endpoint } from './OneEndpoint';

const UpdateWebhook = graphql(`
  mutation UpdateWebhook($input: UpdateWebhookEndpointInput!) {
    updateWebhookEndpoint(input: $input) {
      webhookEndpoint {
        ...EndpointState
      }
    }
  }
`);

export function Page() {
  const { endpoint, refusal, again } = useEndpoint();
  if (endpoint) return <Edit key={endpoint.id} endpoint={endpoint} />;
  return (
    <>
      <PageHead title="Edit endpoint" within={{ label: 'Webhooks', to: paths.webhooks }} />
      {refusal && <ErrorCard refusal={refusal} again={again} />}
      {!refusal && endpoint === null && (
        <Empty
          title="There is no such endpoint"
          action={<ButtonLink to={paths.webhooks}>See all endpoints</ButtonLink>}
        >
          It was deleted, or belongs to another workspace.
        </Empty>
      )}
      {!refusal && endpoint === undefined && <Skeleton />}
    </>
  );
}

function Edit({ endpoint }: { endpoint: Endpoint }) {
  const { id, url } = endpoint;
  const { role } = useViewer();
  const [isTyped, setTyped] = useState(false);
  const unsaved = useUnsaved(isTyped);
  const { send, isBusy, refusal } = useChange(UpdateWebhook);
  const save = async (values: EndpointValues) => {
    if ((await send({ input: { id, ...values } })) === null) return;
    toast('The endpoint is saved. It holds from the next delivery on.');
    unsaved.leave(paths.webhook(id));
  };
  return (
    <>
      <PageHead title="Edit endpoint" within={{ label: 'Back to the endpoint', to: paths.webhook(id) }}>
        <p>
          <StrangerText text={shortUrl(url)} max={120} />
        </p>
      </PageHead>
      <EndpointForm
        endpoint={endpoint}
        refusal={refusal}
        onChange={() => setTyped(true)}
        onSubmit={(values) => void save(values)}
      >
        <ButtonLink to={paths.webhook(id)}>Cancel</ButtonLink>
        <Button type="submit" look="main" busy={isBusy && 'Saving…'} why={whyNotAdmin(role)}>
          Save endpoint
        </Button>
      </EndpointForm>
      <LeaveQuestion {...unsaved} question="What you changed is not saved." />
    </>
  );
}
