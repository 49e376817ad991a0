import { useState } from 'react';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Form, FormRefusal, textOf } from '../../ui/Form';
import { OverlapField } from '../../ui/OverlapField';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import type { Key } from './keys';
import { OneKey } from './OneKey';
import { ShownOnce } from './ShownOnce';

const RotateApiKey = graphql(`
  mutation RotateApiKey($input: RotateApiKeyInput!) {
    rotateApiKey(input: $input) {
      secret
      apiKey {
        id
        name
        previousUntil
      }
    }
  }
`);

interface Rotated {
  name: string;
  secret: string;
  previousUntil: string | null;
}

export function Page() {
  const [rotated, setRotated] = useState<Rotated | null>(null);
  return (
    <Dialog title={rotated === null ? 'Rotate an API key' : `New secret: ${rotated.name}`} closesTo={paths.apiKeys}>
      {rotated === null ? (
        <OneKey>{(key) => <RotateForm apiKey={key} onRotated={setRotated} />}</OneKey>
      ) : (
        <ShownOnce name={rotated.name} secret={rotated.secret}>
          {rotated.previousUntil === null ? (
            <p>The secret before it has stopped working.</p>
          ) : (
            <p>
              The secret before it works until <Time at={rotated.previousUntil} as="exact" />.
            </p>
          )}
        </ShownOnce>
      )}
    </Dialog>
  );
}

function RotateForm({ apiKey, onRotated }: { apiKey: Key; onRotated(rotated: Rotated): void }) {
  const { role } = useViewer();
  const { send, isBusy, refusal } = useChange(RotateApiKey);
  const rotate = async (values: FormData) => {
    const done = await send({ input: { id: apiKey.id, overlapSeconds: Number(textOf(values, 'overlapSeconds')) } });
    if (done === null) return;
    const { secret, apiKey: key } = done.rotateApiKey;
    onRotated({ secret, name: key.name, previousUntil: key.previousUntil });
  };
  return (
    <Form refusal={refusal} onSubmit={(values) => void rotate(values)}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={apiKey.name} max={100} />
          </b>{' '}
          gets a new secret. Its id, scopes, limits and history stay.
        </p>
        <OverlapField
          label="The secret so far works on for"
          help="Time to put the new one wherever the old one is used."
        />
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Rotating…'} why={whyNotAdmin(role)}>
          Rotate key
        </Button>
      </DialogFoot>
    </Form>
  );
}
