import type { Conversion } from './conversion.entity.js';

/** How many conversions stand so, and why. */
export interface Counted extends Pick<Conversion, 'status' | 'reason'> {
  count: number;
}

/** In the order in which a marketer wants to know. */
const standings: Readonly<Record<Exclude<Conversion['status'], 'SKIPPED'>, string>> = {
  DELIVERED: 'delivered',
  ACCEPTED: 'accepted, of which the platform has not yet said more',
  PENDING: 'waiting',
  SENDING: 'waiting',
  HELD: 'held until the destination is resumed',
  REJECTED: 'rejected',
  EXPIRED: 'expired before the platform took them',
};

const reasons: Readonly<Record<string, string>> = {
  no_consent: 'no consent was given; send `attribution.consent`',
  no_match_keys: 'nothing in them tells the platform who it was; ask for an e-mail address, or send click ids',
  too_old: 'they were too old for the platform',
  test_submission: 'they were tests, and the destination has no test code',
  plan: 'the plan did not include conversions',
  erased: 'the person was erased or the submission deleted before',
  destination_deleted: 'the destination was deleted',
  held_dropped: 'they were held, and dropped when the destination was resumed',
};

/** What became of a destination's conversions in the last day, as a sentence. */
export function summaryOf(counted: readonly Counted[]): string {
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return 'No submission was completed in the last day.';
  const parts = new Map<string, number>();
  const add = (part: string, count: number) => parts.set(part, (parts.get(part) ?? 0) + count);
  for (const [status, words] of Object.entries(standings))
    for (const one of counted) if (one.status === status) add(words, one.count);
  const skipped = counted
    .filter(({ status }) => status === 'SKIPPED')
    .toSorted((one, other) => other.count - one.count);
  for (const { reason, count } of skipped)
    add(`skipped: ${reasons[reason ?? ''] ?? reason ?? 'for no known reason'}`, count);
  const [[first, count] = ['', 0], ...others] = parts;
  const rest = others.map(([words, number]) => `, ${number} ${words}`).join('');
  return `In the last day ${count} of ${total} ${first}${rest}.`;
}
