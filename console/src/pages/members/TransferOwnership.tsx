import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import type { Member } from './member';
import { OneMember } from './OneMember';

const TransferOwnership = graphql(`
  mutation TransferOwnership($input: TransferOwnershipInput!) {
    transferOwnership(input: $input) {
      member {
        ...Member
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Hand the workspace over" closesTo={paths.members}>
      <OneMember>{(member) => <Transfer member={member} />}</OneMember>
    </Dialog>
  );
}

function Transfer({ member }: { member: Member }) {
  const { role } = useViewer();
  const { send, isBusy, refusal } = useChange(TransferOwnership);
  const transfer = async () => {
    if ((await send({ input: { id: member.id } })) === null) return;
    // The caller's role is another one now: everything is read anew.
    location.assign(`/console${paths.members}`);
  };
  return (
    <Form refusal={refusal} onSubmit={() => void transfer()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={member.name} max={100} />
          </b>{' '}
          becomes an Owner, and has to sign in again. You become an Admin: only an Owner can make you an Owner again.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Stay Owner</CloseButton>
        <Button
          type="submit"
          look="danger"
          busy={isBusy && 'Handing over…'}
          why={role === 'OWNER' ? null : 'Owners alone hand a workspace over.'}
        >
          Hand over
        </Button>
      </DialogFoot>
    </Form>
  );
}
