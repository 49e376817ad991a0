import { useState } from 'react';
import { graphql } from '../../graphql';
import type { RemoveMemberMutation } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button, ButtonLink } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { whyNotMember, type Member } from './member';
import { OneMember } from './OneMember';

const RemoveMember = graphql(`
  mutation RemoveMember($input: RemoveMemberInput!) {
    removeMember(input: $input) {
      member {
        id
        name
      }
      apiKeysMade {
        id
        name
        hint
      }
    }
  }
`);

type Removed = RemoveMemberMutation['removeMember'];

export function Page() {
  const [removed, setRemoved] = useState<Removed | null>(null);
  return (
    <Dialog
      shape="alert"
      title={removed === null ? 'Remove a member' : 'Removed. Look at their keys'}
      closesTo={paths.members}
    >
      {removed === null ? (
        <OneMember>{(member) => <Remove member={member} onRemoved={setRemoved} />}</OneMember>
      ) : (
        <KeysMade {...removed} />
      )}
    </Dialog>
  );
}

function Remove({ member, onRemoved }: { member: Member; onRemoved(removed: Removed): void }) {
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(RemoveMember);
  const remove = async () => {
    const answer = await send({ input: { id: member.id } });
    if (answer === null) return;
    toast(`${member.name} is removed.`);
    if (answer.removeMember.apiKeysMade.length > 0) onRemoved(answer.removeMember);
    else done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void remove()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={member.name} max={100} />
          </b>{' '}
          (<StrangerText text={member.email} max={254} />) is signed out everywhere at once, and the invitations they
          made stop working.
        </p>
        <p>Keys they made go on working. You are shown them, so that you can rotate or revoke them.</p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep member</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Removing…'} why={whyNotMember(role, member.role)}>
          Remove member
        </Button>
      </DialogFoot>
    </Form>
  );
}

/** Whoever was shown a secret may have kept it. */
function KeysMade({ member, apiKeysMade }: Removed) {
  return (
    <>
      <DialogBody>
        <p>
          <StrangerText text={member.name} max={100} /> was shown the secret of{' '}
          {counted(apiKeysMade.length, 'key that still works', 'keys that still work')}. Revoke what only they used,
          rotate the rest.
        </p>
        <ul className="stops">
          {apiKeysMade.map(({ id, name, hint }) => (
            <li key={id}>
              <StrangerText text={name} max={100} /> <code>{hint}</code>
            </li>
          ))}
        </ul>
      </DialogBody>
      <DialogFoot>
        <CloseButton>Later</CloseButton>
        <ButtonLink look="main" to={paths.apiKeys}>
          Go to API keys
        </ButtonLink>
      </DialogFoot>
    </>
  );
}
