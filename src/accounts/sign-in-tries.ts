import { hash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../platform/addresses.js';
import type { Reserved } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import { rateLimitExceeded } from '../platform/errors.js';

export const windowSeconds = 900;
const triesPerAddressMax = 10;
/** So many wrong tries, from anywhere, cost nothing; each further one slows the account's next sign-in by a step. */
const triesUnslowed = 5;
const slowStepMs = 250;
const slowMaxMs = 4_000;

// In SQL: whether a count has ended, or ends so late that only a wrong clock can have written it.
const hasEnded = '(t.expire <= excluded.expire - $3::bigint or t.expire > excluded.expire + $3::bigint)';
const nowMs = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

interface Counted {
  addressTries: number;
  /** How long the tries of the address still count. */
  msLeft: number;
  /** Of the account from anywhere; null when the address is locked, which leaves this count alone. */
  accountTries: number | null;
}

/**
 * By the database's clock, so that processes whose clocks differ neither forget each other's counts nor lock anybody out
 * for longer. `$3` is how long a count lasts; with the try after number `$4`, which locks the address, it lasts as long
 * once more. Both counts are one statement: people who sign in wait for few answers of the database. Each statement locks
 * the address's row before the account's.
 */
const countTry = prepared<Counted>(`
  with address as (
    insert into sign_in_tries as t (key, points, expire) values ($1, 1, ${nowMs} + $3::bigint)
    on conflict (key) do update set
      points = case when ${hasEnded} then 1 else t.points + 1 end,
      expire = case when ${hasEnded} or t.points = $4::int then excluded.expire else t.expire end
    returning points, expire
  ), account as (
    insert into sign_in_tries as t (key, points, expire)
    select $2, 1, ${nowMs} + $3::bigint from address where address.points <= $4::int
    on conflict (key) do update set
      points = case when ${hasEnded} then 1 else t.points + 1 end,
      expire = case when ${hasEnded} then excluded.expire else t.expire end
    returning points
  )
  select address.points as "addressTries", (address.expire - ${nowMs})::float8 as "msLeft",
    (select points from account) as "accountTries"
  from address
`);
const forgetPlace = prepared(`
  with gone as (delete from sign_in_tries where key = $1 returning 1)
  update sign_in_tries set points = greatest(0, points - 1) where key = $2 and (select count(*) from gone) >= 0
`);
// Deletes counts that have ended, and those that a clock wrote which was ahead.
export const deleteOldTries = prepared(`
  delete from sign_in_tries where abs(expire - (extract(epoch from clock_timestamp()) * 1000)::bigint) > $1::bigint
`);

/**
 * Ten failed tries in 15 minutes lock an account for 15 minutes, for the address alone from which they came: the owner,
 * who comes from another, is not locked out. Wrong tries from anywhere slow the account's sign-ins down. An e-mail that
 * has no account is treated the same.
 */
export class SignInTries {
  /** Counts of this process alone, for while the database cannot be asked. */
  private readonly without = {
    address: new RateLimiterMemory({
      points: triesPerAddressMax,
      duration: windowSeconds,
      blockDuration: windowSeconds,
    }),
    account: new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: windowSeconds }),
  };

  constructor(private readonly database: Reserved) {}

  /**
   * Counts the try as failed before its password is checked, so that tries at the same time are counted, too.
   * @throws rate_limit_exceeded when the account is locked from this address
   */
  async begin(email: string, address: string | null): Promise<void> {
    const { addressTries, msLeft, accountTries } = await this.count(placeOf(email, address), digest(email));
    if (addressTries > triesPerAddressMax) throw rateLimitExceeded(Math.ceil(msLeft / 1_000));
    const slowMs = Math.min(slowMaxMs, Math.max(0, (accountTries ?? 0) - 1 - triesUnslowed) * slowStepMs);
    if (slowMs > 0) await wait(slowMs);
  }

  /** Takes back what `begin` counted: the password was right. */
  async forgive(email: string, address: string | null): Promise<void> {
    const [place, account] = [placeOf(email, address), digest(email)];
    await Promise.all([this.without.address.delete(place), this.without.account.reward(account, 1)]);
    await this.database.query(forgetPlace, [`address:${place}`, `account:${account}`]);
  }

  private async count(place: string, account: string): Promise<Counted> {
    try {
      const values = [`address:${place}`, `account:${account}`, windowSeconds * 1_000, triesPerAddressMax];
      const [counted] = await this.database.query(countTry, values);
      if (counted !== undefined) return counted;
    } catch {
      // Without a database nobody can sign in; tries are counted in this process all the same.
    }
    const { consumedPoints, msBeforeNext } = await consume(this.without.address, place);
    const accountTries =
      consumedPoints > triesPerAddressMax ? null : (await consume(this.without.account, account)).consumedPoints;
    return { addressTries: consumedPoints, msLeft: msBeforeNext, accountTries };
  }
}

const consume = async (counts: RateLimiterMemory, key: string): Promise<RateLimiterRes> =>
  counts.consume(key).catch((refused: unknown) => refused as RateLimiterRes);

const digest = (text: string) => hash('sha256', text, 'base64url');

const placeOf = (email: string, address: string | null) => digest(`${email} ${networkOf(address ?? '')}`);
