import { useState } from 'react';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button, ButtonLink, Buttons } from '../../ui/Button';
import { Card } from '../../ui/Facts';
import { LeaveQuestion } from '../../ui/LeaveQuestion';
import { PageHead } from '../../ui/PageHead';
import { Secret } from '../../ui/Secret';
import { Empty } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { hostOf, shortUrl } from '../../ui/urls';
import { useUnsaved } from '../../ui/useUnsaved';
import { EndpointForm, type EndpointValues } from './EndpointForm';
import { whyNotSend } from './endpoints';
import { Verification } from './Verification';
import { secretFile } from './secretFile';

const CreateWebhook = graphql(`
  mutation CreateWebhook($input: CreateWebhookEndpointInput!) {
    createWebhookEndpoint(input: $input) {
      secret
      webhookEndpoint {
        ...EndpointState
      }
    }
  }
`);

interface Made {
  id: string;
  url: string;
  secret: string;
}

const within = { label: 'Webhooks', to: paths.webhooks };

export function Page() {
  const why = whyNotSend(useViewer());
  const [isTyped, setTyped] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const { send, isBusy, refusal } = useChange(CreateWebhook);
  const unsaved = useUnsaved(isTyped || made !== null);
  const create = async ({ customHeaders, ...values }: EndpointValues) => {
    const done = await send({ input: { ...values, ...(customHeaders && { customHeaders }) } });
    if (done === null) return;
    const { secret, webhookEndpoint } = done.createWebhookEndpoint;
    setMade({ id: webhookEndpoint.id, url: webhookEndpoint.url, secret });
    scrollTo(0, 0);
  };
  if (made !== null) {
    return (
      <>
        <ShownOnce made={made} onDone={(to) => unsaved.leave(to)} />
        <LeaveQuestion {...unsaved} question="The secret is not shown again. Have you copied it?" />
      </>
    );
  }
  return (
    <>
      <PageHead title="Add an endpoint" within={within}>
        <p>Events are posted to it within a second, signed, and tried again for a day where that fails.</p>
      </PageHead>
      {why !== null && (
        <Empty title="You cannot add one now" action={<ButtonLink to={paths.webhooks}>See all endpoints</ButtonLink>}>
          {why}
        </Empty>
      )}
      {why === null && (
        <EndpointForm refusal={refusal} onChange={() => setTyped(true)} onSubmit={(values) => void create(values)}>
          <ButtonLink to={paths.webhooks}>Cancel</ButtonLink>
          <Button type="submit" look="main" busy={isBusy && 'Adding…'}>
            Add endpoint
          </Button>
        </EndpointForm>
      )}
      <LeaveQuestion {...unsaved} question="What you typed is not saved." />
    </>
  );
}

/** It is in the state of this page alone, and gone when somebody leaves. */
function ShownOnce({ made: { id, url, secret }, onDone }: { made: Made; onDone(to: string): void }) {
  return (
    <div className="secret-steps">
      <PageHead title="Endpoint added">
        <p>
          <StrangerText text={shortUrl(url)} max={120} /> listens from now on.
        </p>
      </PageHead>
      <Card title="1. Copy its secret">
        <p>Copy it now. It is shown this once.</p>
        <Secret name="secret" value={secret} fileName={secretFile(hostOf(url))} />
      </Card>
      <Card title="2. Verify what arrives">
        <Verification />
      </Card>
      <Card title="3. See that it works">
        <p className="quiet">A test event shows at once what your receiver answers.</p>
        <Buttons>
          <Button onClick={() => onDone(paths.testWebhook(id))}>Send test event</Button>
          <Button look="main" onClick={() => onDone(paths.webhook(id))}>
            I have copied it
          </Button>
        </Buttons>
      </Card>
    </div>
  );
}
