import type { Outcome } from '../../platform/outbound/attempt.js';
import { delayMs, retryAfterAt } from './backoff.js';

/** What an answer means for the delivery and its endpoint. */
export interface Verdict {
  kind: 'success' | 'failure' | 'gone';
  /** The endpoint asked to be left alone until then; Unix milliseconds. */
  retryAfterAt: number | null;
}

export function verdictOn(outcome: Pick<Outcome, 'outcome' | 'status' | 'retryAfter'>, now: number): Verdict {
  if (outcome.outcome === 'success') return { kind: 'success', retryAfterAt: null };
  // A 410 whose body never ended says the same.
  const kind = outcome.status === 410 ? 'gone' : 'failure';
  return { kind, retryAfterAt: retryAfterAt(outcome.retryAfter, now) };
}

/** What becomes of a delivery after an attempt: over, or tried again no earlier than `dueAt`. */
export type Next = { ended: 'delivered' | 'exhausted'; dueAt: null } | { ended: null; dueAt: number };

export function nextOf(
  verdict: Verdict,
  attempt: { number: number; endedAt: number; pauses: boolean },
  ladder: readonly number[],
  random?: () => number,
): Next {
  if (verdict.kind === 'success') return { ended: 'delivered', dueAt: null };
  const delay = delayMs(ladder, attempt.number, random);
  // The one whose failure pauses the endpoint is held, even when it was its last attempt.
  if (delay === null && !attempt.pauses) return { ended: 'exhausted', dueAt: null };
  return { ended: null, dueAt: Math.max(attempt.endedAt + (delay ?? 0), verdict.retryAfterAt ?? 0) };
}
