/** One file because an attempt is one path, read from top to bottom: prepare → send → decide → record. */
import type { Log } from '../platform/log.js';
import { errorFields } from '../platform/log.js';
import { dayMs } from '../platform/clock.js';
import { namesErased } from '../events/event-erasure.service.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { columnsOf, partsOf, prepared } from '../platform/postgres/statement.js';
import { Places } from '../platform/async/places.js';
import type { Secrets } from '../platform/secrets.js';
import type { AttributionConsent } from '../submissions/attribution.view.js';
import { Conversion, type ConversionAttempt, type ConversionStatus } from './conversion.entity.js';
import { decide, isOver, type ConversionDecision } from './decision.js';
import { ConversionDestination } from './destination.entity.js';
import type { ConversionDestinationService } from './destination.service.js';
import type { ConversionMetrics } from './metrics.js';
import type { OpenConversions } from './open-conversions.js';
import { targetOf, type PlatformClient } from './platform-client.js';
import { platformNamed } from './platforms/platforms.js';
import type { Credential } from './platforms/credential.js';
import type { ConversionSkipReason, ConversionVerdict, Platform, PlatformRequest } from './platforms/platform.js';
import { eventOf, readSnapshot } from './snapshot.js';

/** In flight to one destination, over all processes: pg-boss sees to that, and each process once more to its own. */
export const inFlightMax = 4;
const attemptsKept = 100;
/** A job may come so much too early, as PostgreSQL's clock differs from this process's. */
const earlyMs = 1_000;
/** What a try takes beside its requests, and then some: whoever takes longer is taken for dead. */
const storeMsMax = 5_000;

// In the same statement what has to be read anew before each try: the destination, and what the person consents to now.
const take = prepared<Record<string, unknown>>(`
  with taken as (
    update conversions set status = case when status = 'ACCEPTED' then status else 'SENDING' end,
      next_attempt_at = $3, updated_at = $2
    where id = $1 and status in ('PENDING', 'SENDING', 'ACCEPTED') and next_attempt_at <= $4
    returning *
  )
  select ${columnsOf(Conversion, 'c')}, ${columnsOf(ConversionDestination, 'd', { under: 'destination' })},
    s.id is not null and not ${namesErased('array[s.contact_id]')} as "submission.isThere", s.attribution->'consent' as "submission.consent"
  from taken c join conversion_destinations d on d.id = c.destination_id
  left join submissions s on s.id = c.submission_id
`);
// Only for whoever took it last, and not if it was ended meanwhile.
const store = prepared(`
  update conversions set status = $3, verdict = $4, reason = $5, attempts = $6, dropped = $7, next_attempt_at = $8,
    reference = $9, accepted_at = $10, updated_at = $11, ended_at = $12,
    snapshot = case when $13 then null else snapshot end
  where id = $1 and next_attempt_at = $2 and status in ('SENDING', 'ACCEPTED')
`);
const lockDestination = prepared<{ status: string }>(
  'select status from conversion_destinations where id = $1 for no key update',
);
// Where another conversion says so at the same time, or an owner changes the destination, that is enough.
const storeLastSent = prepared(`
  update conversion_destinations set last_sent_at = $2 where id = (
    select id from conversion_destinations where id = $1 for no key update skip locked
  )
`);

export interface SenderParts {
  database: Database;
  secrets: Secrets;
  destinations: Pick<ConversionDestinationService, 'credentialOf' | 'pausedBy'>;
  open: OpenConversions;
  client: PlatformClient;
  metrics: ConversionMetrics;
  log: Log;
  /** Unix milliseconds. */
  now: () => number;
  random?: () => number;
}

/** A conversion that was taken to be sent, or to be asked after, with what stands beside it now. */
interface Taken {
  readonly conversion: Conversion;
  readonly destination: ConversionDestination;
  readonly platform: Platform;
  /** One that is being erased is not there. */
  readonly submission: { readonly isThere: boolean; readonly consent: AttributionConsent | null };
}

/** What is to be done about a conversion. */
type Prepared =
  | {
      readonly to: 'send';
      readonly request: PlatformRequest;
      readonly credential: Credential;
      readonly dropped: readonly string[];
      readonly isTest: boolean;
    }
  | { readonly to: 'ask'; readonly request: PlatformRequest; readonly credential: Credential }
  | { readonly to: 'hold' }
  | { readonly to: 'end'; readonly status: 'SKIPPED' | 'EXPIRED'; readonly reason: ConversionSkipReason | null };

type Sending = Extract<Prepared, { to: 'send' | 'ask' }>;

interface Answered {
  readonly verdict: ConversionVerdict;
  readonly attempt: ConversionAttempt;
}

/** Tells platforms of conversions, and asks after those that they took. */
export class ConversionSender {
  private readonly places = new Places(inFlightMax);

  constructor(private readonly parts: SenderParts) {}

  /** One try of a conversion, from its row to its row. It does nothing where nothing is due, as for a job that comes twice. */
  async try(id: string, destinationId: string): Promise<void> {
    await this.places.run(destinationId, async () => {
      const taken = await this.take(id);
      if (taken === null) return;
      const prepared = this.prepare(taken);
      if (prepared === null) return await this.record(taken, null, unprepared(taken, this.parts.now()));
      if (prepared.to === 'hold') return await this.hold(taken);
      if (prepared.to === 'end') return await this.end(taken, prepared.status, prepared.reason);
      await this.record(taken, prepared, await this.send(taken, prepared));
    });
  }

  private async take(id: string): Promise<Taken | null> {
    const { database, client, now } = this.parts;
    const takenMs = client.sendMsMax + storeMsMax;
    const at = now();
    const values = [id, new Date(at), new Date(at + takenMs), new Date(at + earlyMs)];
    const [row] = await database.query(take, values);
    if (row === undefined) return null;
    const { rest, destination, submission } = partsOf(row, 'destination', 'submission');
    const conversion = rest as Conversion;
    return {
      conversion,
      destination: destination as ConversionDestination,
      platform: platformNamed(conversion.platform),
      submission: submission as Taken['submission'],
    };
  }

  /** Null where we could not: that costs a try, so that the conversion is neither lost nor tried without end. */
  private prepare(taken: Taken): Prepared | null {
    try {
      return this.prepared(taken);
    } catch (error) {
      const { id: conversion } = taken.conversion;
      this.parts.log.error({ error: errorFields(error), conversion }, 'a conversion could not be prepared');
      return null;
    }
  }

  private prepared({ conversion, destination, platform, submission }: Taken): Prepared {
    if (destination.deletedAt !== null) return skip('destination_deleted');
    if (destination.status === 'PAUSED') return { to: 'hold' };
    const { reference } = conversion;
    const credential = this.parts.destinations.credentialOf(destination);
    if (reference !== null && platform.later !== undefined) {
      return { to: 'ask', request: platform.later.ask(reference), credential };
    }
    if (!submission.isThere || conversion.snapshot === null) return skip('erased');
    const snapshot = readSnapshot(this.parts.secrets.open(conversion.snapshot, `conversion:${conversion.id}`));
    const event = eventOf(conversion, snapshot, submission.consent);
    if (event.adUserData === 'denied' || (destination.consentMode === 'REQUIRED' && event.adUserData !== 'granted')) {
      return skip('no_consent');
    }
    const now = this.parts.now();
    const ageMs = now - conversion.occurredAt.getTime();
    if (conversion.attempts.length === 0 && ageMs > platform.ageDaysMax * dayMs) return skip('too_old');
    if (conversion.attempts.length > 0 && now > conversion.retryUntil.getTime()) {
      return { to: 'end', status: 'EXPIRED', reason: null };
    }
    const target = targetOf(destination, platform, snapshot.isTest);
    if (snapshot.isTest && target.testCode === null && !target.validateOnly) return skip('test_submission');
    const built = platform.build(event, target, this.parts.client.versionOf(platform));
    if (!built.ok) return skip(built.reason);
    return { to: 'send', request: built.request, credential, dropped: built.dropped, isTest: snapshot.isTest };
  }

  private async send({ destination, platform }: Taken, { to, request, credential }: Sending): Promise<Answered> {
    const { client, now } = this.parts;
    const at = now();
    const { classify } = to === 'ask' ? (platform.later ?? platform) : platform;
    const { workspaceId, id: destinationId } = destination;
    const party = { workspaceId, destinationId, credential };
    const answered = await client.send(platform, request, party, classify);
    const { verdict, status, isSent } = answered;
    const { code, message, traceId } = verdict;
    // Without a token nothing was asked: that says nothing of what the platform took, which is never sent again.
    const isUnasked = to === 'ask' && !isSent && verdict.kind === 'RETRY';
    const meant = isUnasked ? ({ ...verdict, kind: 'ACCEPTED' } as const) : verdict;
    return {
      verdict: meant,
      attempt: { at: new Date(at).toISOString(), status, code, message, traceId, ms: now() - at },
    };
  }

  private async record(taken: Taken, sent: Sending | null, { verdict, attempt }: Answered): Promise<void> {
    const { conversion, destination, platform } = taken;
    const { database, destinations, metrics, log, random } = this.parts;
    const attempts = [...conversion.attempts, attempt].slice(-attemptsKept);
    const tried = {
      retryUntil: conversion.retryUntil.getTime(),
      attempts: attempts.length,
      reference: conversion.reference,
      acceptedAt: conversion.acceptedAt?.getTime() ?? null,
      validateOnly: sent?.to === 'send' && sent.isTest && platform.test === 'validates',
    };
    const decision = decide(verdict, tried, this.parts.now(), random);
    const dropped = sent?.to === 'send' ? [...new Set([...conversion.dropped, ...sent.dropped])] : conversion.dropped;
    const result = { verdict: verdict.kind, attempts, dropped };
    await database.transaction(async (tx) => {
      const { pauses } = decision;
      if (pauses === null) return await this.store(tx, taken, decision, result);
      // With the destination locked, a resume either finds this conversion held, or came before.
      const [locked] = await tx.query(lockDestination, [destination.id]);
      const isPaused = (await destinations.pausedBy(tx, destination, pauses, verdict)) || locked?.status === 'PAUSED';
      // Whoever has changed it meanwhile may have mended it: what was refused is sent by what it is now.
      await this.store(tx, taken, isPaused ? decision : dueNow(decision, this.parts.now()), result);
    });
    metrics.tried(platform.name, verdict.kind);
    const { status, code, ms } = attempt;
    const facts = { conversion: conversion.id, destination: destination.id, platform: platform.name };
    log.info({ ...facts, asked: sent?.to === 'ask', verdict: verdict.kind, status, code, totalMs: ms }, 'conversion');
  }

  private async end(taken: Taken, status: ConversionStatus, reason: ConversionSkipReason | null): Promise<void> {
    const { verdict, attempts, dropped, reference, acceptedAt } = taken.conversion;
    const kept = { reference, acceptedAt: acceptedAt?.getTime() ?? null };
    const decision = { status, reason, nextAttemptAt: null, pauses: null, ...kept };
    await this.parts.database.transaction(async (tx) =>
      this.store(tx, taken, decision, { verdict, attempts, dropped }),
    );
    this.parts.metrics.tried(taken.platform.name, status);
  }

  private async hold(taken: Taken): Promise<void> {
    const { verdict, attempts, dropped, reference, acceptedAt } = taken.conversion;
    const { database, open, now } = this.parts;
    await database.transaction(async (tx) => {
      if (await open.hold(tx, taken.conversion)) return;
      const kept = { reference, acceptedAt: acceptedAt?.getTime() ?? null };
      const held = { status: 'HELD', reason: null, nextAttemptAt: null, pauses: null, ...kept } as const;
      await this.store(tx, taken, dueNow(held, now()), { verdict, attempts, dropped });
    });
  }

  /** The row, and the job for what is due next, in one commit: a conversion is neither lost nor left without its job. */
  private async store(
    tx: Tx,
    { conversion, destination }: Taken,
    decision: ConversionDecision,
    { verdict, attempts, dropped }: Pick<Conversion, 'verdict' | 'attempts' | 'dropped'>,
  ): Promise<void> {
    const { open, now } = this.parts;
    const { status, reason, reference } = decision;
    const at = new Date(now());
    const dateOf = (ms: number | null) => (ms === null ? null : new Date(ms));
    const next = dateOf(decision.nextAttemptAt);
    const endedAt = isOver(status) || status === 'REJECTED' ? at : null;
    tx.write(store, [
      conversion.id,
      conversion.nextAttemptAt,
      status,
      verdict,
      reason,
      JSON.stringify(attempts),
      dropped,
      next,
      reference,
      dateOf(decision.acceptedAt),
      at,
      endedAt,
      isOver(status),
    ]);
    if (next !== null) await open.enqueue(tx, conversion, next);
    if (status === 'DELIVERED' || status === 'ACCEPTED') tx.write(storeLastSent, [destination.id, at]);
    open.changed(tx, [conversion]);
  }
}

const skip = (reason: ConversionSkipReason): Prepared => ({ to: 'end', status: 'SKIPPED', reason });

/** What was to be held is due at once: sent again, or asked after where the platform has it. */
const dueNow = (decision: ConversionDecision, now: number): ConversionDecision => ({
  ...decision,
  status: decision.reference === null ? 'PENDING' : 'ACCEPTED',
  nextAttemptAt: now,
  pauses: null,
});

function unprepared({ conversion: { reference } }: Taken, now: number): Answered {
  const said = { code: 'not_prepared', message: 'The conversion could not be prepared.', traceId: null };
  return {
    verdict: { kind: reference === null ? 'RETRY' : 'ACCEPTED', ...said },
    attempt: { at: new Date(now).toISOString(), status: null, ...said, ms: 0 },
  };
}
