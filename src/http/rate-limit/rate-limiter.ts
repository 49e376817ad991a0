/**
 * One file because the statements, what one process keeps and what it asks of the others keep one promise together: no
 * window holds more than the limit.
 */
import { randomUUID } from 'node:crypto';
import type { Actor } from '../../platform/actor.js';
import { within } from '../../platform/async/deadline.js';
import { SingleFlight } from '../../platform/async/single-flight.js';
import { clock } from '../../platform/clock.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import { plans } from '../../workspaces/plans.js';
import { Share, SpentPoints } from './share.js';

/** What was decided about one call, as its caller is told. */
export interface Grant {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Unix milliseconds: when `remaining` next grows. */
  resetAtMs: number;
  /** When a refused call would succeed if nobody else called; 0 for an allowed call. */
  retryAfterSeconds: number;
}

export interface RateLimiterOptions {
  windowMs?: number;
  /** How long the store may take before the limiter goes on without it. */
  storeTimeoutMs?: number;
}

interface Reservation {
  granted: number;
  reserved_by_others: number;
  others_spent: number[];
  others_left_ms: number[];
}

const reserve = prepared<Reservation>('select * from reserve_rate_limit($1, $2, $3, $4, $5, $6, $7, $8, $9)');
// Needs no lock, since it only ever lowers what is set aside.
const giveBack = prepared(`
  insert into rate_limit_shares as s
    (subject, process, turn, reserved, reserved_until_ms, spent, spent_until_ms, ends_ms)
  select g.subject, $1, $2, 0, 0, g.spent,
    array(select now_ms + left_ms from unnest(g.left_ms) with ordinality as l (left_ms, n) order by n), now_ms + $4
  from json_to_recordset($3) as g (subject text, spent integer[], left_ms integer[]),
    (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms) as clock
  order by g.subject
  on conflict (subject, process) do update
  set turn = excluded.turn, reserved = 0, reserved_until_ms = 0, spent = excluded.spent,
    spent_until_ms = excluded.spent_until_ms, ends_ms = excluded.ends_ms
  where s.turn < excluded.turn
`);
// What ends later than anything can was written by a clock that was ahead.
const forgetEnded = prepared(`
  delete from rate_limit_shares
  where ends_ms not between (extract(epoch from clock_timestamp()) * 1000)::bigint
    and (extract(epoch from clock_timestamp()) * 1000)::bigint + $1
`);

/** A topic of `Notifications`: its subjects, those of the limiter, need points that other processes have set aside. */
const pointsWanted = 'rate-limit-points-wanted';
const askAttemptsMax = 4;

/**
 * A true sliding window for each subject (a key, a person), exact over any number of processes on one PostgreSQL: no
 * span as long as the window holds more points than the limit. Each process spends points that were set aside for it, so
 * that a call costs no query while its subject is far from the limit, and is refused from memory once the subject has
 * reached it. While the store is away, each process goes on by its own count.
 */
export class RateLimiter {
  private readonly windowMs: number;
  private readonly storeTimeoutMs: number;
  /** Moments are rounded up to a multiple of this, so that a share holds few different ones. */
  private readonly grainMs: number;
  private readonly leaseMs: number;
  private readonly tickMs: number;

  private readonly process = randomUUID();
  private readonly shares = new Map<string, Share>();
  private readonly asking = new Map<string, Promise<void>>();
  private turn = 0;
  /** When to try the store again; null while it is not away. */
  private awayUntilMs: number | null = null;
  private calling: string | null = null;
  private wanted = new Set<string>();
  private timer: NodeJS.Timeout | null = null;
  private lastSweepMs = performance.now();
  private readonly settling = new SingleFlight(() => this.settle());
  private stopped = false;

  constructor(
    private readonly database: Pick<Database, 'reserved'>,
    private readonly notifications: Notifications,
    private readonly log: Log,
    { windowMs = 60_000, storeTimeoutMs = 1_000 }: RateLimiterOptions = {},
  ) {
    this.windowMs = windowMs;
    this.storeTimeoutMs = storeTimeoutMs;
    this.grainMs = windowMs / 600;
    this.leaseMs = Math.ceil(windowMs / 4);
    this.tickMs = windowMs / 60;
    notifications.on(pointsWanted, (subjects) => this.yieldTo(subjects));
  }

  /**
   * Takes points for one call, or none if that would be too many.
   * @param subject the id of the key or person whose limit it is
   * @param limit points per window
   */
  async take(subject: string, limit: number, points: number): Promise<Grant> {
    const share = this.shareOf(subject, limit);
    let nowMs = performance.now();
    share.expire(nowMs);
    if (share.ready >= points) return this.allow(share, points, nowMs);
    share.wanted += points;
    try {
      for (let attempt = 0; attempt < askAttemptsMax; attempt += 1) {
        if (this.isHopeless(share, points, nowMs)) break;
        if (this.isAway(nowMs)) break;
        // While the store is away, one call tries it again and the others go on without it.
        if (this.awayUntilMs !== null) this.awayUntilMs = nowMs + this.storeTimeoutMs;
        await this.ask(subject, share);
        nowMs = performance.now();
        share.expire(nowMs);
        if (share.ready >= points) return this.allow(share, points, nowMs);
      }
      if (this.isAway(nowMs) && share.own.total + points <= limit) return this.allow(share, points, nowMs);
      return this.refuse(share, points, nowMs);
    } finally {
      share.wanted -= points;
    }
  }

  /** What this process knows of a budget, without a query: `allowed` unless a single point is sure to be refused. */
  look(subject: string, limit: number): Grant {
    const share = this.shareOf(subject, limit);
    const nowMs = performance.now();
    share.expire(nowMs);
    const goesOnAlone = this.isAway(nowMs) && share.own.total < limit;
    const isSpent = share.ready === 0 && !goesOnAlone && this.isHopeless(share, 1, nowMs);
    return isSpent ? this.refuse(share, 1, nowMs) : this.describe(share, true, nowMs);
  }

  /** Gives back points that were taken a moment ago for a call that is refused after all. */
  giveBack(subject: string, points: number): void {
    this.shares.get(subject)?.takeBack(points);
  }

  /** Gives back the points that are set aside for this process. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearInterval(this.timer);
    await this.settling.idle();
    await Promise.allSettled(this.asking.values());
    await this.release([...this.shares.keys()].filter((subject) => this.isOpen(subject)));
  }

  private shareOf(subject: string, limit: number): Share {
    let share = this.shares.get(subject);
    if (share === undefined) {
      share = new Share(limit);
      this.shares.set(subject, share);
      if (!this.stopped) this.timer ??= setInterval(() => void this.settling.run(), this.tickMs).unref();
    } else if (share.limit !== limit) {
      // Points that were set aside under the old limit may be more than the new limit allows.
      share.limit = limit;
      share.lapse();
    }
    return share;
  }

  /** Whether the store could not give the points now, by what this process knows. */
  private isHopeless(share: Share, points: number, nowMs: number): boolean {
    return share.remaining < points && (share.reservedByOthers === 0 || nowMs < share.askAgainMs);
  }

  private allow(share: Share, points: number, nowMs: number): Grant {
    share.spend(points, nowMs, Math.ceil(nowMs / this.grainMs) * this.grainMs + this.windowMs);
    return this.describe(share, true, nowMs);
  }

  private refuse(share: Share, points: number, nowMs: number): Grant {
    const freeMs = share.freeMs(points);
    const untilMs = Number.isFinite(freeMs) ? freeMs : nowMs + (share.reservedByOthers > 0 ? 0 : this.windowMs);
    const grant = this.describe(share, false, nowMs);
    const seconds = Math.ceil(Math.max(untilMs - nowMs, grant.resetAtMs - clock.nowMs()) / 1_000);
    return { ...grant, retryAfterSeconds: Math.max(1, seconds) };
  }

  private describe(share: Share, allowed: boolean, nowMs: number): Grant {
    const { limit, remaining, nextMs } = share;
    const resetAtMs = Math.ceil(clock.nowMs() + (Number.isFinite(nextMs) ? nextMs - nowMs : 0));
    return { allowed, limit, remaining, resetAtMs, retryAfterSeconds: 0 };
  }

  private isAway(nowMs: number): boolean {
    return this.awayUntilMs !== null && nowMs < this.awayUntilMs;
  }

  /** Asks the store once for all calls of a subject that wait. */
  private async ask(subject: string, share: Share): Promise<void> {
    const asked = this.asking.get(subject);
    if (asked !== undefined) return await asked;
    const asking = this.askStore(subject, share).finally(() => this.asking.delete(subject));
    this.asking.set(subject, asking);
    await asking;
  }

  private async askStore(subject: string, share: Share): Promise<void> {
    // Calls that come in the same moment join this question.
    await Promise.resolve();
    const sentMs = performance.now();
    share.expire(sentMs);
    share.lapse();
    const { points, leftMs } = share.own.left(sentMs);
    const { limit, wanted } = share;
    this.turn += 1;
    const values = [subject, this.process, this.turn, limit, this.windowMs, this.leaseMs, wanted, points, leftMs];
    let answer: Reservation | undefined;
    try {
      [answer] = await within(this.storeTimeoutMs, this.database.reserved.query(reserve, values));
    } catch (error) {
      this.storeIsAway(error);
      return;
    }
    this.storeIsBack();
    if (answer === undefined || share.limit !== limit) return;
    const receivedMs = performance.now();
    share.receive(
      answer.granted,
      sentMs + this.leaseMs,
      answer.reserved_by_others,
      SpentPoints.of(
        answer.others_spent,
        answer.others_left_ms.map((left) => receivedMs + left),
      ),
    );
    if (answer.granted < wanted && answer.reserved_by_others > 0) {
      share.askAgainMs = receivedMs + this.tickMs / 4;
      this.callFor(subject);
    }
  }

  private storeIsAway(error: unknown): void {
    if (this.awayUntilMs === null) {
      this.log.error({ error: errorFields(error) }, 'the rate limits go on by the count of this process alone');
    }
    this.awayUntilMs = performance.now() + this.storeTimeoutMs;
  }

  private storeIsBack(): void {
    if (this.awayUntilMs === null) return;
    this.awayUntilMs = null;
    this.log.info('the rate limits are shared with the other processes again');
  }

  /** Asks the other processes to give back what is set aside for them. */
  private callFor(subject: string): void {
    this.calling = subject;
    this.notifications.send(pointsWanted, subject);
    this.calling = null;
  }

  private yieldTo(subjects: readonly string[]): void {
    const own = subjects.filter((subject) => subject !== this.calling && this.mayYield(subject));
    if (own.length === 0) return;
    if (this.wanted.size === 0) setImmediate(() => void this.yieldNow());
    for (const subject of own) this.wanted.add(subject);
  }

  private async yieldNow(): Promise<void> {
    const subjects = [...this.wanted].filter((subject) => this.mayYield(subject));
    this.wanted.clear();
    await this.release(subjects);
  }

  private mayYield(subject: string): boolean {
    const share = this.shares.get(subject);
    return share !== undefined && share.wanted === 0 && share.ready > 0 && !this.asking.has(subject);
  }

  private isOpen(subject: string): boolean {
    const share = this.shares.get(subject);
    return share !== undefined && (share.ready > 0 || !share.told);
  }

  /** Gives back what is set aside for these subjects, and tells the store what was spent of it. */
  private async release(subjects: readonly string[]): Promise<void> {
    const nowMs = performance.now();
    const rows = subjects.flatMap((subject) => {
      const share = this.shares.get(subject);
      // A question is under way: what the store sets aside in answer to it must not be given back before it arrives.
      if (share === undefined || this.asking.has(subject)) return [];
      share.expire(nowMs);
      const { points, leftMs } = share.own.left(nowMs);
      share.lapse();
      share.told = true;
      return [{ subject, spent: points, left_ms: leftMs }];
    });
    if (rows.length === 0) return;
    this.turn += 1;
    try {
      await this.database.reserved.query(giveBack, [this.process, this.turn, JSON.stringify(rows), this.windowMs * 2]);
    } catch (error) {
      // Points that could not be given back count as spent until their time is over.
      this.log.debug({ error: errorFields(error) }, 'points could not be given back');
    }
  }

  /** Tells the store what idle subjects spent, and gives back what is set aside for them. */
  private async settle(): Promise<void> {
    const nowMs = performance.now();
    const subjects: string[] = [];
    for (const [subject, share] of this.shares) {
      if (this.asking.has(subject)) continue;
      share.expire(nowMs);
      if (share.idle) this.shares.delete(subject);
      else if (share.reservationEndsMs - nowMs < 2 * this.tickMs) subjects.push(subject);
      else if (!share.told && share.ready === 0 && nowMs - share.lastSpentMs > this.tickMs) subjects.push(subject);
    }
    if (this.isAway(nowMs)) return;
    const sweep = nowMs - this.lastSweepMs > this.windowMs;
    if (sweep) this.lastSweepMs = nowMs;
    await this.release(subjects);
    try {
      if (sweep) await this.database.reserved.query(forgetEnded, [this.windowMs * 3]);
    } catch (error) {
      this.log.debug({ error: errorFields(error) }, 'old rate limits could not be swept');
    }
  }
}

/** Points a minute of one person, over all their sessions, and of all people of a workspace together. */
const pointsOfPerson = 500;
const pointsOfPeople = 2_500;

/**
 * Takes the points of one call from its caller's budget, which all doors share. Each key has its plan's rate for itself.
 * A person's call also takes points from those of all people of the workspace; its answer tells the person's own budget.
 */
export async function takePoints(
  limiter: Pick<RateLimiter, 'take' | 'giveBack'>,
  actor: Actor,
  points: number,
): Promise<Grant> {
  if (actor.kind === 'key') return await limiter.take(actor.id, plans[actor.workspace.plan].requestsPerMinute, points);
  // The person's own budget first: somebody who is over it takes nothing from the other people of the workspace.
  const own = await limiter.take(actor.id, pointsOfPerson, points);
  if (!own.allowed) return own;
  const together = await limiter.take(`people:${actor.workspaceId}`, pointsOfPeople, points);
  if (together.allowed) return own;
  limiter.giveBack(actor.id, points);
  const { retryAfterSeconds } = together;
  return { ...own, allowed: false, remaining: own.remaining + points, retryAfterSeconds };
}

/** What this process knows of a caller's budget, without a query: `allowed` unless a point is sure to be refused. */
export function lookAtBudget(limiter: Pick<RateLimiter, 'look'>, actor: Actor): Grant {
  if (actor.kind === 'key') return limiter.look(actor.id, plans[actor.workspace.plan].requestsPerMinute);
  const own = limiter.look(actor.id, pointsOfPerson);
  const { allowed, retryAfterSeconds } = limiter.look(`people:${actor.workspaceId}`, pointsOfPeople);
  return own.allowed && !allowed ? { ...own, allowed, retryAfterSeconds } : own;
}
