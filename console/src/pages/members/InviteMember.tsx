import { useEffect, useState } from 'react';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { roleNames, useViewer, whyNotAdmin, type Role } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, TextField, textOf } from '../../ui/Form';
import { Secret } from '../../ui/Secret';
import { StrangerText } from '../../ui/StrangerText';
import { roleHelp } from './member';

const InviteMember = graphql(`
  mutation InviteMember($input: InviteMemberInput!) {
    inviteMember(input: $input) {
      link
      invitation {
        id
        email
      }
    }
  }
`);

const roles: readonly Role[] = ['MEMBER', 'ADMIN', 'OWNER'];

export function Page() {
  const [made, setMade] = useState<{ email: string; link: string } | null>(null);
  return (
    <Dialog title={made === null ? 'Invite a member' : 'Send them this link'} closesTo={paths.members}>
      {made === null ? <InviteForm onMade={setMade} /> : <Link {...made} />}
    </Dialog>
  );
}

function InviteForm({ onMade }: { onMade(made: { email: string; link: string }): void }) {
  const viewer = useViewer();
  const { guard } = useDialog();
  const { send, isBusy, refusal } = useChange(InviteMember);
  const invite = async (values: FormData) => {
    const done = await send({ input: { email: textOf(values, 'email'), role: textOf(values, 'role') as Role } });
    if (done !== null) onMade({ email: done.inviteMember.invitation.email, link: done.inviteMember.link });
  };
  return (
    <Form
      refusal={refusal}
      onChange={() => guard('What you typed is not saved.')}
      onSubmit={(values) => void invite(values)}
    >
      <DialogBody>
        <TextField name="email" label="E-mail" type="email" autoComplete="off" required />
        <Choices legend="Role" name="role">
          {roles.map((role) => (
            <Choice
              key={role}
              type="radio"
              name="role"
              value={role}
              label={roleNames[role]}
              help={roleHelp[role]}
              defaultChecked={role === 'MEMBER'}
              disabled={role === 'OWNER' && viewer.role !== 'OWNER'}
            />
          ))}
        </Choices>
        <p className="quiet">You get a link to send. No mail leaves this server by itself.</p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Inviting…'} why={whyNotAdmin(viewer.role)}>
          Create invitation
        </Button>
      </DialogFoot>
    </Form>
  );
}

function Link({ email, link }: { email: string; link: string }) {
  const { guard, done } = useDialog();
  useEffect(() => {
    guard('The link is not shown again. Have you copied it?');
  }, [guard]);
  return (
    <>
      <DialogBody>
        <p>
          Whoever opens it joins as <StrangerText text={email} max={254} />. It works once, within 7 days, and is shown
          this once.
        </p>
        <Secret name="link" value={link} fileName="invitation.txt" />
      </DialogBody>
      <DialogFoot>
        <Button look="main" onClick={() => done()}>
          I have copied it
        </Button>
      </DialogFoot>
    </>
  );
}
