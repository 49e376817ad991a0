import './Account.css';
import { useState } from 'react';
import { graphql } from '../../graphql';
import type { AccountQuery } from '../../gql/graphql';
import { sessionChanged, useChange, useRead } from '../../server';
import { roleNames, useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button, Buttons } from '../../ui/Button';
import { Card } from '../../ui/Facts';
import { Form, FormRefusal, TextField, typedIn } from '../../ui/Form';
import { PageHead } from '../../ui/PageHead';
import { ErrorCard } from '../../ui/States';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { browserOf } from './browser';

const Account = graphql(`
  query Account {
    viewer {
      sessions {
        id
        createdAt
        lastUsedAt
        address
        userAgent
        current
      }
    }
  }
`);
const EndSession = graphql(`
  mutation EndSession($input: EndSessionInput!) {
    endSession(input: $input) {
      session {
        id
      }
    }
  }
`);
const SignOutEverywhere = graphql(`
  mutation SignOutEverywhere {
    signOutEverywhere {
      sessionsEnded
    }
  }
`);
const ChangePassword = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input) {
      viewer {
        role
      }
    }
  }
`);

type Session = NonNullable<AccountQuery['viewer']['sessions']>[number];

export function Page() {
  const { user, role } = useViewer();
  const { data, refusal, again } = useRead(Account, {}, { types: ['Session'] });
  return (
    <>
      <PageHead title="Account">
        <p>
          <StrangerText text={user.name} max={100} />, <StrangerText text={user.email} max={254} />, {roleNames[role]}
        </p>
      </PageHead>
      {refusal && !data && <ErrorCard refusal={refusal} again={again} />}
      {(data || !refusal) && <Sessions sessions={data?.viewer.sessions ?? undefined} again={again} />}
      <Card title="Password">
        <PasswordForm />
      </Card>
    </>
  );
}

function Sessions({ sessions, again }: { sessions: readonly Session[] | undefined; again(): void }) {
  const { send, isBusy, refusal } = useChange(SignOutEverywhere);
  const others = sessions?.filter(({ current }) => !current).length ?? 0;
  const signOutOthers = async () => {
    const done = await send({});
    if (done === null) return;
    toast(`${counted(done.signOutEverywhere.sessionsEnded, 'other session')} ended.`);
    again();
  };
  return (
    <section className="sessions">
      <header>
        <h2>Where you are signed in</h2>
        <Buttons>
          <Button
            busy={isBusy && 'Signing out…'}
            why={others === 0 ? 'You are signed in here alone.' : null}
            onClick={() => void signOutOthers()}
          >
            Sign out everywhere else
          </Button>
        </Buttons>
      </header>
      {refusal && <p role="alert">{refusal.message}</p>}
      <Table caption="Sessions" columns={columns} rows={sessions} keyOf={({ id }) => id} />
      <p className="quiet">
        A session you do not know? End it, then change your password. Sessions end by themselves after 30 days without
        use.
      </p>
    </section>
  );
}

const columns: readonly Column<Session>[] = [
  {
    head: 'Browser',
    cell: ({ userAgent, current }) => (
      <>
        <b title={userAgent ?? undefined}>{browserOf(userAgent)}</b> {current && <Status kind="good">This one</Status>}
      </>
    ),
  },
  { head: 'Address', cell: ({ address }) => (address === null ? 'not known' : <code>{address}</code>) },
  { head: 'Signed in', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: 'Last used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} note="Kept to the minute." /> },
  {
    head: 'Actions',
    isHeadHidden: true,
    align: 'end',
    cell: (session) => (session.current ? <Under>Sign out in the menu</Under> : <End session={session} />),
  },
];

function End({ session: { id, userAgent } }: { session: Session }) {
  const { send, isBusy, refusal } = useChange(EndSession);
  const end = async () => {
    if ((await send({ input: { id } })) !== null) toast(`${browserOf(userAgent)} is signed out.`);
  };
  return (
    <>
      <Button isSmall look="danger" busy={isBusy && 'Ending…'} onClick={() => void end()}>
        End session
      </Button>
      {refusal && <Under>{refusal.message}</Under>}
    </>
  );
}

function PasswordForm() {
  const { send, isBusy, refusal } = useChange(ChangePassword);
  // Each change begins with empty fields.
  const [changes, setChanges] = useState(0);
  const change = async (values: FormData) => {
    const input = {
      currentPassword: typedIn(values, 'currentPassword'),
      newPassword: typedIn(values, 'newPassword'),
    };
    if ((await send({ input })) === null) return;
    setChanges(changes + 1);
    sessionChanged();
    toast('Your password is changed. Every other session of yours has ended.');
  };
  return (
    <Form key={changes} refusal={refusal} onSubmit={(values) => void change(values)}>
      <div className="password">
        <TextField
          name="currentPassword"
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
        />
        <TextField
          name="newPassword"
          label="New password"
          help="8 to 200 characters. Every other session ends when it changes."
          type="password"
          autoComplete="new-password"
          required
        />
        <FormRefusal />
        <Buttons>
          <Button type="submit" look="main" busy={isBusy && 'Changing…'}>
            Change password
          </Button>
        </Buttons>
      </div>
    </Form>
  );
}
