/**
 * One file because every change of a submission settles the same four things in one transaction: its answers, its
 * contact, its record and the counters.
 */
import type { AuditService } from '../audit/audit.service.js';
import type { ContactService } from '../contacts/contact.service.js';
import type { EventErasureService } from '../events/event-erasure.service.js';
import { momentAfter, type EventPublisher, type NewEvent } from '../events/publish.js';
import { fieldsOf } from '../intake-bots/bot-schema.js';
import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Actor, Confirm } from '../platform/actor.js';
import { isForeignKeyViolation, TryAgain, type Database, type Tx } from '../platform/postgres/database.js';
import { byIds, forReplica, isOf, pipelined, prepared } from '../platform/postgres/statement.js';
import { invalid, notFound, planLimitExceeded, validationFailed, type Issue } from '../platform/errors.js';
import { now } from '../platform/clock.js';
import { isId, newId, nextMoment } from '../platform/id.js';
import { bytesOf, keptBytesMax } from '../platform/text/kept-json.js';
import { countRows, countRowsOfEach, readPage, readPages, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { isSameJson } from '../platform/text/storable-json.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { readWith, type Unread, type Valid } from '../platform/validate.js';
import { requireVersion, type ExpectedVersions } from '../platform/version.js';
import type { RecordService } from '../records/record.service.js';
import { requireStorage } from '../workspaces/plans.js';
import type { WorkspaceService } from '../workspaces/workspace.service.js';
import { changedFields, checkAnswers, type Answers } from './answers.js';
import { answersIssues, changed, countFiles, refusals } from './submission-change.js';
import { attributionAfter, type GivenAttribution } from './attribution.js';
import type { Attribution, PersonOrigin } from './attribution.view.js';
import { Message, Submission, type SubmissionWithMessages } from './submission.entity.js';
import type { AddSubmissionMessage, CreateSubmission, UpdateSubmission } from './submission.input.js';
import {
  columns,
  columnsFor,
  isShown,
  listOf,
  listUnder,
  messageColumnsFor,
  messagesUnder,
  type ListedSubmission,
  type Parent,
  type SubmissionFilter,
  type Wide,
} from './submission-lists.js';
import { SubmissionEraser } from './submission-eraser.js';
import { submissionEventView, submissionVersion } from './submission.view.js';

/** The most addresses kept of a submission without a contact, of all that its answers have ever named. */
const addressesMax = 20;

const selectOne = pipelined<Submission>(
  `select ${columns} from submissions s where s.id = $1 and s.workspace_id = $2 and ${isShown}`,
);
const selectWithMessages = forReplica(
  pipelined<SubmissionWithMessages>(`
  select ${columns}, coalesce((
    select json_agg(json_build_object('id', m.id, 'role', m.role, 'content', m.content, 'createdAt', m.created_at)
      order by m.id)
    from submission_messages m where m.submission_id = s.id
  ), '[]') as "messages"
  from submissions s
  where s.id = $1 and s.workspace_id = $2 and s.intake_bot_id = coalesce($3, s.intake_bot_id) and ${isShown}
`),
);
const selectMany = (wide: Wide) =>
  forReplica(
    pipelined<Submission>(`
    select ${columnsFor(wide)} from submissions s where ${byIds('s')} and ${isShown}
  `),
  );
const lockOne = prepared<Submission & { addresses: string[] | null }>(`
  select ${columns}, s.addresses from submissions s
  where s.id = $1 and s.workspace_id = $2 and ${isShown} for no key update
`);
const insertOne = prepared(`
  insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
    schema_version, created_at, updated_at, addresses, attribution)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)
`);
const updateOne = prepared(`
  update submissions
  set data = $2, status = $3, contact_id = $4, file_count = $5, schema_version = $6, updated_at = $7, addresses = $8,
    attribution = $9
  where id = $1
`);
const updateAttribution = prepared('update submissions set attribution = $2 where id = $1');
const deleteOne = prepared('delete from submissions where id = $1');
const selectMessages = prepared<Message>(`
  select ${messageColumnsFor(true)} from submission_messages m where m.submission_id = any($1) order by m.id
`);
const selectMessagesByIds = (whole: boolean) =>
  forReplica(
    pipelined<Message>(`
    select ${messageColumnsFor(whole)} from submission_messages m join submissions s on s.id = m.submission_id
    where m.id = any($1) and ${isOf('s')} and ${isShown}
  `),
  );
const measureMessages = prepared<{ messages: number; bytes: string }>(`
  select count(*)::int as messages, coalesce(sum(octet_length(to_json(content)::text)), 0) as bytes
  from submission_messages where submission_id = $1
`);
const insertMessage = prepared(
  'insert into submission_messages (id, submission_id, role, content, created_at) values ($1, $2, $3, $4, $5)',
);

const moveToContact = prepared<{ id: string }>(
  'update submissions set contact_id = $2, attribution = null where contact_id = $1 returning id',
);

export const storedSubmissions: StoredRows = {
  table: 'submissions',
  bytes:
    '200 + pg_column_size(t.data) + coalesce(pg_column_size(t.ai_summary), 0) + coalesce(pg_column_size(t.attribution), 0)',
  owner: 'workspace_id',
};

export const storedMessages: StoredRows = {
  table: 'submission_messages',
  bytes: '100 + pg_column_size(t.content)',
  owner: 'submission_id',
  through: { table: 'submissions', owner: 'workspace_id' },
};

/** Messages of one submission: reading one over REST answers with all of them. */
const messagesMax = 500;
const messageBytesMax = 4 * 1_048_576;

/** A submission that completes: it was created so, or a draft was completed. */
export interface Completion {
  submission: Submission;
  bot: IntakeBot;
  /** With what the bot's hidden fields say; null where nothing is known. */
  attribution: Attribution | null;
  /** As it came with this request; what came with the draft was told by `drafted`. */
  origin: PersonOrigin | null;
}

/** A later room that does something about submissions, in the transaction that changes them. */
export interface SubmissionFollower {
  completed?(tx: Tx, completion: Completion): void | Promise<void>;
  /** A draft came with the person's ip or user agent: kept by the follower or by nobody. */
  drafted?(tx: Tx, submission: Submission, origin: PersonOrigin): void | Promise<void>;
  /**
   * These are deleted, erased or past their retention, or their contact was merged away: nothing more of them may be sent
   * to anybody.
   */
  ended?(tx: Tx, submissionIds: readonly string[]): void | Promise<void>;
}

export class SubmissionService {
  private readonly followers: SubmissionFollower[] = [];

  constructor(
    private readonly database: Database,
    private readonly workspaces: WorkspaceService,
    private readonly events: EventPublisher,
    private readonly contacts: ContactService,
    private readonly records: RecordService,
    private readonly intakeBots: IntakeBotService,
    private readonly audit: AuditService,
    private readonly eventErasure: EventErasureService,
    private readonly confirm: Confirm,
  ) {
    const eraser = new SubmissionEraser(records, intakeBots, eventErasure);
    contacts.follow({
      merge: async (tx, fromId, intoId) => await this.ended(tx, await tx.query(moveToContact, [fromId, intoId])),
      erase: async (tx, person, limit) => await eraser.erase(tx, person, limit, async (rows) => this.ended(tx, rows)),
    });
  }

  follow(follower: SubmissionFollower): void {
    this.followers.push(follower);
  }

  /** Tells the followers of submissions that end; whoever deletes, erases or merges some has to call it. */
  async ended(tx: Tx, submissions: readonly { id: string }[]): Promise<void> {
    if (submissions.length === 0) return;
    const ids = submissions.map(({ id }) => id);
    for (const follower of this.followers) await follower.ended?.(tx, ids);
  }

  async list(actor: Actor, filter: SubmissionFilter, page: PageRequest): Promise<Page<ListedSubmission>> {
    actor.require('read:submissions');
    return await readPage<ListedSubmission>(this.database, listOf(actor, filter), page);
  }

  /** A page of a bot's submissions, and the schema that they answer. */
  async listOf(actor: Actor, intakeBotId: string, page: () => PageRequest) {
    actor.require('read:submissions');
    const bot = await this.intakeBots.find(actor.workspaceId, intakeBotId);
    return { ...(await this.list(actor, { intakeBotId: bot.id }, page())), schema: bot.schema };
  }

  /**
   * A page of the submissions of one bot, which must be there, or of all bots.
   * @param wide with these columns, which may be large (messages: `whole`, with `content`), here and below
   */
  async search(actor: Actor, intakeBotId: string | null, filter: SubmissionFilter, page: PageRequest, wide: Wide) {
    actor.require('read:submissions');
    const list = listOf(actor, { ...filter, intakeBotId }, columnsFor(wide));
    const found = await readPage<Submission>(this.database, list, page);
    if (found.rows.length === 0 && intakeBotId !== null) await this.intakeBots.find(actor.workspaceId, intakeBotId);
    return found;
  }

  /** A page of submissions of each of these bots or contacts, which the actor has been found entitled to. */
  async pagesUnder(
    actor: Actor,
    parent: Parent,
    parentIds: readonly string[],
    filter: SubmissionFilter,
    page: PageRequest,
    wide: Wide,
  ): Promise<Map<string, Page<Submission>>> {
    actor.require('read:submissions');
    return await readPages<Submission>(this.database, listUnder(actor, parent, filter, wide), parentIds, page);
  }

  async countsUnder(actor: Actor, parent: Parent, parentIds: readonly string[], filter: SubmissionFilter) {
    actor.require('read:submissions');
    return await countRowsOfEach(this.database, listUnder(actor, parent, filter), parentIds);
  }

  async count(actor: Actor, filter: SubmissionFilter): Promise<number> {
    actor.require('read:submissions');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<Submission> {
    actor.require('read:submissions');
    return await this.find(actor.workspaceId, id);
  }

  /** The submission under its bot: a submission of another bot is not found. */
  async getOf(actor: Actor, intakeBotId: string, id: string): Promise<SubmissionWithMessages> {
    actor.require('read:submissions');
    const submission = isId(intakeBotId, 'intakeBot') ? await this.findWhole(actor, id, intakeBotId) : null;
    if (submission !== null) return submission;
    await this.intakeBots.find(actor.workspaceId, intakeBotId);
    throw notFound('submission');
  }

  /** A submission with its messages, whatever its bot. */
  async getWhole(actor: Actor, id: string): Promise<SubmissionWithMessages> {
    actor.require('read:submissions');
    const submission = await this.findWhole(actor, id, null);
    if (submission === null) throw notFound('submission');
    return submission;
  }

  private async findWhole({ workspaceId }: Actor, id: string, intakeBotId: string | null) {
    const values = [id, workspaceId, intakeBotId];
    const [submission] = isId(id, 'submission') ? await this.database.query(selectWithMessages, values) : [];
    if (submission === undefined) return null;
    for (const message of submission.messages) message.createdAt = new Date(message.createdAt);
    return submission;
  }

  async getMany(actor: Actor, ids: readonly string[], wide: Wide): Promise<Submission[]> {
    actor.require('read:submissions');
    return await this.database.query(selectMany(wide), [ids, actor.workspaceId]);
  }

  /** A page of messages of each of these submissions, which the actor has been found entitled to. */
  async messagePages(actor: Actor, submissionIds: readonly string[], page: PageRequest, whole: boolean) {
    actor.require('read:submissions');
    return await readPages<Message>(this.database, messagesUnder(whole), submissionIds, page);
  }

  async getMessages(actor: Actor, ids: readonly string[], whole: boolean): Promise<Message[]> {
    actor.require('read:submissions');
    return await this.database.query(selectMessagesByIds(whole), [ids, actor.workspaceId]);
  }

  async messageCounts(actor: Actor, submissionIds: readonly string[]): Promise<Map<string, number>> {
    actor.require('read:submissions');
    return await countRowsOfEach(this.database, messagesUnder(), submissionIds);
  }

  /**
   * Checks the answers against the bot's schema; then, in one commit, finds or makes the contact, writes and counts the
   * submission, and publishes its events.
   * @throws validation_failed with every issue; plan_limit_exceeded when the month's submissions are used up
   */
  async create(actor: Actor, intakeBotId: string, read: Unread<typeof CreateSubmission>): Promise<Submission> {
    actor.require('write:intake-bots');
    return await this.database.transaction(async (tx) => {
      const bot = await this.intakeBots.find(actor.workspaceId, intakeBotId);
      const {
        data,
        status,
        isTest,
        attribution: given,
      } = readWith(read, (sent) => [
        ...checkAnswers(bot.schema, sent.data, { complete: sent.status !== 'IN_PROGRESS' }).issues,
        ...inactive(bot),
      ]);
      requireStorage(actor);
      const answers = data as Answers;
      const submission = Object.assign(new Submission(), {
        id: newId('submission'),
        workspaceId: actor.workspaceId,
        intakeBotId: bot.id,
        contactId: null as string | null,
        data: answers,
        status,
        aiSummary: null,
        isTest,
        fileCount: countFiles(bot, answers),
        schemaVersion: bot.schemaVersion,
        attribution: null as Attribution | null,
      });
      const contact = status === 'COMPLETED' ? await this.contactOf(tx, bot, answers) : null;
      const addresses = contact === null ? this.addressesOf(bot, answers) : [];
      tx.speakOf(addresses);
      const moment = nextMoment();
      const { at } = moment;
      const attribution = attributionAfter({ bot, data: answers, isCompleted: false }, null, given, at);
      Object.assign(submission, { contactId: contact?.id ?? null, attribution, createdAt: at, updatedAt: at });
      const text = JSON.stringify(answers);
      // A number may be longer as we write it than as it was sent.
      if (Buffer.byteLength(text) > keptBytesMax.answers) throw validationFailed(answersIssues(answers, {}));
      tx.write(
        insertOne,
        [
          submission.id,
          submission.workspaceId,
          submission.intakeBotId,
          submission.contactId,
          text,
          status,
          isTest,
          submission.fileCount,
          submission.schemaVersion,
          at,
          orNull(addresses),
          jsonOf(attribution),
        ],
        contactIsGone,
      );
      if (status === 'COMPLETED') {
        this.recordOf(tx, bot, submission);
        const completed = newEvent(submission, 'submission.completed', moment, contact?.people ?? [], {});
        this.events.publish(tx, ...(contact?.events ?? []), completed);
      }
      await this.tell(tx, bot, submission, given);
      this.intakeBots.addToTotal(tx, bot.id, 1);
      if (!isTest) this.workspaces.countSubmission(tx, actor.workspaceId, at);
      return submission;
    }, actor.guard);
  }

  /** `data` is merged, null removes a value. A change that changes nothing is not written and publishes nothing. */
  async update(actor: Actor, id: string, read: Unread<typeof UpdateSubmission>): Promise<Submission> {
    actor.require('write:intake-bots', 'MEMBER');
    return await this.database.transaction(async (tx) => await this.change(tx, actor, id, read), actor.guard);
  }

  /** Updates a submission under its bot, and returns it with its messages. @throws precondition_failed */
  async updateOf(
    actor: Actor,
    intakeBotId: string,
    id: string,
    read: Unread<typeof UpdateSubmission>,
    expected: ExpectedVersions,
  ): Promise<SubmissionWithMessages> {
    actor.require('write:intake-bots', 'MEMBER');
    return await this.database.transaction(async (tx) => {
      const submission = await this.change(tx, actor, id, read, { intakeBotId, expected });
      return Object.assign(submission, { messages: await tx.query(selectMessages, [[id]]) });
    });
  }

  /** @throws plan_limit_exceeded at 500 messages, validation_failed when they would be larger than 4 MiB together */
  async addMessage(actor: Actor, id: string, read: Unread<typeof AddSubmissionMessage>): Promise<Message> {
    actor.require('write:intake-bots');
    return await this.database.transaction(async (tx) => {
      await this.find(actor.workspaceId, id);
      const { role, content } = read();
      requireStorage(actor);
      const [submission] = await tx.query(lockOne, [id, actor.workspaceId]);
      if (submission === undefined) throw notFound('submission');
      const [kept] = await tx.query(measureMessages, [id]);
      const { messages = 0, bytes = 0 } = kept ?? {};
      if (messages >= messagesMax) throw planLimitExceeded('messages', messages, messagesMax, ' a submission');
      if (Number(bytes) + bytesOf(content) > messageBytesMax) {
        const message = `must leave the messages of a submission at most ${messageBytesMax} bytes together`;
        throw invalid('content', 'too_long', message);
      }
      tx.speakOf(peopleOf(submission));
      const { at: createdAt } = nextMoment();
      const message = Object.assign(new Message(), {
        id: newId('message'),
        submissionId: id,
        role,
        content,
        createdAt,
      });
      tx.write(insertMessage, [message.id, id, role, content, createdAt]);
      return message;
    }, actor.guard);
  }

  async remove(actor: Actor, id: string): Promise<Submission> {
    actor.require('write:intake-bots');
    return await this.database.transaction(async (tx) => {
      const [submission] = isId(id, 'submission') ? await tx.query(lockOne, [id, actor.workspaceId]) : [];
      if (submission === undefined) throw notFound('submission');
      await this.confirm(tx, actor);
      tx.speakOf(peopleOf(submission));
      tx.write(deleteOne, [id]);
      await this.ended(tx, [submission]);
      this.intakeBots.addToTotal(tx, submission.intakeBotId, -1);
      const { intakeBotId } = submission;
      await this.audit.record(tx, actor, 'submission.deleted', id, { intake_bot_id: intakeBotId });
      return shown(submission);
    }, actor.guard);
  }

  private async change(
    tx: Tx,
    actor: Actor,
    id: string,
    read: Unread<typeof UpdateSubmission>,
    { intakeBotId, expected = null }: { intakeBotId?: string; expected?: ExpectedVersions } = {},
  ): Promise<Submission> {
    const found = await this.find(actor.workspaceId, id, intakeBotId);
    const bot = await this.intakeBots.find(actor.workspaceId, found.intakeBotId);
    // The patch alone is checked: values that were kept under an older schema may stay as they are.
    const changes = readWith(read, ({ data, status, attribution }) => [
      ...(data === undefined ? [] : checkAnswers(bot.schema, data, { complete: false, kept: found.data }).issues),
      ...refusals(bot, found, { data, status, attribution }),
    ]);
    const [locked] = await tx.query(lockOne, [id, actor.workspaceId]);
    if (locked === undefined) throw notFound('submission');
    requireVersion(expected, submissionVersion(locked));
    const before = shown(locked);
    tx.speakOf(peopleOf(locked));
    const { attribution: given } = changes;
    const after = changed(bot, before, changes);
    // What is forgotten here is not written, and does not move `updatedAt`.
    const isOther: Readonly<Record<Exclude<keyof Valid<typeof UpdateSubmission>, 'attribution'>, boolean>> = {
      data: changedFields(before.data, after.data).length > 0,
      status: before.status !== after.status,
    };
    const fields = Object.entries(isOther).flatMap(([name, is]) => (is ? [name] : []));
    const isCompleted = before.status === 'COMPLETED';
    after.attribution = attributionAfter({ bot, data: after.data, isCompleted }, before.attribution, given, now());
    // A consent can be recorded where there is no room for anything else.
    requireStorage(actor, sizeOf(after.attribution), sizeOf(before.attribution));
    if (fields.length === 0) {
      if (!isSameJson(after.attribution, before.attribution)) {
        tx.write(updateAttribution, [id, jsonOf(after.attribution)]);
      }
      if (!isCompleted) await this.tell(tx, bot, after, given);
      return after;
    }
    // Completing a submission makes a contact and a record, as for a new one.
    requireStorage(actor, after.data, before.status === after.status ? before.data : undefined);
    const completes = fields.includes('status');
    const contact = completes ? await this.contactOf(tx, bot, after.data) : null;
    const moment = await momentAfter(tx, id, before.updatedAt);
    Object.assign(after, { contactId: contact?.id ?? before.contactId, updatedAt: moment.at });
    const { data, status, contactId, fileCount, schemaVersion, updatedAt } = after;
    const named = this.addressesOf(bot, data);
    const known = locked.addresses ?? [];
    // Addresses that earlier answers named stay known: the person may be meant by later answers, too.
    const addresses = contactId === null ? [...new Set([...known, ...named])].slice(-addressesMax) : [];
    const values = [id, JSON.stringify(data), status, contactId, fileCount, schemaVersion, updatedAt];
    tx.write(updateOne, [...values, orNull(addresses), jsonOf(after.attribution)], contactIsGone);
    if (completes) this.recordOf(tx, bot, after);
    // Earlier events of the submission speak of these people, too.
    const newcomers = contact?.people ?? addresses.filter((address) => !known.includes(address));
    this.eventErasure.name(tx, [id], newcomers);
    const people = contactId === null ? addresses : [contactId, ...(contact?.people ?? named)];
    this.events.publish(
      tx,
      ...(contact?.events ?? []),
      // Completing publishes submission.completed alone, and no submission.updated.
      completes
        ? newEvent(after, 'submission.completed', moment, people, {})
        : newEvent(after, 'submission.updated', moment, people, { changes: fields }),
    );
    if (!isCompleted) await this.tell(tx, bot, after, given);
    return after;
  }

  /** Tells the followers of a submission that has just completed, or of a draft that came with the person's origin. */
  private async tell(
    tx: Tx,
    bot: IntakeBot,
    submission: Submission,
    given: GivenAttribution | undefined,
  ): Promise<void> {
    const { attribution } = submission;
    const origin = given?.origin ?? null;
    for (const follower of this.followers) {
      if (submission.status === 'COMPLETED') await follower.completed?.(tx, { submission, bot, attribution, origin });
      else if (origin !== null) await follower.drafted?.(tx, submission, origin);
    }
  }

  private async find(workspaceId: string, id: string, intakeBotId?: string): Promise<Submission> {
    if (intakeBotId !== undefined) await this.intakeBots.find(workspaceId, intakeBotId);
    const [submission] = isId(id, 'submission') ? await this.database.query(selectOne, [id, workspaceId]) : [];
    if (submission === undefined || (intakeBotId ?? submission.intakeBotId) !== submission.intakeBotId) {
      throw notFound('submission');
    }
    return submission;
  }

  private async contactOf(tx: Tx, bot: IntakeBot, answers: Answers) {
    return await this.contacts.resolve(tx, bot.workspaceId, fieldsOf(bot.schema), answers);
  }

  private addressesOf(bot: IntakeBot, answers: Answers): string[] {
    return this.contacts.addressSubjects(bot.workspaceId, fieldsOf(bot.schema), answers);
  }

  private recordOf(tx: Tx, bot: IntakeBot, submission: Submission): void {
    if (bot.recordType === null) return;
    const { id, workspaceId, data, contactId, updatedAt: at } = submission;
    this.records.createFor(tx, { id, workspaceId, data, at }, bot.recordType, contactId);
  }
}

/** The names of people by which erasure finds a submission. */
const peopleOf = ({ contactId, addresses }: { contactId: string | null; addresses: string[] | null }): string[] =>
  contactId === null ? (addresses ?? []) : [contactId];

/** A submission without the digests of addresses, which leave this file in no form. */
function shown(locked: Submission & { addresses: string[] | null }): Submission {
  const submission: Submission & { addresses?: unknown } = { ...locked };
  delete submission.addresses;
  return submission;
}

const jsonOf = (attribution: Attribution | null) => (attribution === null ? null : JSON.stringify(attribution));

/** What of an attribution takes room that a workspace may have run out of. */
const sizeOf = (attribution: Attribution | null) => ({ ...attribution, consent: null, hidden: [] });

const orNull = (addresses: string[]) => (addresses.length === 0 ? null : addresses);

/** The contact was merged or deleted after it was found; that commit is done, so the next try finds what there is now. */
const contactIsGone = (error: unknown) =>
  isForeignKeyViolation(error, 'submissions_contact_id_fkey')
    ? new TryAgain('the contact was merged or deleted', { cause: error })
    : error;

function inactive({ status }: IntakeBot): Issue[] {
  if (status === 'ACTIVE') return [];
  const message = `must be ACTIVE to take submissions; it is ${status}`;
  return [{ path: 'intakeBot.status', code: 'not_allowed', message }];
}

function newEvent(
  submission: Submission,
  type: 'submission.completed' | 'submission.updated',
  moment: NewEvent['moment'],
  people: readonly string[],
  more: object,
): NewEvent {
  const { id: subjectId, workspaceId } = submission;
  return {
    workspaceId,
    type,
    moment,
    subjectId,
    people,
    data: { submission: submissionEventView(submission), ...more },
  };
}
