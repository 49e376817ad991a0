import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import { dayMs, now as timeNow } from '../platform/clock.js';
import { newId } from '../platform/id.js';
import type { Tx } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import type { Secrets } from '../platform/secrets.js';
import type { Attribution, PersonOrigin } from '../submissions/attribution.view.js';
import type { Submission } from '../submissions/submission.entity.js';
import type { Completion, SubmissionFollower } from '../submissions/submission.service.js';
import { retryUntilOf } from './decision.js';
import type { ConversionDestination } from './destination.entity.js';
import type { ConversionDestinationService } from './destination.service.js';
import type { NewConversion, OpenConversions } from './open-conversions.js';
import { personOf } from './person.js';
import { clickIds, type ConversionSkipReason } from './platforms/platform.js';
import { platformNamed } from './platforms/platforms.js';
import { eachOf, snapshotText, type Snapshot } from './snapshot.js';
import { worthOf } from './currency.js';

/** For so long the ip and the user agent of a draft's person are kept. */
export const originKeptMs = dayMs;

const selectOrigin = prepared<{ sealed: string }>(
  'select sealed from conversion_origins where submission_id = $1 and created_at > $2',
);
const keepOrigin = prepared(`
  insert into conversion_origins (submission_id, workspace_id, sealed, created_at) values ($1, $2, $3, $4)
  on conflict (submission_id) do update set sealed = excluded.sealed, created_at = excluded.created_at
`);
const forgetOrigin = prepared('delete from conversion_origins where submission_id = $1');

const sealedFor = (conversionId: string) => `conversion:${conversionId}`;
const originOf = (submissionId: string) => `conversion_origin:${submissionId}`;

/** Makes the conversions of submissions that complete, in the commit that completes them. */
export class Completions implements SubmissionFollower {
  constructor(
    private readonly destinations: Pick<ConversionDestinationService, 'openFor'>,
    private readonly open: OpenConversions,
    private readonly secrets: Secrets,
    private readonly now: () => Date = timeNow,
  ) {}

  async completed(tx: Tx, completion: Completion): Promise<void> {
    const { submission, bot, attribution, origin } = completion;
    const destinations = await this.destinations.openFor(bot.id);
    // A draft may have been made by a clock that was ahead.
    const wasDraft = submission.updatedAt.getTime() !== submission.createdAt.getTime();
    const known = wasDraft ? await this.takeOrigin(tx, submission, origin) : origin;
    if (destinations.length === 0) return;
    const conversions = destinations.map((destination) =>
      this.conversion(destination, submission, bot, attribution, known),
    );
    this.open.add(tx, conversions);
  }

  async drafted(tx: Tx, submission: Submission, origin: PersonOrigin): Promise<void> {
    if ((await this.destinations.openFor(submission.intakeBotId)).length === 0) return;
    const { id, workspaceId } = submission;
    const merged = await this.withKept(tx, id, origin);
    tx.write(keepOrigin, [id, workspaceId, this.secrets.seal(JSON.stringify(merged), originOf(id)), this.now()]);
  }

  async ended(tx: Tx, submissionIds: readonly string[]): Promise<void> {
    await this.open.endOf(tx, submissionIds);
  }

  private async takeOrigin(tx: Tx, { id }: Submission, origin: PersonOrigin | null): Promise<PersonOrigin> {
    const known = await this.withKept(tx, id, origin);
    tx.write(forgetOrigin, [id]);
    return known;
  }

  /** What came now, and where that says nothing, what came with the draft. */
  private async withKept(tx: Tx, id: string, origin: PersonOrigin | null): Promise<PersonOrigin> {
    const [row] = await tx.query(selectOrigin, [id, new Date(this.now().getTime() - originKeptMs)]);
    const kept = row === undefined ? null : (JSON.parse(this.secrets.open(row.sealed, originOf(id))) as PersonOrigin);
    return { ip: origin?.ip ?? kept?.ip ?? null, userAgent: origin?.userAgent ?? kept?.userAgent ?? null };
  }

  private conversion(
    destination: ConversionDestination,
    submission: Submission,
    bot: IntakeBot,
    attribution: Attribution | null,
    origin: PersonOrigin | null,
  ): NewConversion {
    const id = newId('conversion');
    const { eventName, platform } = destination;
    const occurredAt = submission.updatedAt;
    const facts = {
      id,
      workspaceId: submission.workspaceId,
      destinationId: destination.id,
      intakeBotId: bot.id,
      submissionId: submission.id,
      platform,
      eventId: `${submission.id}:${eventName}`,
      eventName,
      occurredAt,
      retryUntil: retryUntilOf(occurredAt, platformNamed(platform).ageDaysMax),
    };
    const reason = skipped(destination, submission, attribution);
    if (reason !== null) {
      const nothing = { snapshot: null, dropped: [], nextAttemptAt: null };
      return { ...facts, ...nothing, status: 'SKIPPED', reason, endedAt: occurredAt };
    }
    const { snapshot, dropped } = snapshotOf(destination, submission, bot, attribution, origin);
    const sealed = this.secrets.seal(snapshotText(snapshot), sealedFor(id));
    const due = { status: 'PENDING', reason: null, nextAttemptAt: occurredAt, endedAt: null } as const;
    return { ...facts, ...due, snapshot: sealed, dropped };
  }
}

/** Why nothing is sent; a destination that is paused by hand, or because it is broken, holds what it would be told. */
function skipped(
  { pauseReason, consentMode, testCode, platform }: ConversionDestination,
  { isTest }: Submission,
  attribution: Attribution | null,
): ConversionSkipReason | null {
  if (pauseReason === 'PLAN') return 'plan';
  const consent = attribution?.consent?.adUserData ?? null;
  if (consent === 'denied' || (consentMode === 'REQUIRED' && consent !== 'granted')) return 'no_consent';
  if (!isTest) return null;
  const { test } = platformNamed(platform);
  return test === 'validates' || (test.startsWith('by_code') && testCode !== null) ? null : 'test_submission';
}

function snapshotOf(
  { mapping, defaultCountry, value }: ConversionDestination,
  submission: Submission,
  bot: IntakeBot,
  attribution: Attribution | null,
  origin: PersonOrigin | null,
): { snapshot: Snapshot; dropped: string[] } {
  const { data, contactId, createdAt, isTest } = submission;
  const { person, dropped } = personOf({ schema: bot.schema, answers: data, contactId, mapping, defaultCountry });
  const worth = worthOf(value, data);
  const { landingPage = null, referrer = null, firstSeenAt, consent = null } = attribution ?? {};
  const snapshot: Snapshot = {
    person,
    clickIds: eachOf(clickIds, attribution),
    firstSeenAt: firstSeenAt === undefined ? createdAt : new Date(firstSeenAt),
    page: landingPage,
    referrer,
    ip: origin?.ip ?? null,
    userAgent: origin?.userAgent ?? null,
    value: worth,
    adUserData: consent?.adUserData ?? null,
    adPersonalization: consent?.adPersonalization ?? null,
    limitedUse: consent?.limitedUse ?? false,
    isTest,
  };
  const gone = value?.field !== null && value !== null && worth === null ? ['value'] : [];
  return { snapshot, dropped: [...dropped, ...gone] };
}
