// node bench/graphql/run.mjs [seconds] [rounds]: our server with authentication, limits and cost on, and peers without
// any of it, as ratios to the floor.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { startPostgres } from '../support/ground.mjs';
import { report } from '../support/report.mjs';
import { compare, startServer } from '../support/servers.mjs';
import { submitFunction } from './submit-function.mjs';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);

const postgres = await startPostgres();
const start = async (file, env) =>
  await startServer(new URL(file, import.meta.url), { env: { DATABASE_URL: postgres.url, ...env } });
const ours = await start('../rest/server.mjs', { PORT: '0', SECRETS_KEY: randomBytes(32).toString('base64') });
const client = new pg.Client(postgres.url);
await client.connect();
await client.query(submitFunction);
await client.end();
const servers = {
  floor: await start('floor.mjs'),
  ours,
  yoga: await start('yoga.mjs'),
  'yoga, pipelined': await start('yoga.mjs', { PIPELINED: '1' }),
  mercurius: await start('mercurius.mjs'),
  postgraphile: await start('postgraphile.mjs'),
};

const fields = 'data status isTest fileCount schemaVersion createdAt updatedAt';
const shared = {
  list: `query ($id: ID!) { submissions(intakeBotId: $id, first: 50) { nodes { id ${fields} intakeBot { id name } } } }`,
  one: `query ($id: ID!) { submission(id: $id) { id ${fields} intakeBot { id name } } }`,
  create: `mutation ($input: CreateSubmissionInput!) { created: createSubmission(input: $input) { submission { id status createdAt } } }`,
  bare: `mutation ($input: CreateSubmissionInput!) { created: createBare(input: $input) { submission { id status createdAt } } }`,
};
/** The same in the words that PostGraphile makes of the tables; aliases give the answers the same shape. */
const generated = {
  list: `query ($id: String!) { submissions: allSubmissions(condition: { intakeBotId: $id }, first: 50, orderBy: PRIMARY_KEY_DESC) {
    nodes { id: rowId ${fields} intakeBot: intakeBotByIntakeBotId { id: rowId name } } } }`,
  one: `query ($id: String!) { submission: submissionByRowId(rowId: $id) {
    id: rowId ${fields} intakeBot: intakeBotByIntakeBotId { id: rowId name } } }`,
  create: `mutation ($input: SubmitInput!) { created: submit(input: $input) { submission: result { id: rowId status createdAt } } }`,
  bare: `mutation ($input: CreateSubmissionInput!) { created: createSubmission(input: $input) { submission { id: rowId status createdAt } } }`,
};
const documentsOf = (name) => (name === 'postgraphile' ? generated : shared);

const [first] = ours.tenants;
const request = ({ key }, body) => ({
  method: 'POST',
  path: '/graphql',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
let made = 0;
/** PostGraphile's generated create inserts what it is given and knows no more: the caller says all. */
const rowOf = ({ workspaceId, botId: intakeBotId }, data) => {
  const rowId = `c${Date.now().toString(36)}s${randomBytes(8).toString('hex').slice(0, 15)}`;
  const now = new Date();
  const known = { status: 'COMPLETED', isTest: false, fileCount: 0, schemaVersion: 1, createdAt: now, updatedAt: now };
  return { submission: { rowId, workspaceId, intakeBotId, data, ...known } };
};
function create(document, inputOf) {
  const tenant = ours.tenants[(made += 1) % ours.tenants.length];
  const data = { full_name: 'Ada Lovelace', email: `ada${made % 1_000}@example.com`, topic: 'Sales' };
  return request(tenant, { query: document, variables: { input: inputOf(tenant, data) } });
}
const usual = ({ botId }, data) => ({ intakeBotId: botId, data });
const submitted = ({ botId }, answers) => ({ botId, answers });
const isReader = (name) => name !== 'yoga, pipelined';
const operations = {
  'list 50': (name) =>
    isReader(name) ? () => request(first, { query: documentsOf(name).list, variables: { id: first.botId } }) : null,
  'read one': (name) =>
    isReader(name)
      ? () => request(first, { query: documentsOf(name).one, variables: { id: first.submissionId } })
      : null,
  create: (name) => () => create(documentsOf(name).create, name === 'postgraphile' ? submitted : usual),
  'create, bare': (name) =>
    name === 'ours' ? null : () => create(documentsOf(name).bare, name === 'postgraphile' ? rowOf : usual),
};

/** What was answered, times as moments: PostGraphile spells UTC +00:00. */
async function dataOf({ url }, { method, headers, body }) {
  const text = await (await fetch(`${url}/graphql`, { method, headers, body })).text();
  const { data } = JSON.parse(text, (name, value) =>
    name === 'createdAt' || name === 'updatedAt' ? Date.parse(value) : value,
  );
  return { text, data: JSON.stringify(data) };
}

/** Of the floor's requests per second. */
const wanted = { 'list 50': 0.6, 'read one': 0.6, create: 0.45 };

const taking = (operation) => Object.entries(servers).filter(([name]) => operations[operation](name) !== null);

try {
  for (const operation of ['list 50', 'read one']) {
    const answers = taking(operation).map(([name, at]) => dataOf(at, operations[operation](name)()));
    const texts = await Promise.all(answers);
    if (new Set(texts.map(({ data }) => data)).size !== 1 || !texts[0].data.includes(first.submissionId))
      throw new Error(`${operation}: not all say the same\n${texts.map(({ text }) => text.slice(0, 300)).join('\n')}`);
  }
  for (const operation of ['create', 'create, bare']) {
    for (const [name, at] of taking(operation)) {
      const { text } = await dataOf(at, operations[operation](name)());
      const { id, status, createdAt } = JSON.parse(text).data?.created?.submission ?? {};
      if (!id || status !== 'COMPLETED' || !(Date.now() - Date.parse(createdAt) < 60_000))
        throw new Error(`${operation}: ${name} answers ${text.slice(0, 300)}`);
    }
  }
  const rows = await compare(servers, operations, { seconds, rounds, refuses: (body) => body.includes('"errors"') });
  await report(
    rows
      .filter(({ name, operation }) => name !== 'floor' && operation in wanted)
      .map((row) => ({
        ...row,
        what: `${row.name === 'ours' ? '' : `${row.name}: `}${row.operation} over a bare server`,
        ...(row.name === 'ours' && { atLeast: wanted[row.operation] }),
      })),
  );
} finally {
  for (const server of Object.values(servers)) await server.stop();
  await postgres.stop();
}
