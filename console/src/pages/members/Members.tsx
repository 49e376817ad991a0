import './Members.css';
import { Outlet } from 'react-router';
import { graphql } from '../../graphql';
import type { MembersQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange, useRead } from '../../server';
import { roleNames, useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button, ButtonLink, Buttons } from '../../ui/Button';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { ErrorCard } from '../../ui/States';
import { Tag } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { whyNotMember, type Member } from './member';

const Members = graphql(`
  query Members($first: Int, $after: String, $last: Int, $before: String) {
    members(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...Member
      }
      totalCount
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
    invitations(first: 100) {
      nodes {
        id
        email
        role
        createdAt
        expiresAt
      }
    }
  }
`);
const WithdrawInvitation = graphql(`
  mutation WithdrawInvitation($input: RevokeInvitationInput!) {
    revokeInvitation(input: $input) {
      invitation {
        id
      }
    }
  }
`);

type Invitation = MembersQuery['invitations']['nodes'][number];

export function Page() {
  const { role } = useViewer();
  const { data, refusal, again } = useRead(Members, usePageArguments(50), { types: ['User', 'Invitation'] });
  const invitations = data?.invitations.nodes ?? [];
  return (
    <>
      <PageHead
        title="Members"
        actions={
          <ButtonLink to={paths.inviteMember} look="main" isOver why={whyNotAdmin(role)}>
            Invite member
          </ButtonLink>
        }
      >
        {data && <p>{counted(data.members.totalCount, 'person', 'people')}</p>}
      </PageHead>
      {refusal && !data ? (
        <ErrorCard refusal={refusal} again={again} />
      ) : (
        <Table caption="Members" columns={columns} rows={data?.members.nodes} keyOf={({ id }) => id} />
      )}
      <Pager pageInfo={data?.members.pageInfo} />
      {invitations.length > 0 && (
        <section className="invitations">
          <h2>Open invitations</h2>
          <Table caption="Open invitations" columns={invitationColumns} rows={invitations} keyOf={({ id }) => id} />
        </section>
      )}
      <Outlet />
    </>
  );
}

const columns: readonly Column<Member>[] = [
  {
    head: 'Name',
    cell: (member) => <Person member={member} />,
  },
  { head: 'Role', cell: ({ role }) => roleNames[role] },
  { head: 'Joined', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: 'Actions', isHeadHidden: true, align: 'end', cell: (member) => <Actions member={member} /> },
];

function Person({ member: { id, name, email } }: { member: Member }) {
  const { user } = useViewer();
  return (
    <>
      <b>
        <StrangerText text={name} max={100} />
      </b>{' '}
      {id === user.id && <Tag>You</Tag>}
      <Under>
        <StrangerText text={email} max={254} />
      </Under>
    </>
  );
}

function Actions({ member: { id, name, role } }: { member: Member }) {
  const { role: mine, user } = useViewer();
  if (id === user.id) return null;
  const why = whyNotMember(mine, role);
  return (
    <Buttons>
      <ButtonLink isSmall isOver to={paths.memberRole(id)} why={why} aria-label={`Change the role of ${name}`}>
        Change role
      </ButtonLink>
      {mine === 'OWNER' && (
        <ButtonLink isSmall isOver to={paths.transferOwnership(id)} aria-label={`Make ${name} the Owner`}>
          Hand over
        </ButtonLink>
      )}
      <ButtonLink isSmall isOver to={paths.removeMember(id)} look="danger" why={why} aria-label={`Remove ${name}`}>
        Remove
      </ButtonLink>
    </Buttons>
  );
}

const invitationColumns: readonly Column<Invitation>[] = [
  { head: 'E-mail', cell: ({ email }) => <StrangerText text={email} max={254} /> },
  { head: 'Role', cell: ({ role }) => roleNames[role] },
  { head: 'Invited', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: 'Link works until', cell: ({ expiresAt }) => <Time at={expiresAt} as="exact" /> },
  {
    head: 'Actions',
    isHeadHidden: true,
    align: 'end',
    cell: (invitation) => <Withdraw invitation={invitation} />,
  },
];

function Withdraw({ invitation: { id, email, role } }: { invitation: Invitation }) {
  const viewer = useViewer();
  const { send, isBusy, refusal } = useChange(WithdrawInvitation);
  const withdraw = async () => {
    if ((await send({ input: { id } })) !== null) toast(`The link for ${email} has stopped working.`);
  };
  return (
    <>
      <Button
        isSmall
        look="danger"
        busy={isBusy && 'Withdrawing…'}
        why={whyNotMember(viewer.role, role)}
        aria-label={`Withdraw the invitation of ${email}`}
        onClick={() => void withdraw()}
      >
        Withdraw
      </Button>
      {refusal && <Under>{refusal.message}</Under>}
    </>
  );
}
