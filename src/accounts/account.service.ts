import type { Role } from '../platform/actor.js';
import { isUniqueViolation, type Database, type Tx } from '../platform/database.js';
import { conflict, invalid, notFound } from '../platform/errors.js';
import { newId, nextMoment } from '../platform/id.js';
import { generatePassword, hashPassword } from './password.js';
import { User } from './user.entity.js';

export class AccountService {
  constructor(private readonly database: Database) {}

  /** @throws conflict when the e-mail has an account already: one account belongs to one workspace */
  async create(
    tx: Tx,
    account: { workspaceId: string; email: string; name: string; role: Role; password: string },
  ): Promise<User> {
    const { at } = nextMoment();
    const { password, ...rest } = account;
    const user = Object.assign(new User(), {
      ...rest,
      id: newId('user'),
      email: readEmail(account.email),
      passwordHash: await hashPassword(password),
      createdAt: at,
      updatedAt: at,
    });
    try {
      await tx.manager.insert(User, user);
    } catch (error) {
      if (isUniqueViolation(error, 'users_email')) throw conflict('email_taken', 'This e-mail has an account already.');
      throw error;
    }
    return user;
  }

  /** For operators: a new password, shown once. */
  async resetPassword(email: string): Promise<{ email: string; password: string }> {
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    const where = { email: readEmail(email) };
    const { affected } = await this.database.manager.update(User, where, { passwordHash, updatedAt: nextMoment().at });
    if (affected !== 1) throw notFound('member');
    return { email: where.email, password };
  }
}

export function readEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (/^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/.test(email) && email.length <= 254) return email;
  throw invalid('email', 'bad_format', 'must be an e-mail address');
}
