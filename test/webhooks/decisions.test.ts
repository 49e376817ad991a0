import { expect } from 'chai';
import { delayMs, nextOf, retryAfterMsMax, verdictOn } from '../../src/webhooks/policy/retry.js';
import {
  afterAttempt,
  goodHealth,
  isHalfOpen,
  type EndedAttempt,
  type EndpointHealth,
} from '../../src/webhooks/policy/endpoint-health.js';

const retryDelaysMs = [10, 30, 90, 300, 900, 2_700, 7_200, 21_600, 64_800].map((seconds) => seconds * 1_000);
const now = Date.parse('2026-11-23T22:00:00Z');

describe('backoff', () => {
  it('follows the published schedule, plus 0–20 % and never early', () => {
    for (const [index, delay] of retryDelaysMs.entries()) {
      expect(delayMs(retryDelaysMs, index + 1, () => 0)).to.equal(delay);
      expect(delayMs(retryDelaysMs, index + 1, () => 0.999_999)).to.be.within(delay * 1.19, delay * 1.2);
    }
    expect(delayMs(retryDelaysMs, 10)).to.equal(null);
    expect(delayMs([], 1)).to.equal(null);
  });
});

describe('the verdict on an answer', () => {
  it('leaves an endpoint alone for as long as it asks, at most 24 hours', () => {
    const refused = { outcome: 'http_error', status: 429 } as const;
    const until = (retryAfter: string | null) => verdictOn({ ...refused, retryAfter }, now).retryAfterAt;
    expect(until('120')).to.equal(now + 120_000);
    expect(until('9999999999')).to.equal(now + retryAfterMsMax);
    expect(until(null)).to.equal(null);
    expect(retryAfterMsMax).to.equal(24 * 3_600_000);
  });

  it('is success for 2xx alone, gone for 410, failure for everything else', () => {
    const table = [
      [{ outcome: 'success', status: 204 }, 'success'],
      [{ outcome: 'http_error', status: 301 }, 'failure'],
      [{ outcome: 'http_error', status: 404 }, 'failure'],
      [{ outcome: 'http_error', status: 410 }, 'gone'],
      [{ outcome: 'timeout', status: 410 }, 'gone'],
      [{ outcome: 'http_error', status: 503 }, 'failure'],
      [{ outcome: 'timeout', status: 200 }, 'failure'],
      [{ outcome: 'dns', status: null }, 'failure'],
      [{ outcome: 'refused', status: null }, 'failure'],
    ] as const;
    for (const [outcome, kind] of table) expect(verdictOn({ ...outcome, retryAfter: null }, now).kind).to.equal(kind);
  });

  it('waits for the later of schedule and Retry-After, exhausts after the last delay, and holds what pauses', () => {
    const failure = { kind: 'failure', retryAfterAt: null } as const;
    const at = (number: number, pauses = false) => ({ number, endedAt: now, pauses });
    expect(nextOf(failure, at(1), retryDelaysMs, () => 0)).to.deep.equal({ ended: null, dueAt: now + 10_000 });
    expect(nextOf({ ...failure, retryAfterAt: now + 5_000 }, at(1), retryDelaysMs, () => 0).dueAt).to.equal(
      now + 10_000,
    );
    expect(nextOf({ ...failure, retryAfterAt: now + 50_000 }, at(1), retryDelaysMs, () => 0).dueAt).to.equal(
      now + 50_000,
    );
    expect(nextOf(failure, at(9), retryDelaysMs, () => 0).dueAt).to.equal(now + 64_800_000);
    expect(nextOf(failure, at(10), retryDelaysMs)).to.deep.equal({ ended: 'exhausted', dueAt: null });
    expect(nextOf(failure, at(10, true), retryDelaysMs)).to.deep.equal({ ended: null, dueAt: now });
    expect(nextOf({ ...failure, kind: 'success' }, at(3), retryDelaysMs).ended).to.equal('delivered');
  });
});

describe('the health of an endpoint', () => {
  let step = 0;
  const attempt = (kind: EndedAttempt['kind'], startedStep = (step += 1)): EndedAttempt => ({
    kind,
    startedStep,
    endedStep: (step += 1),
    endedAt: now,
    retryAfterAt: null,
  });
  const fail = (health: EndpointHealth, times: number) => {
    let decision = afterAttempt(health, attempt('failure'), retryDelaysMs, () => 0);
    for (let n = 1; n < times; n += 1)
      decision = afterAttempt(decision.health, attempt('failure'), retryDelaysMs, () => 0);
    return decision;
  };

  it('ends at ten consecutive failures, after warnings at five and eight', () => {
    const table = Array.from({ length: 10 }, (_, index) => {
      const { health, pause, warning } = fail(goodHealth, index + 1);
      return [health.consecutiveFails, warning, pause];
    });
    expect(table).to.deep.equal([
      [1, null, null],
      [2, null, null],
      [3, null, null],
      [4, null, null],
      [5, 5, null],
      [6, null, null],
      [7, null, null],
      [8, 8, null],
      [9, null, null],
      [10, null, 'failures'],
    ]);
  });

  it('is half-open after three failures, with probes spaced as the schedule at its count', () => {
    expect(isHalfOpen(fail(goodHealth, 2).health)).to.equal(false);
    for (let fails = 3; fails <= 9; fails += 1) {
      const { health } = fail(goodHealth, fails);
      expect(isHalfOpen(health)).to.equal(true);
      expect(health.probeAt).to.equal(now + (retryDelaysMs[fails - 1] ?? 0));
    }
  });

  it('counts one failure of a burst: what was in flight when the first of them failed adds nothing', () => {
    const burst = Array.from({ length: 8 }, () => (step += 1));
    let { health } = afterAttempt(goodHealth, attempt('failure', burst[0]), retryDelaysMs);
    for (const started of burst.slice(1))
      ({ health } = afterAttempt(health, attempt('failure', started), retryDelaysMs));
    expect(health.consecutiveFails).to.equal(1);
    expect(fail(health, 1).health.consecutiveFails).to.equal(2);
  });

  it('starts anew with any success, and ends at once with 410 Gone', () => {
    const { health } = afterAttempt(fail(goodHealth, 9).health, attempt('success'), retryDelaysMs);
    expect(health).to.include({ consecutiveFails: 0, halfOpen: false, probeAt: null });
    expect(afterAttempt(health, attempt('gone'), retryDelaysMs).pause).to.equal('gone');
  });

  it('is held back as a whole by Retry-After, also where the failure adds nothing', () => {
    const heldBack = afterAttempt(
      goodHealth,
      { ...attempt('failure'), retryAfterAt: now + 60_000 },
      retryDelaysMs,
    ).health;
    expect(heldBack.notBefore).to.equal(now + 60_000);
    const late = { ...attempt('failure', 0), retryAfterAt: now + 90_000 };
    expect(afterAttempt(heldBack, late, retryDelaysMs).health).to.include({
      notBefore: now + 90_000,
      consecutiveFails: 1,
    });
    expect(afterAttempt(heldBack, attempt('success'), retryDelaysMs).health.notBefore).to.equal(now + 60_000);
  });
});
