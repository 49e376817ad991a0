import { contactsErasedWithSubmissions } from '../events/event-erasure.service.js';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { columnsOf } from '../platform/postgres/statement.js';
import { Conditions, type List } from '../platform/postgres/keyset-page.js';
import { Message, Submission } from './submission.entity.js';
import type { SubmissionFilterInput } from './submission.input.js';

const listedColumns = [
  'id',
  'data',
  'status',
  'aiSummary',
  'isTest',
  'fileCount',
  'schemaVersion',
  'createdAt',
  'updatedAt',
] as const;
export type ListedSubmission = Pick<Submission, (typeof listedColumns)[number]> & { messageCount: number };

export type SubmissionFilter = SubmissionFilterInput & { intakeBotId?: string | null };

export const columns = columnsOf(Submission, 's');
const wideColumns = ['data', 'attribution'] as const;
/** What may be large of a submission and is read where somebody asks for it. */
export type Wide = readonly (typeof wideColumns)[number][];
export const columnsFor = (wide: Wide) =>
  columnsOf(Submission, 's', { without: wideColumns.filter((column) => !wide.includes(column)) });
/** What an operation selects of that. */
export const wideIn = (context: Pick<OperationContext, 'selects'>): Wide =>
  wideColumns.filter((column) => context.selects(column));
/** In SQL, of a submission `s`: false where it is being erased with a person. */
export const isShown = `(s.contact_id is null or s.contact_id <> all (${contactsErasedWithSubmissions}))`;
const messageColumns = columnsOf(Message, 'm');
const smallMessageColumns = columnsOf(Message, 'm', { without: ['content'] });
/** @param whole with `content`, which is wide */
export const messageColumnsFor = (whole: boolean) => (whole ? messageColumns : smallMessageColumns);
const messageCount = '(select count(*)::int from submission_messages m where m.submission_id = s.id) as "messageCount"';
const counted = `${columnsOf(Submission, 's', { only: listedColumns })}, ${messageCount}`;

/** The list of a workspace's submissions, as far as the filter leaves them. */
export function listOf(actor: Actor, filter: SubmissionFilter, selected = counted): List {
  return { from: `${selected} from submissions s`, id: 's.id', where: conditionsOf(actor, filter), isForReplica: true };
}

export type Parent = 'intakeBot' | 'contact';

/** The list of submissions under each of many bots or contacts. */
export function listUnder(actor: Actor, parent: Parent, filter: SubmissionFilter, wide: Wide = []): List {
  const column = { intakeBot: 's.intake_bot_id', contact: 's.contact_id' }[parent];
  const where = conditionsOf(actor, filter).always(`${column} = parent.id`);
  return { from: `${columnsFor(wide)} from submissions s`, id: 's.id', where, isForReplica: true };
}

/** The list of messages under each of many submissions. */
export function messagesUnder(whole = true): List {
  const where = new Conditions().always('m.submission_id = parent.id');
  return { from: `${messageColumnsFor(whole)} from submission_messages m`, id: 'm.id', where, isForReplica: true };
}

function conditionsOf(actor: Actor, filter: SubmissionFilter): Conditions {
  return new Conditions()
    .within('s.workspace_id = $?', actor.workspaceId)
    .within('s.intake_bot_id = $?', filter.intakeBotId)
    .always(isShown)
    .and('s.contact_id = $?', filter.contactId)
    .and('s.status = any($?)', filter.status)
    .and('s.is_test = $?', filter.isTest)
    .createdIn('s', filter.createdAt);
}
