import { expect } from 'chai';
import { decide, retryUntilOf, type ConversionDecision, type Tried } from '../../src/conversions/decision.js';
import type { ConversionVerdict } from '../../src/conversions/platforms/platform.js';
import { dayMs } from '../../src/platform/clock.js';

const minute = 60_000;
const hour = 60 * minute;
const at = Date.UTC(2026, 8, 14, 10, 15, 30);
const fresh: Tried = {
  retryUntil: at + 7 * dayMs,
  attempts: 1,
  reference: null,
  acceptedAt: null,
  validateOnly: false,
};
const asked: Tried = { ...fresh, reference: 'r1', acceptedAt: at, attempts: 2 };
const verdict = (kind: ConversionVerdict['kind'], more: Partial<ConversionVerdict> = {}): ConversionVerdict => ({
  kind,
  code: null,
  message: '',
  traceId: null,
  ...more,
});
const noJitter = () => 0;

interface Row {
  of: string;
  verdict: ConversionVerdict;
  tried?: Tried;
  now?: number;
  is: Partial<ConversionDecision>;
}

const rows: readonly Row[] = [
  { of: 'delivered', verdict: verdict('DELIVERED'), is: { status: 'DELIVERED', nextAttemptAt: null, pauses: null } },
  { of: 'rejected', verdict: verdict('REJECTED'), is: { status: 'REJECTED', nextAttemptAt: null, pauses: null } },
  {
    of: 'a broken token',
    verdict: verdict('AUTH_BROKEN'),
    is: { status: 'HELD', pauses: 'AUTH_BROKEN', nextAttemptAt: null },
  },
  { of: 'a wrong setting', verdict: verdict('CONFIG_BROKEN'), is: { status: 'HELD', pauses: 'CONFIG_BROKEN' } },
  ...[minute, 5 * minute, 30 * minute, 2 * hour, 6 * hour, 6 * hour, 6 * hour].map((delay, index) => ({
    of: `a failure for the ${index + 1}. time`,
    verdict: verdict('RETRY'),
    tried: { ...fresh, attempts: index + 1 },
    is: { status: 'PENDING' as const, nextAttemptAt: at + delay },
  })),
  {
    of: 'a failure that asks for an hour',
    verdict: verdict('RETRY', { notBeforeMs: hour }),
    is: { status: 'PENDING', nextAttemptAt: at + hour },
  },
  {
    of: 'a failure that asks for less than the backoff',
    verdict: verdict('RETRY', { notBeforeMs: 1_000 }),
    is: { status: 'PENDING', nextAttemptAt: at + minute },
  },
  {
    of: 'a failure that asks for a year, which nobody means',
    verdict: verdict('RETRY', { notBeforeMs: 365 * dayMs }),
    is: { status: 'PENDING', nextAttemptAt: at + dayMs },
  },
  {
    of: 'a failure whose next try would come after seven days',
    verdict: verdict('RETRY'),
    tried: { ...fresh, attempts: 20 },
    now: at + 7 * dayMs - 5 * hour,
    is: { status: 'EXPIRED', nextAttemptAt: null },
  },
  {
    of: 'accepted: asked after in half an hour',
    verdict: verdict('ACCEPTED', { reference: 'r1' }),
    is: { status: 'ACCEPTED', reference: 'r1', acceptedAt: at, nextAttemptAt: at + 30 * minute },
  },
  ...[
    [30 * minute, hour],
    [hour, 2 * hour],
    [8 * hour, 16 * hour],
    [16 * hour, 24 * hour],
  ].map(([after = 0, next = 0]) => ({
    of: `still processing ${after / minute} min after it was accepted`,
    verdict: verdict('ACCEPTED'),
    tried: asked,
    now: at + after,
    is: { status: 'ACCEPTED' as const, reference: 'r1', acceptedAt: at, nextAttemptAt: at + next },
  })),
  {
    of: 'still processing after 24 hours',
    verdict: verdict('ACCEPTED'),
    tried: asked,
    now: at + dayMs,
    is: { status: 'DELIVERED', reason: 'unconfirmed', nextAttemptAt: null },
  },
  {
    of: 'accepted by a platform that only checks, and has nothing to say later',
    verdict: verdict('ACCEPTED', { reference: 'r1' }),
    tried: { ...fresh, validateOnly: true },
    is: { status: 'DELIVERED', reason: null, nextAttemptAt: null },
  },
  {
    of: 'a broken token while asking: asked again after the resume, and never sent again',
    verdict: verdict('AUTH_BROKEN'),
    tried: asked,
    is: { status: 'HELD', pauses: 'AUTH_BROKEN', reference: 'r1', acceptedAt: at },
  },
  {
    of: 'accepted, and found wrong in its settings: sent again once they are mended',
    verdict: verdict('CONFIG_BROKEN'),
    tried: asked,
    is: { status: 'HELD', pauses: 'CONFIG_BROKEN', reference: null, acceptedAt: null },
  },
  {
    of: 'accepted, and to be sent again: not before six hours',
    verdict: verdict('RETRY', { notBeforeMs: 6 * hour }),
    tried: asked,
    is: { status: 'PENDING', reference: null, acceptedAt: null, nextAttemptAt: at + 6 * hour },
  },
];

describe('what becomes of a conversion', () => {
  for (const { of, verdict: given, tried = fresh, now = at, is } of rows) {
    it(of, () => {
      expect(decide(given, tried, now, noJitter)).to.include(is);
    });
  }

  it('spreads retries over a fifth of their delay', () => {
    expect(decide(verdict('RETRY'), fresh, at, () => 1).nextAttemptAt).to.equal(at + 1.2 * minute);
  });

  it('is tried for seven days, where the platform takes it for so long', () => {
    expect(retryUntilOf(new Date(at), 90)).to.deep.equal(new Date(at + 7 * dayMs));
    expect(retryUntilOf(new Date(at), 3)).to.deep.equal(new Date(at + 3 * dayMs));
  });
});
