/** One file because every change of a destination goes through one lock, one audit entry and one hand-over to the sender. */
import type { AuditAction } from '../audit/audit-entry.entity.js';
import type { AuditService } from '../audit/audit.service.js';
import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import { fieldsOf } from '../intake-bots/bot-schema.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Actor, Confirm } from '../platform/actor.js';
import { dayMs, now } from '../platform/clock.js';
import { conflict, invalid, notFound, validationFailed, type Issue } from '../platform/errors.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { isUniqueViolation, type Database, type Tx } from '../platform/postgres/database.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { byIds, columnsOf, pipelined, prepared, rowOf } from '../platform/postgres/statement.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { testsOf } from '../platform/postgres/tests-per-minute.js';
import { LookupCache } from '../platform/async/lookup-cache.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { outsideAccounts } from '../platform/work/work-account.js';
import type { Secrets } from '../platform/secrets.js';
import { isSameJson } from '../platform/text/storable-json.js';
import { given, keysOf, readWith, type Unread, type Valid } from '../platform/validate.js';
import { requireFeature, requireStorage } from '../workspaces/plans.js';
import { testConnection } from './connection-test.js';
import {
  isMended,
  pauseBroken,
  pausedByHand,
  pauseOrResumeOfWorkspaces,
  resumedByHand,
} from './destination-pausing.js';
import { ConversionDestination, type ConversionCredential } from './destination.entity.js';
import {
  UpdateConversionDestination,
  type CreateConversionDestination,
  type ResumeConversionDestination,
  type TestConversionDestination,
} from './destination.input.js';
import type { OpenConversions } from './open-conversions.js';
import type { PlatformClient } from './platform-client.js';
import { readAccount, type Account } from './platforms/account.js';
import { lastFourOf, type Credential } from './platforms/credential.js';
import type { Platform, ConversionVerdict, ConversionVerdictKind } from './platforms/platform.js';
import { platformNamed, platforms } from './platforms/platforms.js';
import { destinationChanged } from './topics.js';

const columns = columnsOf(ConversionDestination, 'd');
const selectMany = pipelined<ConversionDestination>(
  `select ${columns} from conversion_destinations d where ${byIds('d')}`,
);
const selectOne = pipelined<ConversionDestination>(`
  select ${columns} from conversion_destinations d where d.id = $1 and d.workspace_id = $2 and d.deleted_at is null
`);
const selectOfBot = pipelined<ConversionDestination>(
  `select ${columns} from conversion_destinations d where d.intake_bot_id = $1 and d.deleted_at is null`,
);
const lockOne = prepared<ConversionDestination>(`
  select ${columns} from conversion_destinations d where d.id = $1 and d.workspace_id = $2 and d.deleted_at is null
  for no key update
`);
const row = rowOf(ConversionDestination);
const insertOne = prepared(`insert into conversion_destinations ${row.inserted}`);
const updateOne = prepared(`update conversion_destinations set ${row.assigned} where id = $1`);
const deleteForgotten = prepared(`
  delete from conversion_destinations d
  where d.deleted_at is not null and not exists (select from conversions c where c.destination_id = d.id)
`);

const countTest = testsOf('conversion_destinations', 'id');

export const storedDestinations: StoredRows = {
  table: 'conversion_destinations',
  bytes:
    '400 + pg_column_size(t.credential) + pg_column_size(t.settings) + pg_column_size(t.mapping) + coalesce(pg_column_size(t.value), 0)',
  owner: 'workspace_id',
};

/** What a test of the connection came to. */
export interface TestedConnection {
  ok: boolean;
  /** Null: nothing was sent. */
  verdict: ConversionVerdictKind | null;
  message: string;
  sent: Readonly<Record<string, unknown>> | null;
}

export class ConversionDestinationService {
  /** What every submission that completes has to know: asked for by one, and kept for all. */
  private readonly ofBots = new LookupCache(async (intakeBotId) => ({
    intakeBotId,
    destinations: await outsideAccounts(async () => await this.database.query(selectOfBot, [intakeBotId])),
  }));

  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
    private readonly audit: AuditService,
    private readonly confirm: Confirm,
    private readonly intakeBots: IntakeBotService,
    private readonly notifications: Notifications,
    private readonly open: OpenConversions,
    private readonly client: PlatformClient,
  ) {
    notifications.on(destinationChanged, (botIds) => {
      this.ofBots.forget(({ intakeBotId }) => botIds.includes(intakeBotId));
    });
    notifications.onReconnect(() => this.ofBots.clear());
  }

  /** The destinations of a bot, or of the whole workspace. */
  async list(actor: Actor, intakeBotId: string | null, page: PageRequest): Promise<Page<ConversionDestination>> {
    actor.requireRole('ADMIN');
    return await readPage<ConversionDestination>(this.database, listOf(actor, intakeBotId), page);
  }

  async count(actor: Actor, intakeBotId: string | null): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor, intakeBotId));
  }

  /** Destinations by their ids; also deleted ones, for as long as their conversions are kept. */
  async getMany(actor: Actor, ids: readonly string[]): Promise<ConversionDestination[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  async get(actor: Actor, id: string): Promise<ConversionDestination> {
    actor.requireRole('ADMIN');
    return await this.find(actor.workspaceId, id);
  }

  /** @throws conflict where the bot has one for the platform */
  async create(
    actor: Actor,
    intakeBotId: string,
    read: Unread<typeof CreateConversionDestination>,
  ): Promise<ConversionDestination> {
    actor.requireRole('ADMIN');
    requireFeature(actor, 'conversions');
    return await this.database.transaction(async (tx) => {
      const bot = await this.intakeBots.find(actor.workspaceId, intakeBotId);
      const input = readWith(read, (sent) => [...accountOfNew(sent).issues, ...settingIssues(bot, sent)]);
      const { platform, account } = accountOfNew(input);
      const issues = testCodeIssues(platform, input);
      if (issues.length > 0) throw validationFailed(issues);
      requireStorage(actor);
      await this.confirm(tx, actor);
      const { eventName, value = null, mapping, defaultCountry = null, consentMode, testCode = null } = input;
      const { at } = nextMoment();
      const id = newId('conversionDestination');
      if (account.credential === null) throw new Error('readAccount demands a credential of a new destination');
      const destination: ConversionDestination = {
        id,
        workspaceId: actor.workspaceId,
        intakeBotId: bot.id,
        platform: platform.name,
        status: 'ACTIVE',
        pauseReason: null,
        settings: account.settings,
        ...this.sealed(id, platform, account.credential, at),
        eventName,
        value,
        mapping: mapping ?? {},
        defaultCountry,
        consentMode,
        testCode,
        lastSentAt: null,
        deletedAt: null,
        createdAt: at,
        updatedAt: at,
      };
      tx.write(insertOne, row.values(destination), (error) =>
        isUniqueViolation(error, 'conversion_destinations_bot') ? isThere(platform) : error,
      );
      this.tell(tx, [destination]);
      await this.audit.record(tx, actor, 'conversion_destination.created', id, {
        intake_bot_id: bot.id,
        platform: platform.name,
        settings: account.settings,
        consent_mode: consentMode,
      });
      return destination;
    }, actor.guard);
  }

  /** A change that changes nothing is not written. One that may have mended a broken destination resumes it. */
  async update(
    actor: Actor,
    id: string,
    read: Unread<typeof UpdateConversionDestination>,
  ): Promise<ConversionDestination> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const known = await this.find(actor.workspaceId, id);
      const bot = await this.intakeBots.find(actor.workspaceId, known.intakeBotId);
      const platform = platformNamed(known.platform);
      const input = readWith(read, (sent) => [
        ...accountOfKnown(platform, sent, known.settings).issues,
        ...testCodeIssues(platform, sent),
        ...settingIssues(bot, sent),
      ]);
      let wasPaused = false;
      const decide = (before: ConversionDestination) => {
        wasPaused = before.status === 'PAUSED';
        return this.changed(platform, before, input);
      };
      const after = await this.change(tx, actor, id, 'conversion_destination.updated', decide, told);
      if (wasPaused && after.status === 'ACTIVE') await this.open.resumeHeld(tx, id, false);
      return after;
    }, actor.guard);
  }

  /** Deletes a destination. What is open ends as skipped; what it was told of stays on record. */
  async remove(actor: Actor, id: string): Promise<{ id: string }> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(async (tx) => {
      const decide = (before: ConversionDestination): ConversionDestination => ({
        ...before,
        sealedCredential: '',
        credentialLastFour: null,
        credentialExpiresAt: null,
        deletedAt: nextMoment(before.updatedAt).at,
      });
      const details = ({ intakeBotId, platform }: ConversionDestination) => ({ intake_bot_id: intakeBotId, platform });
      await this.change(tx, actor, id, 'conversion_destination.deleted', decide, details);
      await this.open.endOpen(tx, id);
      return { id };
    }, actor.guard);
  }

  /** Holds its conversions until somebody resumes it: neither a plan that comes back nor a changed setting does. */
  async pause(actor: Actor, id: string): Promise<ConversionDestination> {
    actor.requireRole('ADMIN');
    return await this.database.transaction(
      async (tx) => await this.change(tx, actor, id, 'conversion_destination.paused', pausedByHand),
      actor.guard,
    );
  }

  /** Sends what is held, the oldest first; or drops it all with `skipHeld`. */
  async resume(
    actor: Actor,
    id: string,
    read: Unread<typeof ResumeConversionDestination>,
  ): Promise<ConversionDestination> {
    actor.requireRole('ADMIN');
    requireFeature(actor, 'conversions');
    return await this.database.transaction(async (tx) => {
      await this.find(actor.workspaceId, id);
      const { skipHeld } = read();
      // Nothing brings back what was dropped, also where it is active already.
      await this.confirm(tx, actor);
      const details = () => (skipHeld ? { skip_held: true } : {});
      const after = await this.change(tx, actor, id, 'conversion_destination.resumed', resumedByHand, details);
      await this.open.resumeHeld(tx, id, skipHeld);
      return after;
    }, actor.guard);
  }

  /**
   * Tells the platform of a synthetic person, also for a paused destination, and says what it answered.
   * @throws rate_limit_exceeded beyond ten in a minute
   */
  async test(actor: Actor, id: string, read: Unread<typeof TestConversionDestination>): Promise<TestedConnection> {
    actor.requireRole('ADMIN');
    requireFeature(actor, 'conversions');
    return await this.database.transaction(async () => {
      const destination = await this.find(actor.workspaceId, id);
      const { test, title } = platformNamed(destination.platform);
      const { acceptRealConversion } = read();
      if (test.endsWith('counts') && !acceptRealConversion) {
        const message = `must be true: ${title} counts what it is sent as a test`;
        throw invalid('acceptRealConversion', 'required', message);
      }
      if (test.startsWith('by_code') && destination.testCode === null) {
        const message = `testCode: give the destination a test code of ${title} first, to be found there as a test.`;
        return { ok: false, verdict: null, message, sent: null };
      }
      await countTest(this.database, id);
      // Nothing brings back what was sent, so a right that has ended counts before, and the entry is there at once.
      await this.database.transaction(async (own) => {
        await this.confirm(own, actor);
        await this.audit.record(own, actor, 'conversion_destination.tested', id, { platform: destination.platform });
      });
      const credential = this.credentialOf(destination);
      const { verdict, sent } = await testConnection(this.client, destination, credential, now());
      const { kind, message } = verdict;
      return { ok: kind === 'DELIVERED' || kind === 'ACCEPTED', verdict: kind, message, sent };
    }, actor.guard);
  }

  /** The destinations of a bot to which its completed submissions go, active or paused; as they were a moment ago. */
  async openFor(intakeBotId: string): Promise<readonly ConversionDestination[]> {
    return (await this.ofBots.get(intakeBotId))?.destinations ?? [];
  }

  /** For whoever sends: it is to be found in no log, no error and no answer. */
  credentialOf({ id, sealedCredential }: ConversionDestination): Credential {
    return JSON.parse(this.secrets.open(sealedCredential, sealedFor(id))) as Credential;
  }

  /** What may be shown of it; null once the destination is deleted. */
  shownCredential(destination: ConversionDestination): ConversionCredential | null {
    const { credentialLastFour: lastFour, credentialSetAt: setAt, credentialExpiresAt: expiresAt } = destination;
    return lastFour === null ? null : { lastFour, setAt, expiresAt };
  }

  /**
   * Pauses a destination that the platform's answer shows to be broken, unless somebody has changed it since it was read.
   * @returns whether this call has paused it
   */
  async pausedBy(
    tx: Tx,
    destination: Pick<ConversionDestination, 'id' | 'updatedAt'>,
    reason: 'AUTH_BROKEN' | 'CONFIG_BROKEN',
    verdict: Pick<ConversionVerdict, 'code' | 'message'>,
  ): Promise<boolean> {
    return await pauseBroken(tx, this.audit, destination, reason, verdict);
  }

  /** Pauses and resumes destinations as these workspaces say, by their plan or that they are archived; null: all. */
  async followWorkspaces(workspaceIds: readonly string[] | null): Promise<void> {
    await this.database.transaction(async (tx) => {
      const { paused, resumed } = await pauseOrResumeOfWorkspaces(tx, this.audit, workspaceIds);
      this.tell(tx, [...paused, ...resumed]);
      for (const { id } of resumed) await this.open.resumeHeld(tx, id, false);
    });
  }

  /** Deletes for good what was deleted and no conversion names any more. */
  async forgetDeleted(): Promise<void> {
    await this.database.query(deleteForgotten);
  }

  /** Every process forgets what it knows of these destinations' bots. */
  private tell(tx: Tx, destinations: readonly Pick<ConversionDestination, 'intakeBotId'>[]): void {
    tx.afterCommit(() => {
      for (const { intakeBotId } of destinations) this.notifications.send(destinationChanged, intakeBotId);
    });
  }

  private async find(workspaceId: string, id: string): Promise<ConversionDestination> {
    const [destination] = isId(id, 'conversionDestination')
      ? await this.database.query(selectOne, [id, workspaceId])
      : [];
    if (destination === undefined) throw notFound('conversion_destination');
    return destination;
  }

  private changed(
    platform: Platform,
    before: ConversionDestination,
    input: Valid<typeof UpdateConversionDestination>,
  ): ConversionDestination {
    const { account } = accountOfKnown(platform, input, before.settings);
    const { eventName, value, mapping, defaultCountry, consentMode, testCode } = input;
    const after: ConversionDestination = {
      ...before,
      ...given({ eventName, value, defaultCountry, consentMode, testCode }),
      ...(mapping !== undefined && { mapping: mapping ?? {} }),
      ...(!isSameJson(account.settings, before.settings) && { settings: account.settings }),
    };
    if (account.credential !== null) {
      Object.assign(after, this.sealed(before.id, platform, account.credential, nextMoment(before.updatedAt).at));
    }
    if (isSameJson(after, before)) return before;
    return isMended(before, after) ? { ...after, status: 'ACTIVE', pauseReason: null } : after;
  }

  private async change(
    tx: Tx,
    actor: Actor,
    id: string,
    action: AuditAction,
    decide: (before: ConversionDestination) => ConversionDestination,
    details: (after: ConversionDestination, before: ConversionDestination) => Record<string, unknown> = () => ({}),
  ): Promise<ConversionDestination> {
    const [before] = isId(id, 'conversionDestination') ? await tx.query(lockOne, [id, actor.workspaceId]) : [];
    if (before === undefined) throw notFound('conversion_destination');
    const after = decide(before);
    if (after === before) return before;
    await this.confirm(tx, actor);
    after.updatedAt = nextMoment(before.updatedAt).at;
    tx.write(updateOne, row.values(after));
    this.tell(tx, [after]);
    await this.audit.record(tx, actor, action, id, details(after, before));
    return after;
  }

  private sealed(id: string, platform: Platform, credential: Credential, at: Date) {
    const { credentialDays } = platform;
    return {
      sealedCredential: this.secrets.seal(JSON.stringify(credential), sealedFor(id)),
      credentialLastFour: lastFourOf(credential),
      credentialSetAt: at,
      credentialExpiresAt: credentialDays === null ? null : new Date(at.getTime() + credentialDays * dayMs),
      expiryToldDays: null,
    };
  }
}

const sealedFor = (id: string) => `conversion_destination:${id}`;

const isThere = ({ title }: Platform) =>
  conflict('destination_exists', `The bot has a destination for ${title} already: change that one.`);

function listOf(actor: Actor, intakeBotId: string | null): List {
  const where = new Conditions()
    .within('d.workspace_id = $?', actor.workspaceId)
    .within('d.intake_bot_id = $?', intakeBotId)
    .always('d.deleted_at is null');
  return { from: `${columns} from conversion_destinations d`, id: 'd.id', where };
}

type Sent = Readonly<Record<string, unknown>>;
type Sorted = { platform: Platform; account: Account; issues: readonly Issue[] };

const named = (sent: Sent) => platforms.filter(({ name }) => sent[name] !== undefined && sent[name] !== null);

/** Of the accounts that were sent of a new destination exactly one. */
function accountOfNew(sent: Sent): Sorted {
  const [platform, ...others] = named(sent);
  if (platform === undefined) {
    const message = `needs the account of one platform: ${platforms.map(({ name }) => name).join(', ')}`;
    // Nothing goes on without one: the issue is thrown before the platform is looked at.
    return { platform: platforms[0] as Platform, account: none, issues: [{ path: '', code: 'required', message }] };
  }
  return sorted(platform, others, sent, null);
}

/** Of the accounts that were sent at most the destination's own. */
function accountOfKnown(platform: Platform, sent: Sent, before: Readonly<Record<string, string>>): Sorted {
  const others = named(sent).filter((other) => other !== platform);
  return sorted(platform, others, sent, before);
}

const none: Account = { settings: {}, credential: null };

function sorted(platform: Platform, others: readonly Platform[], sent: Sent, before: Account['settings'] | null) {
  const { issues, ...account } = readAccount(platform, (sent[platform.name] ?? {}) as Sent, before);
  const message = `must not be given for a destination of ${platform.title}`;
  const refused = others.map(({ name }): Issue => ({ path: name, code: 'not_allowed', message }));
  return { platform, account, issues: [...issues, ...refused] };
}

/** Fields of the bot that are named have to be there; later ones that go are left out of what is sent. */
function settingIssues(bot: IntakeBot, sent: Sent): Issue[] {
  const fields = new Map(fieldsOf(bot.schema).map((field) => [field.name, field]));
  const issues: Issue[] = [];
  for (const [name, field] of Object.entries(sent['mapping'] ?? {})) {
    if (typeof field === 'string' && !fields.has(field))
      issues.push({
        path: `mapping.${name}`,
        code: 'not_an_option',
        message: 'must be the name of a field of the bot',
      });
  }
  const { field } = (sent['value'] ?? {}) as { field?: unknown };
  if (typeof field === 'string' && fields.get(field)?.type !== 'number')
    issues.push({
      path: 'value.field',
      code: 'not_an_option',
      message: 'must be the name of a number field of the bot',
    });
  return issues;
}

function testCodeIssues({ test, title }: Platform, { testCode }: Sent): Issue[] {
  if (testCode === undefined || testCode === null || test.startsWith('by_code')) return [];
  return [{ path: 'testCode', code: 'not_allowed', message: `must not be given: ${title} has no test codes` }];
}

/** What an update may change, by its column. Of an account, whatever its platform, that is two. */
const settings = [
  'settings',
  'sealedCredential',
  ...keysOf(UpdateConversionDestination).filter((name) => platforms.every((platform) => platform.name !== name)),
] as const;

/** The details of a change for the audit log: what changed, and of consent and the account how they are now. */
function told(after: ConversionDestination, before: ConversionDestination): Record<string, unknown> {
  const changed = settings.filter((name) => !isSameJson(before[name], after[name]));
  return {
    changes: changed.map((name) => (name === 'sealedCredential' ? 'credential' : name)),
    ...(changed.includes('settings') && { settings: after.settings }),
    ...(changed.includes('consentMode') && { consent_mode: after.consentMode, was: before.consentMode }),
    ...(after.status !== before.status && { status: after.status }),
  };
}
