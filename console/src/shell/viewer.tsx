import { createContext, use } from 'react';
import type { WhoIsHereQuery } from '../gql/graphql';

type ViewerOfServer = WhoIsHereQuery['viewer'];
export type Role = NonNullable<ViewerOfServer['role']>;

/** Who is signed in, and where. */
export interface Viewer {
  role: Role;
  user: NonNullable<ViewerOfServer['user']>;
  workspace: ViewerOfServer['workspace'];
}

export const ViewerContext = createContext<Viewer | null>(null);

export function useViewer(): Viewer {
  const viewer = use(ViewerContext);
  if (viewer === null) throw new Error('useViewer outside of the shell');
  return viewer;
}

export const roleNames: Readonly<Record<Role, string>> = { OWNER: 'Owner', ADMIN: 'Admin', MEMBER: 'Member' };
export const planNames = { FREE: 'Free', PRO: 'Pro', BUSINESS: 'Business' } as const;

/** Why somebody with this role may not do what Owners and Admins do; null where they may. */
export const whyNotAdmin = (role: Role): string | null =>
  role === 'MEMBER' ? 'Owners and Admins do this. You are a Member.' : null;

/** The same for what Owners alone do. */
export const whyNotOwner = (role: Role): string | null =>
  role === 'OWNER' ? null : `Owners do this. You are ${role === 'ADMIN' ? 'an Admin' : 'a Member'}.`;
