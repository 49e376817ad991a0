import { delayMs } from './retry.js';

/**
 * The life of an endpoint as its attempts decide it: failures in a row are counted, three make it be probed, ten pause
 * it. Times are Unix milliseconds.
 */
export interface EndpointLife {
  readonly consecutiveFails: number;
  /** One delivery at a time until one succeeds, whatever the count: after a resume. */
  readonly probing: boolean;
  /** The next probe is not before. */
  readonly probeAt: number | null;
  /** Nothing is sent before: the endpoint asked for it. */
  readonly gateUntil: number | null;
  /** The turn of the last failure that counted; what was in flight then adds nothing. */
  readonly countedTurn: number;
}

export interface Ending {
  kind: 'success' | 'failure' | 'gone';
  /** Turns grow by one with every start of an attempt and every end. */
  startedTurn: number;
  endedTurn: number;
  endedAt: number;
  retryAfterAt: number | null;
}

export interface Decision {
  life: EndpointLife;
  pause: 'failures' | 'gone' | null;
  /** The count that Owners and Admins are warned of. */
  warning: number | null;
}

export const failsBeforePause = 10;
const failsBeforeProbing = 3;
const failsWarned: readonly number[] = [5, 8];

export const newLife: EndpointLife = {
  consecutiveFails: 0,
  probing: false,
  probeAt: null,
  gateUntil: null,
  countedTurn: 0,
};

/** After a resume: the count is 0 and the oldest delivery goes alone. */
export const resumedLife: EndpointLife = { ...newLife, probing: true };

export const isProbed = (life: EndpointLife) => life.probing || life.consecutiveFails >= failsBeforeProbing;

/** In SQL, of a state `s`: before it nothing is sent to the endpoint; null: no such time. */
export const opensAt = `
  greatest(s.gate_until, case when s.probing or s.consecutive_fails >= ${failsBeforeProbing} then s.probe_at end)
`;

export function afterAttempt(
  life: EndpointLife,
  ending: Ending,
  ladder: readonly number[],
  random?: () => number,
): Decision {
  if (ending.kind === 'success')
    return nothingMore({ ...newLife, gateUntil: life.gateUntil, countedTurn: life.countedTurn });

  const gateUntil = ending.retryAfterAt === null ? life.gateUntil : Math.max(life.gateUntil ?? 0, ending.retryAfterAt);
  if (ending.kind === 'gone') {
    const consecutiveFails = life.consecutiveFails + 1;
    return {
      life: { ...life, gateUntil, consecutiveFails, countedTurn: ending.endedTurn },
      pause: 'gone',
      warning: null,
    };
  }
  if (ending.startedTurn < life.countedTurn) return nothingMore({ ...life, gateUntil });

  const consecutiveFails = life.consecutiveFails + 1;
  const counted = { ...life, gateUntil, consecutiveFails, countedTurn: ending.endedTurn };
  if (consecutiveFails >= failsBeforePause) return { life: counted, pause: 'failures', warning: null };
  const warning = failsWarned.includes(consecutiveFails) ? consecutiveFails : null;
  if (!isProbed(counted)) return { life: counted, pause: null, warning };
  // A short ladder's last rung serves for all later failures.
  const rungs = Math.min(consecutiveFails, ladder.length);
  const probeAt = ending.endedAt + (delayMs(ladder, rungs, random) ?? 0);
  return { life: { ...counted, probeAt }, pause: null, warning };
}

const nothingMore = (life: EndpointLife): Decision => ({ life, pause: null, warning: null });
