import { delayMs, type Verdict } from './retry.js';

/**
 * How an endpoint fares, as its attempts tell: failures in a row are counted, three make it half-open, so that one
 * delivery at a time is tried, and ten pause it. Times are Unix milliseconds.
 */
export interface EndpointHealth {
  readonly consecutiveFails: number;
  /** Whatever the count, from a resume to the first success. */
  readonly halfOpen: boolean;
  /** While it is half-open: the next attempt is not before. */
  readonly probeAt: number | null;
  /** Nothing is sent before, since the endpoint asked for it. */
  readonly notBefore: number | null;
  /** When the last failure that was counted ended, in steps: attempts under way then are not counted. */
  readonly countedStep: number;
}

export interface EndedAttempt extends Verdict {
  /** An endpoint's steps are the starts and ends of its attempts, numbered as they come. */
  startedStep: number;
  endedStep: number;
  endedAt: number;
}

export interface Decision {
  health: EndpointHealth;
  pause: 'failures' | 'gone' | null;
  /** The count of which Owners and Admins are warned. */
  warning: number | null;
}

const failsBeforePause = 10;
const failsBeforeHalfOpen = 3;
const failsWarned: readonly number[] = [5, 8];

export const goodHealth: EndpointHealth = {
  consecutiveFails: 0,
  halfOpen: false,
  probeAt: null,
  notBefore: null,
  countedStep: 0,
};

export const isHalfOpen = (health: EndpointHealth) => health.halfOpen || health.consecutiveFails >= failsBeforeHalfOpen;

/** Before it nothing is sent to the endpoint. */
export function sendsNotBefore(health: EndpointHealth): number {
  return Math.max(health.notBefore ?? 0, isHalfOpen(health) ? (health.probeAt ?? 0) : 0);
}

/** The same in SQL, of a state `s`; null where it may be sent to at any time. */
export const stateSendsNotBefore = `
  greatest(s.not_before, case when s.half_open or s.consecutive_fails >= ${failsBeforeHalfOpen} then s.probe_at end)
`;

export function afterAttempt(
  health: EndpointHealth,
  attempt: EndedAttempt,
  retryDelaysMs: readonly number[],
  random?: () => number,
): Decision {
  if (attempt.kind === 'success') {
    return unremarkable({ ...goodHealth, notBefore: health.notBefore, countedStep: health.countedStep });
  }
  const asked = attempt.retryAfterAt;
  const notBefore = asked === null ? health.notBefore : Math.max(health.notBefore ?? 0, asked);
  const consecutiveFails = health.consecutiveFails + 1;
  const counted = { ...health, notBefore, consecutiveFails, countedStep: attempt.endedStep };
  if (attempt.kind === 'gone') return { health: counted, pause: 'gone', warning: null };
  if (attempt.startedStep < health.countedStep) return unremarkable({ ...health, notBefore });

  if (consecutiveFails >= failsBeforePause) return { health: counted, pause: 'failures', warning: null };
  const warning = failsWarned.includes(consecutiveFails) ? consecutiveFails : null;
  if (!isHalfOpen(counted)) return { health: counted, pause: null, warning };
  // The last delay of a short retry schedule serves for all later failures.
  const failures = Math.min(consecutiveFails, retryDelaysMs.length);
  const probeAt = attempt.endedAt + (delayMs(retryDelaysMs, failures, random) ?? 0);
  return { health: { ...counted, probeAt }, pause: null, warning };
}

const unremarkable = (health: EndpointHealth): Decision => ({ health, pause: null, warning: null });
