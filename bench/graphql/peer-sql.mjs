// What the peers and the floor do by hand: the same rows read and written as ours, in prepared statements.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const query = async (name, text, values, client = pool) => (await client.query({ name, text, values })).rows;

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

export async function createSubmission({ intakeBotId, data }) {
  const [bot] = await getBots([intakeBotId]);
  const [id, eventId, at] = [newId('s'), `evt_${newId('e')}`, new Date()];
  const event = JSON.stringify({
    id: eventId,
    type: 'submission.completed',
    created_at: at,
    data: { submission: { id, data } },
  });
  const client = await pool.connect();
  try {
    await client.query('begin');
    await query(
      'submission',
      `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
         created_at, updated_at) values ($1, $2, $3, $4, 'COMPLETED', false, 0, $5, $6, $6)`,
      [id, bot.workspace_id, intakeBotId, JSON.stringify(data), bot.schema_version, at],
      client,
    );
    await query(
      'event',
      `insert into events (id, workspace_id, type, subject_id, body, created_at)
       values ($1, $2, 'submission.completed', $3, $4, $5)`,
      [eventId, bot.workspace_id, id, event, at],
      client,
    );
    await query(
      'job',
      `insert into pgboss.job (id, name, data, created_on, start_after, keep_until, policy)
       values (gen_random_uuid(), 'webhook-fan-out', $1, now(), now(), now() + interval '14 days', 'standard')`,
      [JSON.stringify({ eventId })],
      client,
    );
    await client.query('commit');
  } finally {
    client.release();
  }
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
  type Mutation { createSubmission(input: CreateSubmissionInput!): CreateSubmissionPayload! }
`;
