import type { OutcomeKind } from '../../platform/outbound/attempt.js';

/** What of their last attempts deliveries are found by. */
export interface LastAttemptFilter {
  responseStatus?: { gte?: number | null; lt?: number | null } | null;
  outcome?: readonly OutcomeKind[] | null;
}

/**
 * In SQL, conditions on open and on finished deliveries `d`. What was skipped was not attempted with that: what its last
 * attempt had come to is kept beside it. `value` gives the place of a value.
 */
export function onLastAttempt(
  { outcome, responseStatus }: LastAttemptFilter,
  value: (given: unknown) => string,
): { open: string[]; finished: string[] } {
  const { gte, lt } = responseStatus ?? {};
  const open: string[] = [];
  const finished: string[] = [];
  if (outcome != null) {
    const wanted = value(outcome);
    open.push(`d.last_outcome = any (${wanted}::text[])`);
    finished.push(`coalesce(d.outcome, d.last_outcome) = any (${wanted}::text[])`);
  }
  const bounds = [gte != null && `>= ${value(gte)}::int`, lt != null && `< ${value(lt)}::int`];
  for (const bound of bounds.filter((one) => one !== false)) {
    open.push(`d.last_status ${bound}`);
    finished.push(`d.response_status ${bound}`);
  }
  // There is an index of the few that were not delivered.
  const delivers = (outcome?.includes('success') ?? true) && (gte ?? 200) < 300 && (lt ?? 300) > 200;
  if (!delivers) finished.push(`d.ended <> 'delivered'`);
  return { open, finished };
}
