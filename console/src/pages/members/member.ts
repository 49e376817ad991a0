import { graphql } from '../../graphql';
import type { MemberFragment } from '../../gql/graphql';
import type { Role } from '../../shell/viewer';

export type Member = MemberFragment;

export const MemberFields = graphql(`
  fragment Member on User {
    id
    name
    email
    role
    createdAt
  }
`);
/** One member by id, for the dialogs about them. */
export const MemberById = graphql(`
  query MemberById($id: ID!) {
    node(id: $id) {
      __typename
      ...Member
    }
  }
`);

/** What each role may do, for whoever gives it. */
export const roleHelp: Readonly<Record<Role, string>> = {
  MEMBER: 'Reads everything, edits submissions and contacts. Sees no keys and no webhooks.',
  ADMIN: 'Also manages keys, webhooks, documents and members.',
  OWNER: 'Also makes and removes Owners. A workspace always has one.',
};

/** Why somebody with this role may not change a person with that one; null where they may. */
export function whyNotMember(mine: Role, theirs: Role): string | null {
  if (mine === 'MEMBER') return 'Owners and Admins do this. You are a Member.';
  if (theirs === 'OWNER' && mine !== 'OWNER') return 'Owners alone change an Owner. You are an Admin.';
  return null;
}
