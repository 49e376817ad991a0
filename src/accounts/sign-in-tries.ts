import { hash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { RateLimiterMemory, RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { networkOf } from '../platform/address-network.js';
import type { Database } from '../platform/database.js';
import { rateLimitExceeded } from '../platform/errors.js';

const windowSeconds = 900;
const triesPerAddressMax = 10;
/** Wrong tries from anywhere that cost nothing, then each slows the account's sign-in by a step, up to the most. */
const triesUnslowed = 5;
const slowStepMs = 250;
const slowMaxMs = 4_000;

/**
 * Ten failed tries in 15 minutes lock an account from the address they came from, for as long; the owner comes from
 * another. Wrong tries from anywhere slow the account down, and lock nobody out. An e-mail that has no account is
 * treated the same.
 */
export class SignInTries {
  private readonly fromAddress: RateLimiterPostgres;
  private readonly fromAnywhere: RateLimiterPostgres;

  constructor(database: Database) {
    const store = {
      storeClient: database.reserved.pool,
      storeType: 'pool',
      tableName: 'sign_in_tries',
      tableCreated: true,
    };
    const rules = { points: triesPerAddressMax, duration: windowSeconds, blockDuration: windowSeconds };
    this.fromAddress = new RateLimiterPostgres({
      ...store,
      ...rules,
      keyPrefix: 'address',
      insuranceLimiter: new RateLimiterMemory({ ...rules, keyPrefix: 'address' }),
    });
    // It only counts.
    const counts = { points: Number.MAX_SAFE_INTEGER, duration: windowSeconds, keyPrefix: 'account' };
    this.fromAnywhere = new RateLimiterPostgres({
      ...store,
      ...counts,
      clearExpiredByTimeout: false,
      insuranceLimiter: new RateLimiterMemory(counts),
    });
  }

  /**
   * Counts the try as failed until it is known better, so that tries at the same time are counted too.
   * @throws rate_limit_exceeded when the account is locked from this address
   */
  async begin(email: string, address: string | null): Promise<void> {
    try {
      await this.fromAddress.consume(placeOf(email, address));
    } catch (refused) {
      if (refused instanceof RateLimiterRes) throw rateLimitExceeded(Math.ceil(refused.msBeforeNext / 1_000));
      throw refused;
    }
    const { consumedPoints } = await this.fromAnywhere.penalty(digest(email), 1);
    const slowMs = Math.min(slowMaxMs, Math.max(0, consumedPoints - 1 - triesUnslowed) * slowStepMs);
    if (slowMs > 0) await wait(slowMs);
  }

  /** It was the owner after all. */
  async forgive(email: string, address: string | null): Promise<void> {
    await this.fromAddress.delete(placeOf(email, address));
    await this.fromAnywhere.reward(digest(email), 1);
  }
}

const digest = (text: string) => hash('sha256', text, 'base64url');

const placeOf = (email: string, address: string | null) => digest(`${email} ${networkOf(address ?? '')}`);
