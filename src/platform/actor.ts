import type { CommitGuard, Tx } from './postgres/database.js';
import { insufficientRole, insufficientScopes } from './errors.js';

export const scopes = [
  'read:intake-bots',
  'write:intake-bots',
  'read:submissions',
  'read:contacts',
  'read:records',
  'manage:webhooks',
] as const;
export type Scope = (typeof scopes)[number];

/** From the least to the most. */
export const roles = ['MEMBER', 'ADMIN', 'OWNER'] as const;
export type Role = (typeof roles)[number];

export type Plan = 'FREE' | 'PRO' | 'BUSINESS';

/** What a person needs for what a key does with the scope alone. */
const roleForScope: Record<Scope, Role> = {
  'read:intake-bots': 'MEMBER',
  'write:intake-bots': 'ADMIN',
  'read:submissions': 'MEMBER',
  'read:contacts': 'MEMBER',
  'read:records': 'MEMBER',
  'manage:webhooks': 'ADMIN',
};

export interface ActorWorkspace {
  id: string;
  plan: Plan;
  archived: boolean;
  /** By the last hourly measure. */
  storedBytes: number;
}

/** Where a call came from, for the log and the audit log. */
export interface Origin {
  requestId: string;
  /** An address; or else, short, what a trusted proxy names in its place. */
  address: string | null;
}

export interface Granted {
  /** Of a key. */
  scopes?: readonly Scope[];
  /** Whether a key may run trusted documents only. */
  documentsOnly?: boolean;
  /** Of a person. */
  role?: Role;
  sessionId?: string;
}

/** Who is calling: a key with scopes, or a person with a role; always inside one workspace. */
export class Actor {
  constructor(
    readonly kind: 'key' | 'user' | 'operator',
    /** The key's or the user's id; `operator` for the command line. */
    readonly id: string,
    readonly workspace: ActorWorkspace,
    private readonly granted: Granted,
    readonly origin: Origin | null = null,
    /** What the door puts into the transaction of this call. */
    readonly guard: CommitGuard | null = null,
  ) {}

  guardedBy(guard: CommitGuard): Actor {
    return new Actor(this.kind, this.id, this.workspace, this.granted, this.origin, guard);
  }

  get workspaceId(): string {
    return this.workspace.id;
  }

  get scopes(): readonly Scope[] | null {
    return this.granted.scopes ?? null;
  }

  get role(): Role | null {
    return this.granted.role ?? null;
  }

  /** What was shown to get in: the id of the key, or of the person's session. */
  get credentialId(): string {
    return this.granted.sessionId ?? this.id;
  }

  get documentsOnly(): boolean {
    return this.granted.documentsOnly === true;
  }

  /** A key needs the scope, a person the role: the one that goes with the scope unless the caller names another. */
  require(scope: Scope, role: Role = roleForScope[scope]): void {
    if (this.granted.scopes === undefined) this.requireRole(role);
    else if (!this.granted.scopes.includes(scope)) throw insufficientScopes([scope], this.granted.scopes);
  }

  /** For people only: no key passes, whatever its scopes. */
  requireRole(role: Role): void {
    const { role: own } = this.granted;
    if (own === undefined || roles.indexOf(own) < roles.indexOf(role)) throw insufficientRole(role, own ?? null);
  }

  may(scope: Scope): boolean {
    if (this.granted.scopes !== undefined) return this.granted.scopes.includes(scope);
    return this.granted.role !== undefined && roles.indexOf(this.granted.role) >= roles.indexOf(roleForScope[scope]);
  }
}

/**
 * For what outlives the call, inside its transaction: what the caller showed at the door opens it still, and does until
 * `tx` ends. The door may have let them in by what it knew half a minute ago, and a right may end meanwhile.
 * @throws authentication_required
 */
export type Confirm = (tx: Tx, actor: Actor) => Promise<void>;

/** The command line: everything a workspace's Owner may do, in that workspace alone. */
export function operatorOf(workspace: ActorWorkspace): Actor {
  return new Actor('operator', 'operator', workspace, { role: 'OWNER' });
}
