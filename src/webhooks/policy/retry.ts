import type { Outcome } from '../../platform/outbound/attempt.js';
import { retryAfterAt } from '../../platform/outbound/retry-after.js';

/** What an attempt came to, and when a failed delivery is tried again. Times are Unix milliseconds. */

/** What an answer means for the delivery and its endpoint. */
export interface Verdict {
  kind: 'success' | 'failure' | 'gone';
  /** Until when the endpoint asked to be left alone. */
  retryAfterAt: number | null;
}

export function verdictOn(outcome: Pick<Outcome, 'outcome' | 'status' | 'retryAfter'>, now: number): Verdict {
  if (outcome.outcome === 'success') return { kind: 'success', retryAfterAt: null };
  // The status decides, also where the body of a 410 never ended and the outcome is a timeout.
  const kind = outcome.status === 410 ? 'gone' : 'failure';
  const askedAt = retryAfterAt(outcome.retryAfter, now);
  return { kind, retryAfterAt: askedAt && Math.min(askedAt, now + retryAfterMsMax) };
}

/** What becomes of a delivery after an attempt: it has ended, or is tried again no earlier than `dueAt`. */
export type Next = { ended: 'delivered' | 'exhausted'; dueAt: null } | { ended: null; dueAt: number };

export function nextOf(
  verdict: Verdict,
  attempt: { number: number; endedAt: number; pauses: boolean },
  retryDelaysMs: readonly number[],
  random?: () => number,
): Next {
  if (verdict.kind === 'success') return { ended: 'delivered', dueAt: null };
  const delay = delayMs(retryDelaysMs, attempt.number, random);
  // A delivery whose failure pauses the endpoint is held for the resume, even after the last attempt of its retry schedule.
  if (delay === null && !attempt.pauses) return { ended: 'exhausted', dueAt: null };
  return { ended: null, dueAt: Math.max(attempt.endedAt + (delay ?? 0), verdict.retryAfterAt ?? 0) };
}

/** How many attempts an open delivery has left after `made`: one at least, since the one whose failure paused it is held. */
export const attemptsLeft = (retryDelaysMs: readonly number[], made: number): number =>
  Math.max(1, retryDelaysMs.length + 1 - made);

/** An endpoint may ask to be left alone for so long at most. */
export const retryAfterMsMax = 24 * 3_600_000;
const jitterShareMax = 0.2;

/** The delay of the retry schedule for the `failures`th failure in a row, plus 0–20 %; null when the schedule is shorter. */
export function delayMs(
  retryDelaysMs: readonly number[],
  failures: number,
  random: () => number = Math.random,
): number | null {
  const delay = retryDelaysMs[failures - 1];
  return delay === undefined ? null : Math.ceil(delay * (1 + random() * jitterShareMax));
}
