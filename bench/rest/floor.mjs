// What is left without us: node:http and pg, the same rows read and written, the same bytes sent. No authentication, no
// limits, no validation, no idempotency, no log.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
const prepared = (name, text) => (client, values) => client.query({ name, text, values });

const selectBot = prepared('bot', 'select workspace_id, schema, schema_version from intake_bots where id = $1');
const selectMany = prepared(
  'many',
  `select s.id, s.data, s.status, s.ai_summary, s.is_test, s.file_count,
     (select count(*)::int from submission_messages m where m.submission_id = s.id) as message_count,
     s.schema_version, s.created_at, s.updated_at
   from submissions s where s.intake_bot_id = $1 order by s.id desc limit 51`,
);
const selectOne = prepared(
  'one',
  `select s.id, s.data, s.status, s.ai_summary, s.is_test, s.file_count, s.schema_version, s.created_at, s.updated_at,
     s.intake_bot_id, coalesce((
       select json_agg(json_build_object('id', m.id, 'role', m.role, 'content', m.content) order by m.id)
       from submission_messages m where m.submission_id = s.id
     ), '[]') as messages
   from submissions s where s.id = $1`,
);
const insertSubmission = prepared(
  'submission',
  `insert into submissions (id, workspace_id, intake_bot_id, data, status, is_test, file_count, schema_version,
     created_at, updated_at) values ($1, $2, $3, $4, 'COMPLETED', false, 0, $5, $6, $6)`,
);
const insertEvent = prepared(
  'event',
  `insert into events (id, workspace_id, type, subject_id, body, created_at)
   values ($1, $2, 'submission.completed', $3, $4, $5)`,
);
const insertJob = prepared(
  'job',
  `insert into pgboss.job (id, name, data, created_on, start_after, keep_until, policy)
   values (gen_random_uuid(), 'webhook-fan-out', $1, now(), now(), now() + interval '14 days', 'standard')`,
);

const newId = (kind) => `c${Date.now().toString(36)}${kind}${randomBytes(8).toString('hex').slice(0, 15)}`;

async function list(botId) {
  const [{ rows: bots }, { rows }] = [await selectBot(pool, [botId]), await selectMany(pool, [botId])];
  const hasMore = rows.length > 50;
  if (hasMore) rows.length = 50;
  const pagination = { has_more: hasMore, next_cursor: hasMore ? rows[49].id : null };
  return { submissions: rows, schema: bots[0].schema, pagination };
}

async function create(botId, body) {
  const { data } = JSON.parse(body);
  const [bot] = (await selectBot(pool, [botId])).rows;
  const id = newId('s');
  const at = new Date();
  const eventId = `evt_${newId('e')}`;
  const submission = { id, data, status: 'COMPLETED', created_at: at };
  const event = JSON.stringify({ id: eventId, type: 'submission.completed', created_at: at, data: { submission } });
  const client = await pool.connect();
  try {
    await client.query('begin');
    await insertSubmission(client, [id, bot.workspace_id, botId, JSON.stringify(data), bot.schema_version, at]);
    await insertEvent(client, [eventId, bot.workspace_id, id, event, at]);
    await insertJob(client, [JSON.stringify({ eventId })]);
    await client.query('commit');
  } finally {
    client.release();
  }
  return { submission: { id, status: 'COMPLETED', created_at: at } };
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function answer(request, response) {
  const [, , , , botId, , submissionId] = request.url.split('?', 1)[0].split('/');
  const data =
    request.method === 'POST'
      ? await create(botId, await bodyOf(request))
      : submissionId === undefined
        ? await list(botId)
        : { submission: (await selectOne(pool, [submissionId])).rows[0] };
  const text = JSON.stringify({ success: true, data });
  response.writeHead(200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1', function () {
  process.send({ url: `http://127.0.0.1:${this.address().port}` });
});

process.on('message', () => process.send(process.cpuUsage()));
