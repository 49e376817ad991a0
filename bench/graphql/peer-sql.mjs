// What the peers and the floor do by hand: the same rows read and written as ours, in prepared statements.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Whether statements that need not wait for each other are sent together, as ours are; otherwise each awaits the last. */
const pipelined = process.env.PIPELINED === '1';
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16, pipeline: pipelined });
const query = async (name, text, values) => (await pool.query({ name, text, values })).rows;

const columns = `s.id, s.data, s.status, s.is_test as "isTest", s.file_count as "fileCount",
  s.schema_version as "schemaVersion", s.created_at as "createdAt", s.updated_at as "updatedAt",
  s.intake_bot_id as "intakeBotId"`;

export const listSubmissions = async (botId, first) =>
  await query('list', `select ${columns} from submissions s where s.intake_bot_id = $1 order by s.id desc limit $2`, [
    botId,
    first,
  ]);
export const getSubmission = async (id) =>
  (await query('one', `select ${columns} from submissions s where s.id = $1`, [id]))[0];
export const getBots = async (ids) =>
  await query('bots', 'select id, name, workspace_id, schema_version from intake_bots where id = any($1)', [ids]);

const newId = (kind) => `c${Date.now().toString(36)}${kind}${randomBytes(8).toString('hex').slice(0, 15)}`;

const begin = { text: 'begin' };
const commit = { text: 'commit' };
const statement = (name, text) => (values) => ({ name, text, values });
const insertSubmission = statement(
  'submission',
  `insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
     schema_version, created_at, updated_at) values ($1, $2, $3, $4, $5, 'COMPLETED', false, 0, $6, $7, $7)`,
);
const insertEvent = statement(
  'event',
  `insert into events (id, workspace_id, type, subject_id, body, created_at) values ($1, $2, $3, $4, $5, $6)`,
);
const insertJob = statement(
  'job',
  `insert into pgboss.job (id, name, data, created_on, start_after, keep_until, policy)
   values (gen_random_uuid(), 'webhook-fan-out', $1, now(), now(), now() + interval '14 days', 'standard')`,
);
const matchContacts = statement(
  'match',
  `select id, email, phone, first_name, last_name from contacts
   where workspace_id = $1 and (email = $2 or phone = $3) order by id`,
);
const insertContact = statement(
  'contact',
  `insert into contacts (id, workspace_id, email, phone, first_name, last_name, created_at, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $7)`,
);
const addToTotal = statement(
  'total',
  `insert into intake_bot_totals (intake_bot_id, submissions) values ($1, 1)
   on conflict (intake_bot_id) do update set submissions = intake_bot_totals.submissions + 1`,
);
const addToUsage = statement(
  'usage',
  `insert into workspace_usage as u (workspace_id, month, submissions, allowed)
   select id, date_trunc('month', now()), 1, 100000000 from workspaces where id = $1
   on conflict (workspace_id, month) do update set submissions = u.submissions + 1`,
);

/** An event's row and its job. */
function published(type, workspaceId, at, name, object) {
  const id = `evt_${newId('e')}`;
  const body = JSON.stringify({ id, type, created_at: at, data: { [name]: object } });
  return [insertEvent([id, workspaceId, type, object.id, body, at]), insertJob([JSON.stringify({ eventId: id })])];
}

async function onOneConnection(work) {
  const client = await pool.connect();
  try {
    await work(async (...statements) => {
      if (pipelined) return await Promise.all(statements.map((one) => client.query(one)));
      const results = [];
      for (const one of statements) results.push(await client.query(one));
      return results;
    });
  } finally {
    client.release();
  }
}

/** What the floor writes: the submission, what happened, its job. */
export async function createBare({ intakeBotId, data }) {
  const [bot] = await getBots([intakeBotId]);
  const [id, at] = [newId('s'), new Date()];
  const values = [id, bot.workspace_id, intakeBotId, null, JSON.stringify(data), bot.schema_version, at];
  const events = published('submission.completed', bot.workspace_id, at, 'submission', { id, data });
  await onOneConnection(async (send) => await send(begin, insertSubmission(values), ...events, commit));
  return { id, status: 'COMPLETED', createdAt: at };
}

/** All that ours writes: the contact, where it is new, and both counts besides. */
export async function createSubmission({ intakeBotId, data }) {
  const [bot] = await getBots([intakeBotId]);
  const [id, at] = [newId('s'), new Date()];
  const { email = null, phone = null, full_name: fullName = '' } = data;
  await onOneConnection(async (send) => {
    const [, matches] = await send(begin, matchContacts([bot.workspace_id, email, phone]));
    const [found] = matches.rows;
    const contactId = found?.id ?? newId('p');
    const [firstName, lastName] = fullName.split(' ', 2);
    const contact = { id: contactId, email, phone, first_name: firstName, last_name: lastName };
    const made = [
      insertContact([contactId, bot.workspace_id, email, phone, firstName, lastName, at]),
      ...published('contact.created', bot.workspace_id, at, 'contact', contact),
    ];
    const values = [id, bot.workspace_id, intakeBotId, contactId, JSON.stringify(data), bot.schema_version, at];
    await send(
      ...(found === undefined ? made : []),
      insertSubmission(values),
      ...published('submission.completed', bot.workspace_id, at, 'submission', { id, data }),
      addToTotal([intakeBotId]),
      addToUsage([bot.workspace_id]),
      commit,
    );
  });
  return { id, status: 'COMPLETED', createdAt: at };
}

export const typeDefs = `
  scalar DateTime
  scalar JSONObject
  enum SubmissionStatus { IN_PROGRESS COMPLETED }
  type IntakeBot { id: ID! name: String! }
  type Submission {
    id: ID! data: JSONObject! status: SubmissionStatus! isTest: Boolean! fileCount: Int! schemaVersion: Int!
    createdAt: DateTime! updatedAt: DateTime! intakeBot: IntakeBot
  }
  type SubmissionConnection { nodes: [Submission!]! }
  input CreateSubmissionInput { intakeBotId: ID! data: JSONObject! }
  type CreateSubmissionPayload { submission: Submission! }
  type Query {
    submissions(intakeBotId: ID!, first: Int): SubmissionConnection!
    submission(id: ID!): Submission
  }
  type Mutation {
    createSubmission(input: CreateSubmissionInput!): CreateSubmissionPayload!
    createBare(input: CreateSubmissionInput!): CreateSubmissionPayload!
  }
`;
