import { operatorIn, type AuditedActor, type AuditService } from '../audit/audit.service.js';
import type { Actor, Origin, Role } from '../platform/actor.js';
import { isUniqueViolation, type Database, type Tx } from '../platform/postgres/database.js';
import { columnsOf, prepared } from '../platform/postgres/statement.js';
import { isEmail, normalEmail } from '../platform/text/email-address.js';
import { conflict, invalid, invalidCredentials, notFound } from '../platform/errors.js';
import { newId, nextMoment } from '../platform/id.js';
import type { Unread } from '../platform/validate.js';
import type { ChangePassword, SignIn } from './account.input.js';
import { PasswordPlaces } from './password-places.js';
import { generatePassword, hashPassword, verifyPassword } from './password.js';
import type { Session } from './session.entity.js';
import type { SessionService } from './session.service.js';
import type { SignInTries } from './sign-in-tries.js';
import { User } from './user.entity.js';

const columns = columnsOf(User, 'u');
const selectByEmails = prepared<User>(`select ${columns} from users u where u.email = any($1)`);
const selectOne = prepared<User>(`select ${columns} from users u where u.id = $1 and u.workspace_id = $2`);
const replacePassword = prepared<{ id: string }>(`
  update users set password_hash = $3, updated_at = $4 where id = $1 and password_hash = coalesce($2, password_hash)
  returning id
`);

export interface SignedIn {
  actor: Actor;
  /** The session's token, for the cookie: the database has its hash alone. */
  token: string;
}

export class AccountService {
  private readonly places = new PasswordPlaces();
  /** A sign-in to an account that is not there checks this hash, so that its answer takes as long as any other. */
  private readonly nobodysPassword = once(async () => hashPassword(generatePassword()));

  constructor(
    private readonly database: Database,
    private readonly audit: AuditService,
    private readonly sessions: SessionService,
    private readonly tries: SignInTries,
  ) {}

  /**
   * @param themselves where the call came from, when the person makes the account; absent when an operator does
   * @throws conflict when the e-mail has an account already: one account belongs to one workspace
   */
  async create(
    tx: Tx,
    { password, ...account }: Omit<NewAccount, 'passwordHash'> & { password: string },
    themselves?: { origin: Origin | null },
  ): Promise<User> {
    return await this.insert(tx, { ...account, passwordHash: await hashPassword(password) }, themselves);
  }

  /** As `create`, with a password that was hashed before the transaction: it holds no locks while it waits for a hash. */
  async insert(tx: Tx, account: NewAccount, themselves?: { origin: Origin | null }): Promise<User> {
    if (!isEmail(account.email)) throw notAnEmail();
    const { at } = nextMoment();
    const user = Object.assign(new User(), {
      ...account,
      id: newId('user'),
      email: normalEmail(account.email),
      createdAt: at,
      updatedAt: at,
    });
    try {
      await tx.manager.insert(User, user);
    } catch (error) {
      if (isUniqueViolation(error, 'users_email')) throw conflict('email_taken', 'This e-mail has an account already.');
      throw error;
    }
    const { id, email, role, workspaceId } = user;
    const by =
      themselves === undefined ? operatorIn(workspaceId) : ({ kind: 'user', id, workspaceId, ...themselves } as const);
    await this.audit.record(tx, by, 'member.joined', id, { email, role });
    return user;
  }

  /**
   * Takes as long, and gives the same answer, whether or not there is such an account.
   * @throws invalid_credentials, and rate_limit_exceeded once this address has failed too often
   */
  async signIn(read: Unread<typeof SignIn>, origin: Origin | null): Promise<SignedIn> {
    const { email, password } = read();
    const user = await this.check(email, password, origin);
    return await this.database.transaction(async (tx) => {
      const { actor, token, ended } = await this.sessions.start(tx, user, origin);
      // A failed sign-in is not recorded: strangers must not be able to write into a workspace's chain.
      if (actor.role !== 'MEMBER') {
        await this.audit.record(tx, actor, 'member.signed_in', user.id, ended > 0 ? { sessions_ended: ended } : {});
      }
      return { actor, token };
    });
  }

  async signOut(actor: Actor): Promise<void> {
    actor.requireRole('MEMBER');
    await this.sessions.end(actor);
  }

  async listSessions(actor: Actor): Promise<Session[]> {
    actor.requireRole('MEMBER');
    return await this.sessions.list(actor);
  }

  /** Ends a session of the caller's own, which may be the one that calls. */
  async endSession(actor: Actor, id: string): Promise<Session> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const session = await this.sessions.endOne(tx, actor, id);
      await this.audit.record(tx, actor, 'session.ended', id);
      return session;
    });
  }

  /** Ends the caller's sessions but the one that calls. @returns how many there were */
  async signOutEverywhere(actor: Actor): Promise<number> {
    actor.requireRole('MEMBER');
    return await this.database.transaction(async (tx) => {
      const ended = await this.sessions.endOthers(tx, actor);
      if (ended > 0) {
        await this.audit.record(tx, actor, 'member.signed_out_everywhere', actor.id, { sessions_ended: ended });
      }
      return ended;
    });
  }

  /** Ends every session of the account, and begins a new one for the caller. */
  async changePassword(actor: Actor, read: Unread<typeof ChangePassword>): Promise<SignedIn> {
    actor.requireRole('MEMBER');
    const { currentPassword, newPassword } = read();
    const { email } = await this.get(actor);
    const user = await this.check(email, currentPassword, actor.origin);
    const passwordHash = await this.hashFor(newPassword, actor.origin);
    return await this.database.transaction(async (tx) => {
      const isChanged = await this.setPassword(tx, user, { from: user.passwordHash, to: passwordHash }, actor);
      if (!isChanged) throw invalidCredentials({ cause: 'the password was changed meanwhile' });
      return await this.sessions.start(tx, { id: user.id, passwordHash }, actor.origin);
    });
  }

  /** For operators: a new password, shown once. */
  async resetPassword(email: string): Promise<{ email: string; password: string }> {
    const user = await this.findBy(email);
    if (user === undefined) throw isEmail(email) ? notFound('member') : notAnEmail();
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    await this.database.transaction(async (tx) => {
      const isChanged = await this.setPassword(
        tx,
        user,
        { from: null, to: passwordHash },
        operatorIn(user.workspaceId),
      );
      if (!isChanged) throw notFound('member');
    });
    return { email: user.email, password };
  }

  /** Hashes a password in the queue that all passwords share and in which each address has few places. */
  async hashFor(password: string, origin: Origin | null): Promise<string> {
    return await this.places.hold(origin?.address ?? null, async () => hashPassword(password));
  }

  /** The person who calls. */
  async get(actor: Actor): Promise<User> {
    const [user] = await this.database.query(selectOne, [actor.id, actor.workspaceId]);
    if (user === undefined) throw notFound('member');
    return user;
  }

  private async check(email: string, password: string, origin: Origin | null): Promise<User> {
    const address = origin?.address ?? null;
    const mailbox = normalEmail(email);
    return await this.places.hold(address, async () => {
      // The password that is found right may be another's by then: a session begins only if it is still this one.
      const [user, nobodys] = await Promise.all([
        this.findBy(email),
        this.nobodysPassword(),
        this.tries.begin(mailbox, address),
      ]);
      const right = await verifyPassword(password, user?.passwordHash ?? nobodys);
      if (user === undefined || !right) {
        throw invalidCredentials({ cause: user === undefined ? 'no such account' : 'wrong password' });
      }
      await this.tries.forgive(mailbox, address);
      return user;
    });
  }

  /** Finds an account by the e-mail that a person types, also one that was kept before addresses had one form. */
  private async findBy(email: string): Promise<User | undefined> {
    const typed = email.trim().toLowerCase();
    const users = await this.database.query(selectByEmails, [[typed, normalEmail(email)]]);
    return users.find((user) => user.email === typed) ?? users[0];
  }

  /** @returns whether the password was still `from` and is set: who knows an older one must not set a new one */
  private async setPassword(
    tx: Tx,
    { id }: User,
    { from, to }: { from: string | null; to: string },
    by: AuditedActor,
  ): Promise<boolean> {
    const changed = await tx.query(replacePassword, [id, from, to, nextMoment().at]);
    if (changed.length === 0) return false;
    const ended = await this.sessions.endAllOf(tx, id);
    await this.audit.record(tx, by, 'member.password_changed', id, { sessions_ended: ended });
    return true;
  }
}

export interface NewAccount {
  workspaceId: string;
  email: string;
  name: string;
  role: Role;
  passwordHash: string;
}

const notAnEmail = () => invalid('email', 'bad_format', 'must be an e-mail address');

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return async () => await (made ??= make());
}
