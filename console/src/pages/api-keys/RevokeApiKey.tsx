import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { lastUsedNote, type Key } from './keys';
import { OneKey } from './OneKey';
import { labelOf } from './scopes';

const RevokeApiKey = graphql(`
  mutation RevokeApiKey($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) {
      apiKey {
        id
        revokedAt
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Revoke an API key" closesTo={paths.apiKeys}>
      <OneKey>{(key) => <Revoke apiKey={key} />}</OneKey>
    </Dialog>
  );
}

/** Names what ends, so that nobody has to guess what breaks. */
function Revoke({ apiKey: { id, name, hint, scopes, lastUsedAt, revokedAt } }: { apiKey: Key }) {
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(RevokeApiKey);
  const revoke = async () => {
    if ((await send({ input: { id } })) === null) return;
    toast(`${name} is revoked.`);
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void revoke()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={name} max={100} />
          </b>{' '}
          <code>{hint}</code>{' '}
          {lastUsedAt === null ? (
            'was never used.'
          ) : (
            <>
              was last used <Time at={lastUsedAt} note={lastUsedNote} />.
            </>
          )}
        </p>
        <p>Within a second, whatever calls with it or with an earlier secret of it can no longer:</p>
        <ul className="stops">
          {scopes.map((scope) => (
            <li key={scope}>{labelOf(scope)}</li>
          ))}
        </ul>
        <p className="quiet">This cannot be undone. To change the secret alone, rotate it.</p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep key</CloseButton>
        <Button
          type="submit"
          look="danger"
          busy={isBusy && 'Revoking…'}
          why={revokedAt === null ? whyNotAdmin(role) : 'It is revoked already.'}
        >
          Revoke key
        </Button>
      </DialogFoot>
    </Form>
  );
}
