import { useEffect, useState } from 'react';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal, textOf } from '../../ui/Form';
import { OverlapField } from '../../ui/OverlapField';
import { Secret } from '../../ui/Secret';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { hostOf, placeOf } from '../../ui/urls';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { secretFile } from './secretFile';
import { useThisWebhook } from './useThisWebhook';

const RotateWebhookSecret = graphql(`
  mutation RotateWebhookSecret($input: RotateWebhookSecretInput!) {
    rotateWebhookSecret(input: $input) {
      secret
      webhookEndpoint {
        id
        updatedAt
      }
    }
  }
`);

interface Rotated {
  host: string;
  secret: string;
  /** Until when the secret before signs, too; null: no longer. */
  previousUntil: string | null;
}

export function Page() {
  const [rotated, setRotated] = useState<Rotated | null>(null);
  return (
    <Dialog title={rotated === null ? 'Rotate the signing secret' : 'New signing secret'} closesTo={useThisWebhook()}>
      {rotated === null ? (
        <OneEndpoint>{(endpoint) => <RotateForm endpoint={endpoint} onRotated={setRotated} />}</OneEndpoint>
      ) : (
        <NewSecret {...rotated} />
      )}
    </Dialog>
  );
}

function RotateForm({ endpoint, onRotated }: { endpoint: Endpoint; onRotated(rotated: Rotated): void }) {
  const { role } = useViewer();
  const { send, isBusy, refusal } = useChange(RotateWebhookSecret);
  const rotate = async (values: FormData) => {
    const overlapSeconds = Number(textOf(values, 'overlapSeconds'));
    const done = await send({ input: { id: endpoint.id, overlapSeconds } });
    if (done === null) return;
    const { secret, webhookEndpoint } = done.rotateWebhookSecret;
    const until = Date.parse(webhookEndpoint.updatedAt) + overlapSeconds * 1_000;
    const previousUntil = overlapSeconds === 0 ? null : new Date(until).toISOString();
    onRotated({ host: hostOf(endpoint.url), secret, previousUntil });
  };
  return (
    <Form refusal={refusal} onSubmit={(values) => void rotate(values)}>
      <DialogBody>
        <p>
          What is sent to{' '}
          <b>
            <StrangerText text={placeOf(endpoint.url)} max={100} />
          </b>{' '}
          is signed with a new secret from now on.
        </p>
        <OverlapField
          label="The secret so far signs beside it for"
          help="Each delivery then has a signature of both, so the receiver can change over at any time meanwhile."
        />
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Rotating…'} why={whyNotAdmin(role)}>
          Rotate secret
        </Button>
      </DialogFoot>
    </Form>
  );
}

/** It is in the state of this dialog alone, and gone when the dialog closes. */
function NewSecret({ host, secret, previousUntil }: Rotated) {
  const { guard, done } = useDialog();
  useEffect(() => guard('The secret is not shown again. Have you copied it?'), [guard]);
  return (
    <>
      <DialogBody>
        <p>Copy it now. It is shown this once.</p>
        <Secret name="secret" value={secret} fileName={secretFile(host)} />
        {previousUntil === null ? (
          <p>The secret before it signs no longer.</p>
        ) : (
          <p>
            The secret before it signs, too, until <Time at={previousUntil} as="exact" />.
          </p>
        )}
      </DialogBody>
      <DialogFoot>
        <Button look="main" onClick={() => done()}>
          I have copied it
        </Button>
      </DialogFoot>
    </>
  );
}
