import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { roleNames, useViewer, type Role } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, textOf } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { roleHelp, whyNotMember, type Member } from './member';
import { OneMember } from './OneMember';

const ChangeRole = graphql(`
  mutation ChangeRole($input: UpdateMemberRoleInput!) {
    updateMemberRole(input: $input) {
      member {
        ...Member
      }
    }
  }
`);

const roles: readonly Role[] = ['MEMBER', 'ADMIN', 'OWNER'];

export function Page() {
  return (
    <Dialog title="Change a member's role" closesTo={paths.members}>
      <OneMember>{(member) => <RoleForm member={member} />}</OneMember>
    </Dialog>
  );
}

function RoleForm({ member }: { member: Member }) {
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(ChangeRole);
  const change = async (values: FormData) => {
    const changed = await send({ input: { id: member.id, role: textOf(values, 'role') as Role } });
    if (changed === null) return;
    toast(`${member.name} is ${roleNames[changed.updateMemberRole.member.role]} now.`);
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={(values) => void change(values)}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={member.name} max={100} />
          </b>{' '}
          has to sign in again once the role changes.
        </p>
        <Choices legend="Role" name="role">
          {roles.map((role) => (
            <Choice
              key={role}
              type="radio"
              name="role"
              value={role}
              label={roleNames[role]}
              help={roleHelp[role]}
              defaultChecked={role === member.role}
              disabled={role === 'OWNER' && viewer.role !== 'OWNER'}
            />
          ))}
        </Choices>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Changing…'} why={whyNotMember(viewer.role, member.role)}>
          Change role
        </Button>
      </DialogFoot>
    </Form>
  );
}
