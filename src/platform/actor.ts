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

/** The roles of people, from the least to the most that they may do. */
export const roles = ['MEMBER', 'ADMIN', 'OWNER'] as const;
export type Role = (typeof roles)[number];

export type Plan = 'FREE' | 'PRO' | 'BUSINESS';

/** The role that lets a person do what the scope lets a key do. */
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
  /** Whether the workspace's Owners let agents connect; no other door than theirs asks. */
  agentsMayConnect: boolean;
  /** What the workspace stored when it was last measured; it is measured every hour. */
  storedBytes: number;
}

/** Where a call came from: for the log and the audit log. */
export interface Origin {
  requestId: string;
  /** The caller's address, or what a trusted proxy names in its place, shortened. */
  address: string | null;
  /** How the caller's program names itself, as it was sent. */
  userAgent?: string | null;
}

export interface Granted {
  /** What a key may do. */
  scopes?: readonly Scope[];
  /** Whether a key may run trusted documents alone. */
  documentsOnly?: boolean;
  /** Which of a key's secrets was shown, by its hash in hex: a rotation ends a secret, and not the key. */
  secretHash?: string;
  /** What a person may do. */
  role?: Role;
  sessionId?: string;
}

/** The caller: a key with scopes, or a person with a role; always inside one workspace. */
export class Actor {
  constructor(
    readonly kind: 'key' | 'user' | 'operator',
    /** The key's or the user's id; `operator` for the command line. */
    readonly id: string,
    readonly workspace: ActorWorkspace,
    private readonly granted: Granted,
    readonly origin: Origin | null = null,
    /** What the door adds to the transaction of this call, such as the record under an idempotency key. */
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

  /** Names the credential that the caller showed: a session by its id, one of a key's secrets by its hash. */
  get credentialId(): string {
    return this.granted.sessionId ?? this.granted.secretHash ?? this.id;
  }

  get documentsOnly(): boolean {
    return this.granted.documentsOnly === true;
  }

  /** Lets a key pass that has the scope, and a person who has the role, which by default is the scope's. */
  require(scope: Scope, role: Role = roleForScope[scope]): void {
    if (this.granted.scopes === undefined) this.requireRole(role);
    else if (!this.granted.scopes.includes(scope)) throw insufficientScopes([scope], this.granted.scopes);
  }

  /** Lets people pass who have the role; no key passes, whatever its scopes. */
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
 * Confirms, inside the transaction of a change that outlives the call (a new key, a new endpoint, a deletion), that the
 * caller's credential still works, and keeps it from ending before the commit. The door may have let the caller in by
 * what it looked up half a minute ago, and a credential may have ended since.
 * @throws authentication_required
 */
export type Confirm = (tx: Tx, actor: Actor) => Promise<void>;

/** The command line as a caller: it may do what an Owner of that one workspace may do. */
export function operatorOf(workspace: ActorWorkspace): Actor {
  return new Actor('operator', 'operator', workspace, { role: 'OWNER' });
}
