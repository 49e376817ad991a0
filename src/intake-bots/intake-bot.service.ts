import { momentAfter, type EventPublisher } from '../events/publish.js';
import type { Actor } from '../platform/actor.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, forReplica, pipelined, prepared } from '../platform/postgres/statement.js';
import { conflict, notFound, planLimitExceeded, validationFailed, type Issue } from '../platform/errors.js';
import { heavyWork } from '../platform/work/heavy-work.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { isSameJson } from '../platform/text/storable-json.js';
import { bytesOf, keptBytesMax } from '../platform/text/kept-json.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { given, readWith, type Unread } from '../platform/validate.js';
import { requireVersion, type ExpectedVersions } from '../platform/version.js';
import { intakeBotsMax, requireStorage } from '../workspaces/plans.js';
import type { SchemaItem } from './bot-schema.js';
import { IntakeBot, type IntakeBotStatus } from './intake-bot.entity.js';
import type { CreateIntakeBot, IntakeBotChanges, IntakeBotFilter } from './intake-bot.input.js';
import { intakeBotVersion, intakeBotView } from './intake-bot.view.js';

export type SharedIntakeBot = IntakeBot & { shareUrl: string };

const submissionCount = 'coalesce(t.submissions, 0) as "submissionCount"';
const counted = `${columnsOf(IntakeBot, 'b')}, ${submissionCount}`;
const smallCounted = `${columnsOf(IntakeBot, 'b', { without: ['schema'] })}, ${submissionCount}`;
const tables = 'intake_bots b left join intake_bot_totals t on t.intake_bot_id = b.id';

const selectMany = (whole: boolean) =>
  forReplica(pipelined<IntakeBot>(`select ${whole ? counted : smallCounted} from ${tables} where ${byIds('b')}`));
const selectOne = pipelined<IntakeBot>(`select ${counted} from ${tables} where b.id = $1 and b.workspace_id = $2`);
const lockOne = prepared<IntakeBot>(
  `select ${counted} from ${tables} where b.id = $1 and b.workspace_id = $2 for no key update of b`,
);
const insertOne = prepared(`
  insert into intake_bots
    (id, workspace_id, name, description, status, schema, schema_version, record_type, created_at, updated_at)
  values ($1, $2, $3, $4, $5, $6, 1, $7, $8, $8)
`);
const updateOne = prepared(`
  update intake_bots
  set name = $2, description = $3, status = $4, schema = $5, schema_version = $6, record_type = $7, updated_at = $8
  where id = $1
`);
const addToTotal = prepared(`
  insert into intake_bot_totals (intake_bot_id, submissions) values ($1, $2)
  on conflict (intake_bot_id) do update set submissions = intake_bot_totals.submissions + excluded.submissions
`);

const lockWorkspace = prepared('select from workspaces where id = $1 for no key update');
const countOfWorkspace = prepared<{ bots: number }>(
  'select count(*)::int as bots from intake_bots where workspace_id = $1',
);

export const storedIntakeBots: StoredRows = {
  table: 'intake_bots',
  bytes: '200 + pg_column_size(t.schema) + coalesce(pg_column_size(t.description), 0)',
  owner: 'workspace_id',
};

const next: Record<IntakeBotStatus, readonly IntakeBotStatus[]> = {
  DRAFT: ['ACTIVE'],
  ACTIVE: ['PAUSED'],
  PAUSED: ['ACTIVE', 'ARCHIVED'],
  ARCHIVED: ['PAUSED'],
};

/** Reads a schema as heavy work: its patterns are compiled to be reviewed, which takes up to 30 ms. */
const inTurn = async <T>({ workspaceId }: Actor, read: () => T): Promise<T> => await heavyWork.run(workspaceId, read);

export class IntakeBotService {
  constructor(
    private readonly database: Database,
    private readonly events: EventPublisher,
    private readonly publicUrl: () => string,
  ) {}

  /** @param whole with `schema`, here and in `getMany` */
  async list(actor: Actor, filter: IntakeBotFilter, page: PageRequest, whole = true): Promise<Page<SharedIntakeBot>> {
    actor.require('read:intake-bots');
    const list = listOf(actor, filter, whole ? counted : smallCounted);
    const { rows, hasMore } = await readPage<IntakeBot>(this.database, list, page);
    return { rows: rows.map((bot) => this.shared(bot)), hasMore };
  }

  async count(actor: Actor, filter: IntakeBotFilter): Promise<number> {
    actor.require('read:intake-bots');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<SharedIntakeBot> {
    actor.require('read:intake-bots');
    return this.shared(await this.find(actor.workspaceId, id));
  }

  async getMany(actor: Actor, ids: readonly string[], whole: boolean): Promise<SharedIntakeBot[]> {
    actor.require('read:intake-bots');
    const bots = await this.database.query(selectMany(whole), [ids, actor.workspaceId]);
    return bots.map((bot) => this.shared(bot));
  }

  /** @throws plan_limit_exceeded at 10,000 bots */
  async create(actor: Actor, read: Unread<typeof CreateIntakeBot>): Promise<SharedIntakeBot> {
    actor.require('write:intake-bots');
    return await this.database.transaction(async (tx) => {
      const input = await inTurn(actor, () => readWith(read, (sent) => schemaIssues(sent.schema, [])));
      const { name, description = null, status, schema, recordType = null } = input;
      await tx.query(lockWorkspace, [actor.workspaceId]);
      const [count] = await tx.query(countOfWorkspace, [actor.workspaceId]);
      const bots = count?.bots ?? 0;
      requireStorage(actor);
      if (bots >= intakeBotsMax) throw planLimitExceeded('intake_bots', bots, intakeBotsMax);
      const { at } = nextMoment();
      const id = newId('intakeBot');
      const values = [id, actor.workspaceId, name, description, status, JSON.stringify(schema), recordType, at];
      await tx.query(insertOne, values);
      return this.shared(await this.find(actor.workspaceId, id, tx));
    }, actor.guard);
  }

  /** A change that changes nothing is not written. A change of status publishes `intake-bot.status-changed`. */
  async update(
    actor: Actor,
    id: string,
    read: () => IntakeBotChanges,
    expected: ExpectedVersions = null,
  ): Promise<SharedIntakeBot> {
    actor.require('write:intake-bots');
    return await this.database.transaction(async (tx) => {
      const known = await this.find(actor.workspaceId, id);
      const changes = await inTurn(actor, () => readWith(read, (sent) => schemaIssues(sent.schema, known.schema)));
      const [before] = await tx.query(lockOne, [id, actor.workspaceId]);
      if (before === undefined) throw notFound('intake_bot');
      requireVersion(expected, intakeBotVersion(before));
      const after = this.changed(before, changes);
      if (isSameJson(after, before)) return this.shared(before);
      // Reviewed again under the lock, as another change may have come between.
      const issues = schemaIssues(after.schema, before.schema);
      if (issues.length > 0) throw validationFailed(issues);
      requireStorage(actor, storedOf(after), storedOf(before));
      const moment = await momentAfter(tx, id, before.updatedAt);
      after.updatedAt = moment.at;
      const { name, description, status, schema, schemaVersion, recordType, updatedAt } = after;
      const values = [id, name, description, status, JSON.stringify(schema), schemaVersion, recordType, updatedAt];
      await tx.query(updateOne, values);
      const bot = this.shared(after);
      if (status !== before.status) {
        this.events.publish(tx, {
          workspaceId: actor.workspaceId,
          type: 'intake-bot.status-changed',
          moment,
          subjectId: id,
          people: [],
          data: { intake_bot: intakeBotView(bot), previous_status: before.status },
        });
      }
      return bot;
    }, actor.guard);
  }

  /** For services that have found the caller entitled to the bot's submissions. */
  async find(workspaceId: string, id: string, tx?: Tx): Promise<IntakeBot> {
    const [bot] = isId(id, 'intakeBot') ? await (tx ?? this.database).query(selectOne, [id, workspaceId]) : [];
    if (bot === undefined) throw notFound('intake_bot');
    return bot;
  }

  addToTotal(tx: Tx, id: string, submissions: number): void {
    tx.increment(addToTotal, [id], submissions);
  }

  private changed(before: IntakeBot, changes: IntakeBotChanges): IntakeBot {
    const { status = before.status } = changes;
    if (status !== before.status && !next[before.status].includes(status)) {
      throw conflict('illegal_status_change', `A bot cannot go from ${before.status} to ${status}.`);
    }
    const after = { ...before, ...given(changes) };
    if (!isSameJson(after.schema, before.schema)) after.schemaVersion += 1;
    return after;
  }

  private shared(bot: IntakeBot): SharedIntakeBot {
    return Object.assign(bot, { shareUrl: `${this.publicUrl()}/f/${bot.id}` });
  }
}

/** What of a bot may grow, and counts towards the workspace's storage. */
const storedOf = ({ name, description, schema, recordType }: IntakeBot) => [name, description, schema, recordType];

/** Only growth beyond the bound is refused. */
function schemaIssues(after: unknown, before: readonly SchemaItem[]): Issue[] {
  if (!Array.isArray(after)) return [];
  const bytes = bytesOf(after);
  if (bytes <= keptBytesMax.object || bytes <= bytesOf(before)) return [];
  const message = `must have at most ${keptBytesMax.object} bytes as JSON; it would have ${bytes}`;
  return [{ path: 'schema', message, code: 'too_long' }];
}

function listOf(actor: Actor, filter: IntakeBotFilter, selected = counted): List {
  const where = new Conditions()
    .within('b.workspace_id = $?', actor.workspaceId)
    .and('b.status = any($?)', filter.status)
    .createdIn('b', filter.createdAt);
  return { from: `${selected} from ${tables}`, id: 'b.id', where, isForReplica: true };
}
