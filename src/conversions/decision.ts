import type { DestinationPauseReason } from './destination.entity.js';
import type { ConversionStatus } from './conversion.entity.js';
import type { ConversionSkipReason, ConversionVerdict } from './platforms/platform.js';
import { dayMs } from '../platform/clock.js';

/** What becomes of a conversion after an answer, and whether another try is worth it: pure. Times are Unix milliseconds. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** After so many tries the last delay serves for all later ones. */
const retryDelaysMs = [minuteMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 6 * hourMs];
const jitterShareMax = 0.2;
/** A platform may ask to be left alone for so long at most. */
const askedWaitMsMax = dayMs;
const retryDaysMax = 7;
const firstQuestionMs = 30 * minuteMs;
const questionsMsMax = dayMs;

/** The conversion as it stood when it was sent, or asked after. */
export interface Tried {
  readonly retryUntil: number;
  /** With the one that was just answered. */
  readonly attempts: number;
  /** Null unless the platform was asked what became of it. */
  readonly reference: string | null;
  readonly acceptedAt: number | null;
  /** The platform checks and counts nothing: it has nothing to say later. */
  readonly validateOnly: boolean;
}

export interface ConversionDecision {
  readonly status: ConversionStatus;
  readonly reason: ConversionSkipReason | 'unconfirmed' | null;
  /** When it is tried, or asked after, next; null where nothing is due. */
  readonly nextAttemptAt: number | null;
  readonly reference: string | null;
  readonly acceptedAt: number | null;
  /** The destination pauses. */
  readonly pauses: Extract<DestinationPauseReason, 'AUTH_BROKEN' | 'CONFIG_BROKEN'> | null;
}

/** Where nothing of the conversion is sent any more, and nothing that was to be sent may be kept. */
export const isOver = (status: ConversionStatus): boolean =>
  status === 'DELIVERED' || status === 'SKIPPED' || status === 'EXPIRED';

const undecided = { reason: null, nextAttemptAt: null, reference: null, acceptedAt: null, pauses: null };

export function decide(
  verdict: ConversionVerdict,
  tried: Tried,
  now: number,
  random: () => number = Math.random,
): ConversionDecision {
  const { reference, acceptedAt } = tried;
  switch (verdict.kind) {
    case 'DELIVERED':
      return { ...undecided, status: 'DELIVERED' };
    case 'ACCEPTED':
      return accepted(verdict, tried, now);
    case 'REJECTED':
      return { ...undecided, status: 'REJECTED' };
    case 'RETRY':
      return retried(verdict, tried, now, random);
    case 'AUTH_BROKEN':
      // What the platform took is asked after when the token is mended, and never sent again.
      return { ...undecided, reference, acceptedAt, status: 'HELD', pauses: 'AUTH_BROKEN' };
    default:
      return { ...undecided, status: 'HELD', pauses: 'CONFIG_BROKEN' };
  }
}

function accepted(verdict: ConversionVerdict, tried: Tried, now: number): ConversionDecision {
  const acceptedAt = tried.acceptedAt ?? now;
  const reference = verdict.reference ?? tried.reference;
  const over = { status: 'DELIVERED', nextAttemptAt: null, reference, acceptedAt, pauses: null } as const;
  if (tried.validateOnly) return { ...over, reason: null };
  if (reference === null || now >= acceptedAt + questionsMsMax) return { ...over, reason: 'unconfirmed' };
  // Each time after twice as long, and for the last time when the day is over.
  const next = acceptedAt + Math.min(Math.max(firstQuestionMs, 2 * (now - acceptedAt)), questionsMsMax);
  const earliest = now + Math.max(minuteMs, Math.min(verdict.notBeforeMs ?? 0, askedWaitMsMax));
  return { ...over, status: 'ACCEPTED', reason: null, nextAttemptAt: Math.max(next, earliest) };
}

function retried(verdict: ConversionVerdict, tried: Tried, now: number, random: () => number): ConversionDecision {
  const delayMs = retryDelaysMs[Math.min(tried.attempts, retryDelaysMs.length) - 1] ?? minuteMs;
  const jittered = Math.ceil(delayMs * (1 + random() * jitterShareMax));
  const nextAttemptAt = now + Math.max(jittered, Math.min(verdict.notBeforeMs ?? 0, askedWaitMsMax));
  if (nextAttemptAt > tried.retryUntil) return { ...undecided, status: 'EXPIRED' };
  return { ...undecided, status: 'PENDING', nextAttemptAt };
}

/** Until when a conversion is tried; one that was held for longer gets a day more, see `OpenConversions`. */
export const retryUntilOf = (occurredAt: Date, ageDaysMax: number): Date =>
  new Date(occurredAt.getTime() + Math.min(retryDaysMax, ageDaysMax) * dayMs);
