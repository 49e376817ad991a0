/**
 * One file because every change of who belongs to a workspace holds the same lock: apart from each other, the changes
 * could not keep the last Owner one.
 */
import type { AuditService } from '../audit/audit.service.js';
import { roles, type Actor, type Origin, type Role } from '../platform/actor.js';
import { dayMs, now } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, pipelined, prepared } from '../platform/postgres/statement.js';
import { conflict, insufficientRole, notFound, planLimitExceeded, workspaceArchived } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { Unread } from '../platform/validate.js';
import { membersMax, openInvitationsMax } from '../workspaces/plans.js';
import type { AcceptInvitation, InviteMember, UpdateMemberRole } from './account.input.js';
import type { AccountService, SignedIn } from './account.service.js';
import { Invitation } from './invitation.entity.js';
import type { SessionService } from './session.service.js';
import { newToken, tokenHash } from './token.js';
import { User } from './user.entity.js';

const invitationLifeMs = 7 * dayMs;

const columns = columnsOf(User, 'u');
const selectMany = pipelined<User>(`select ${columns} from users u where ${byIds('u')}`);
const lockOne = prepared<User>(`select ${columns} from users u where u.id = $1 and u.workspace_id = $2 for update`);
// Under this lock the members of a workspace change one at a time, so that two changes cannot both remove an Owner.
const lockWorkspace = prepared<{ archivedAt: Date | null }>(
  'select archived_at as "archivedAt" from workspaces where id = $1 for no key update',
);
const countOwners = prepared<{ owners: number }>(
  "select count(*)::int as owners from users where workspace_id = $1 and role = 'OWNER'",
);
// An open invitation of the same e-mail is not counted: the new one takes its place.
const countPeople = prepared<{ members: number; invitations: number }>(`
  select (select count(*)::int from users where workspace_id = $1) as members, count(*)::int as invitations
  from invitations where workspace_id = $1 and email <> $2 and expires_at > $3
`);
const invitationColumns = columnsOf(Invitation, 'i');
const selectInvitation = prepared<Invitation>(
  `select ${invitationColumns} from invitations i where i.hash = $1 and i.expires_at > $2`,
);
const selectInvitations = prepared<Invitation>(
  `select ${invitationColumns} from invitations i where ${byIds('i')} and i.expires_at > $3`,
);
const deleteInvitation = prepared<Invitation>(`
  delete from invitations i where i.id = $1 and i.workspace_id = $2 and i.expires_at > $3
  returning ${invitationColumns}
`);
const voidInvitations = prepared<Invitation>(`
  delete from invitations i
  where i.workspace_id = $1 and i.invited_by = $2 and i.role = any($3) and i.expires_at > $4
  returning ${invitationColumns}
`);
const replaceInvitation = prepared<Invitation>(
  `delete from invitations i where i.workspace_id = $1 and i.email = $2 returning ${invitationColumns}`,
);

/** Who belongs to a workspace, and as what. Only an Owner gives or takes the role of Owner. */
export class MemberService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly sessions: SessionService,
    private readonly accounts: AccountService,
    private readonly publicUrl: () => string,
  ) {}

  async list(actor: Actor, page: PageRequest): Promise<Page<User>> {
    actor.requireRole('ADMIN');
    return await readPage<User>(this.database, listOf(actor), page);
  }

  async count(actor: Actor): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor));
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<User[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /**
   * A link to join the workspace by; an earlier link for the same e-mail stops working. Whether the e-mail has an account
   * elsewhere is told to the person who opens the link, and not to the member who invites.
   */
  async invite(
    actor: Actor,
    read: Unread<typeof InviteMember>,
  ): Promise<{ invitation: Invitation; token: string; link: string }> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const { email, role } = read();
      if (role === 'OWNER') actor.requireRole('OWNER');
      await this.lockRights(tx, actor);
      if (await tx.manager.existsBy(User, { workspaceId: actor.workspaceId, email })) {
        throw conflict('already_member', 'This person is a member already.');
      }
      const [count] = await tx.query(countPeople, [actor.workspaceId, email, now()]);
      const { members = 0, invitations = 0 } = count ?? {};
      if (members >= membersMax) throw planLimitExceeded('members', members, membersMax);
      if (invitations >= openInvitationsMax) {
        throw planLimitExceeded('invitations', invitations, openInvitationsMax);
      }
      const { at } = nextMoment();
      const token = newToken();
      const invitation = Object.assign(new Invitation(), {
        id: newId('invitation'),
        workspaceId: actor.workspaceId,
        hash: tokenHash(token),
        email,
        role,
        invitedBy: actor.id,
        createdAt: at,
        expiresAt: new Date(at.getTime() + invitationLifeMs),
      });
      const replaced = await tx.query(replaceInvitation, [actor.workspaceId, email]);
      for (const earlier of replaced) requireOwnerFor(actor, earlier.role);
      await tx.manager.insert(Invitation, invitation);
      const details = { email, role, ...(replaced[0] && { replaces: replaced[0].id }) };
      await this.audit.record(tx, actor, 'member.invited', invitation.id, details);
      return { invitation, token, link: `${this.publicUrl()}/console/invitation#${token}` };
    }, actor.guard);
  }

  async listInvitations(actor: Actor, page: PageRequest): Promise<Page<Invitation>> {
    actor.requireRole('ADMIN');
    return await readPage<Invitation>(this.database, openInvitations(actor), page);
  }

  async countInvitations(actor: Actor): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, openInvitations(actor));
  }

  async getInvitations(actor: Actor, ids: readonly string[]): Promise<Invitation[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectInvitations, [ids, actor.workspaceId, now()]);
  }

  /** The invitation's link stops working. @throws resource_not_found also when the invitation was accepted meanwhile */
  async revokeInvitation(actor: Actor, id: string): Promise<Invitation> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.lockRights(tx, actor);
      const values = [id, actor.workspaceId, now()];
      const [invitation] = isId(id, 'invitation') ? await tx.query(deleteInvitation, values) : [];
      if (invitation === undefined) throw notFound('invitation');
      requireOwnerFor(actor, invitation.role);
      const { email, role } = invitation;
      await this.audit.record(tx, actor, 'invitation.revoked', id, { email, role });
      return invitation;
    }, actor.guard);
  }

  /** Makes the account and signs it in. The link works once, and only while its maker may still give that role. */
  async accept(read: Unread<typeof AcceptInvitation>, origin: Origin | null): Promise<SignedIn> {
    const { token, name, password } = read();
    const [found] = await this.database.query(selectInvitation, [tokenHash(token), now()]);
    if (found === undefined) throw notFound('invitation');
    const passwordHash = await this.accounts.hashFor(password, origin);
    const { id, workspaceId } = found;
    return await this.database.transaction(async (tx) => {
      const [workspace] = await tx.query(lockWorkspace, [workspaceId]);
      if (workspace?.archivedAt !== null) throw workspaceArchived();
      const [invitation] = await tx.query(deleteInvitation, [id, workspaceId, now()]);
      if (invitation === undefined) throw notFound('invitation');
      const { email, role, invitedBy } = invitation;
      const [inviter] = await tx.query(lockOne, [invitedBy, workspaceId]);
      if (invitedBy !== 'operator' && !mayGive(inviter?.role ?? null, role)) {
        throw notFound('invitation', { cause: `${invitedBy} may no longer make a person ${role}` });
      }
      // More people may have been invited than the plan has room for, since each invitation was counted alone.
      const [count] = await tx.query(countPeople, [workspaceId, email, now()]);
      if ((count?.members ?? 0) >= membersMax) throw planLimitExceeded('members', count?.members ?? 0, membersMax);
      const user = await this.accounts.insert(tx, { workspaceId, email, name, role, passwordHash }, { origin });
      return await this.sessions.start(tx, user, origin);
    });
  }

  /** Ends the person's sessions, as every change of role does. */
  async updateRole(actor: Actor, id: string, read: Unread<typeof UpdateMemberRole>): Promise<User> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.find(actor, id);
      const { role } = read();
      const member = await this.lock(tx, actor, id);
      if (member.role === role) return member;
      requireOwnerFor(actor, member.role, role);
      if (member.role === 'OWNER') await this.keepAnOwner(tx, actor.workspaceId);
      return await this.setRole(tx, actor, member, role);
    }, actor.guard);
  }

  /** Ends the person's sessions, and the invitations they made. */
  async remove(actor: Actor, id: string): Promise<User> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      await this.find(actor, id);
      const member = await this.lock(tx, actor, id);
      requireOwnerFor(actor, member.role);
      if (member.role === 'OWNER') await this.keepAnOwner(tx, actor.workspaceId);
      const ended = await this.sessions.endAllOf(tx, id);
      await tx.manager.delete(User, { id, workspaceId: actor.workspaceId });
      const details = { email: member.email, role: member.role, sessions_ended: ended };
      await this.audit.record(tx, actor, 'member.removed', id, details);
      await this.voidInvitationsOf(tx, actor, id, null);
      return member;
    }, actor.guard);
  }

  /** The member becomes an Owner and the caller an Admin; both sign in anew, the caller at once. */
  async transferOwnership(actor: Actor, id: string): Promise<{ owner: User; signedIn: SignedIn | null }> {
    actor.requireRole('OWNER');
    return await this.database.transaction(async (tx) => {
      await this.find(actor, id);
      const member = await this.lock(tx, actor, id);
      if (id === actor.id) throw conflict('already_owner', 'You are an Owner already.');
      const owner = member.role === 'OWNER' ? member : await this.setRole(tx, actor, member, 'OWNER');
      await this.audit.record(tx, actor, 'ownership.transferred', id, { from: actor.id });
      if (actor.kind !== 'user') return { owner, signedIn: null };
      const caller = await this.setRole(tx, actor, await this.lock(tx, actor, actor.id), 'ADMIN');
      return { owner, signedIn: await this.sessions.start(tx, caller, actor.origin) };
    }, actor.guard);
  }

  private async setRole(tx: Tx, actor: Actor, member: User, role: Role): Promise<User> {
    const updatedAt = nextMoment(member.updatedAt).at;
    await tx.manager.update(User, { id: member.id }, { role, updatedAt });
    await this.sessions.endAllOf(tx, member.id);
    await this.audit.record(tx, actor, 'member.role_changed', member.id, { from: member.role, to: role });
    await this.voidInvitationsOf(tx, actor, member.id, role);
    return Object.assign(member, { role, updatedAt });
  }

  /** Ends the open invitations that the inviter, whose role has changed or who was removed, might not make any more. */
  private async voidInvitationsOf(tx: Tx, actor: Actor, inviterId: string, inviter: Role | null): Promise<void> {
    const tooHigh = roles.filter((role) => !mayGive(inviter, role));
    const voided = await tx.query(voidInvitations, [actor.workspaceId, inviterId, tooHigh, now()]);
    for (const { id, email, role } of voided) {
      await this.audit.record(tx, actor, 'invitation.voided', id, { email, role, invited_by: inviterId });
    }
  }

  /** Rights in a workspace change one at a time, so the caller's own rights are looked at again once the lock is held. */
  private async lockRights(tx: Tx, actor: Actor): Promise<void> {
    await tx.query(lockWorkspace, [actor.workspaceId]);
    await this.sessions.confirm(tx, actor);
  }

  private async find(actor: Actor, id: string): Promise<User> {
    const [user] = isId(id, 'user') ? await this.database.query(selectMany, [[id], actor.workspaceId]) : [];
    if (user === undefined) throw notFound('member');
    return user;
  }

  private async lock(tx: Tx, actor: Actor, id: string): Promise<User> {
    await this.lockRights(tx, actor);
    const [user] = await tx.query(lockOne, [id, actor.workspaceId]);
    if (user === undefined) throw notFound('member');
    return user;
  }

  private async keepAnOwner(tx: Tx, workspaceId: string): Promise<void> {
    const [count] = await tx.query(countOwners, [workspaceId]);
    if ((count?.owners ?? 0) < 2) throw conflict('last_owner', 'A workspace keeps at least one Owner.');
  }
}

const mayGive = (giver: Role | null, given: Role) => giver === 'OWNER' || (giver === 'ADMIN' && given !== 'OWNER');

function requireOwnerFor(actor: Actor, ...roles: Role[]): void {
  if (roles.includes('OWNER') && actor.role !== 'OWNER') throw insufficientRole('OWNER', actor.role);
}

function listOf(actor: Actor): List {
  const where = new Conditions().within('u.workspace_id = $?', actor.workspaceId);
  return { from: `${columns} from users u`, id: 'u.id', where };
}

function openInvitations(actor: Actor): List {
  const where = new Conditions().and('i.workspace_id = $?', actor.workspaceId).and('i.expires_at > $?', now());
  return { from: `${invitationColumns} from invitations i`, id: 'i.id', where };
}
