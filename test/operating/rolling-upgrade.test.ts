import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { clientOf } from '../support/client.js';
import { contactForm } from '../support/factories.js';
import { personAt, signIn } from '../support/people.js';
import { cloneDatabase } from '../support/postgres.js';
import { iozen, launch, serving } from '../support/process.js';
import { Receiver } from '../support/receiver.js';
import { buildReleaseBefore, type OldRelease } from './release-before.js';

/** So many rows each of these tables has; the last digits of an id are six. */
const rows = 999_999;
const tables = ['contacts', 'submissions', 'events', 'webhook_attempts', 'erasures'];
/** The rule of CONTRIBUTING: so long a migration may keep others from a large table. */
const lockMsMax = 1_000;

type Server = Awaited<ReturnType<typeof serving>>;

describe('a rolling upgrade from the release before', function () {
  this.timeout(240_000);

  let old: OldRelease | null;
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let receiver: Receiver;
  let directory: string;
  let env: Record<string, string>;
  let key: string;
  let owner: { email: string; password: string };
  let botId: string;
  const running: Server[] = [];

  before(async () => {
    old = await buildReleaseBefore();
    if (old === null) return;
    database = await cloneDatabase('template0');
    receiver = await Receiver.start();
    directory = await mkdtemp(join(tmpdir(), 'iozen-rolling-'));
    env = {
      DATABASE_URL: database.url,
      SECRETS_KEY: randomBytes(32).toString('base64'),
      PORT: '0',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    const words = ['workspace', 'create', '--name', 'Acme', '--plan', 'business', '--owner-email', 'o@acme.test'];
    const made = JSON.parse((await old.iozen([...words, '--json'], env)).stdout) as {
      workspace_id: string;
      api_key: string;
      owner: typeof owner;
    };
    ({ api_key: key, owner } = made);
    const schema = join(directory, 'schema.json');
    await writeFile(schema, JSON.stringify(contactForm));
    const bot = ['bot', 'create', '--workspace', made.workspace_id, '--name', 'Form', '--status', 'ACTIVE'];
    const { stdout } = await old.iozen([...bot, '--schema', schema, '--json'], env);
    botId = (JSON.parse(stdout) as { id: string }).id;
  });
  after(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.map(async ({ ended }) => await ended));
    await old?.remove();
    await receiver?.stop();
    await database?.drop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  });

  const start = async (launching: typeof launch, role: string): Promise<Server> => {
    const server = await serving(launching(['serve', '--role', role], env));
    running.push(server);
    return server;
  };
  const stop = async ({ child, ended }: Server) => {
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect(code, stdout.slice(-2_000)).to.equal(0);
  };
  const query = async <Row extends object>(text: string, values?: unknown[]): Promise<Row[]> => {
    const client = new pg.Client(database.url);
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  };

  /** Much of what the platform does, as a client does it, through one API; each must go well. */
  async function tour({ url }: Server): Promise<void> {
    const client = clientOf(url, key);
    const name = `n${randomUUID().slice(0, 8)}`;
    const rest = async (method: string, path: string, body?: object) => {
      const answer = await client.rest(method, path, body, { 'Idempotency-Key': randomUUID() });
      expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).to.be.within(200, 299);
      return answer.body.data;
    };
    const person = personAt(url);
    await signIn(person, owner.email, owner.password);
    const graphql = async (text: string, input?: object) => {
      const { body } = await person.graphql(text, input === undefined ? {} : { input });
      expect(body.errors, `${text}: ${JSON.stringify(body.errors)}`).to.equal(undefined);
      return body.data;
    };
    const events = ['submission.completed', 'contact.created', 'contact.updated'];
    const { webhook } = await rest('POST', '/webhooks', { url: `${receiver.url}/${name}`, events });
    const data = { full_name: name, email: `${name}@example.com` };
    const { submission } = await rest('POST', `/intake-bots/${botId}/submissions`, { data });
    await rest('GET', `/intake-bots/${botId}/submissions/${submission.id}`);
    await rest('GET', `/intake-bots/${botId}/submissions?limit=5`);
    await rest('GET', '/contacts?limit=5');
    await receiver.until(
      () => receiver.received.filter(({ path }) => path.endsWith(name)).length >= 2,
      20_000,
      () => `not all events of ${name} came`,
    );
    const { contacts } = await graphql(
      `{ contacts(first: 5, filter: { email: "${name}@example.com" }) { nodes { id email submissionCount } } }`,
    );
    const [{ id }] = contacts.nodes;
    await graphql('mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }', {
      id,
      tags: [name],
    });
    await graphql(
      '{ events(first: 5) { nodes { id type payload } } webhookDeliveries(first: 5) { nodes { id status } } }',
    );
    await graphql('mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }', {
      id,
      eraseSubmissions: true,
    });
    await rest('DELETE', `/webhooks/${webhook.id}`);
  }

  /** Copies a row that the tour has made until the table is as large as one that was used for long. */
  async function fill(table: string): Promise<void> {
    const columns = await query<{ name: string }>(
      `select column_name as name from information_schema.columns
       where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'`,
      [table],
    );
    const copy = (column: string) =>
      `left(t.${column}, length(t.${column}) - 15) || lpad(n::text, 6, '0') || right(t.${column}, 9)`;
    const copied: Record<string, string> = { id: copy('id'), delivery_id: copy('delivery_id') };
    if (table === 'contacts') Object.assign(copied, { email: "'copy' || n || '@example.com'", phone: 'null' });
    const names = columns.map(({ name }) => name);
    const values = names.map((name) => copied[name] ?? `t.${name}`);
    await query(`
      set session_replication_role = replica;
      insert into ${table} (${names.join()}) select ${values.join()}
      from (select * from ${table} limit 1) t, generate_series(1, ${rows}) n;
      analyze ${table}
    `);
  }

  /** Uses each large table over and over as statements of others do. @returns what waited for a lock for too long */
  async function using(): Promise<{ stop: () => Promise<string[]> }> {
    const ending = new AbortController();
    const clients = await Promise.all(
      tables.map(async (table) => {
        const client = new pg.Client(database.url);
        await client.connect();
        const column = table === 'webhook_attempts' ? 'delivery_id' : 'id';
        const { rows: some } = await client.query<{ id: string }>(`select ${column} as id from ${table} limit 1`);
        return { client, table, column, id: some[0]?.id };
      }),
    );
    const users = clients.map(async ({ client, table, column, id }) => {
      const refused: string[] = [];
      try {
        // PostgreSQL itself says when a statement waited for so long, however busy this machine is.
        await client.query(`set lock_timeout = ${lockMsMax}`);
        while (!ending.signal.aborted) {
          const text = `update ${table} set ${column} = ${column} where ${column} = $1`;
          await client.query(text, [id]).catch((error: { code?: string }) => {
            if (error.code !== '55P03') throw error;
            refused.push(table);
          });
          await wait(5);
        }
      } finally {
        await client.end();
      }
      return refused;
    });
    return {
      stop: async () => {
        ending.abort();
        return (await Promise.all(users)).flat();
      },
    };
  }

  it('migrates a million rows under its processes, which lose no request and wait for no lock beyond a second', async function () {
    if (old === null) return;
    const [api, worker] = [await start(old.launch, 'api'), await start(old.launch, 'worker')];
    await tour(api);
    const data = { full_name: 'Ada', email: 'ada@example.com' };
    const client = clientOf(api.url, key);
    await client.rest('POST', '/webhooks', { url: `${receiver.url}/kept`, events: ['submission.completed'] });
    await client.rest('POST', `/intake-bots/${botId}/submissions`, { data });
    await receiver.until(
      () => receiver.received.some(({ path }) => path.endsWith('kept')),
      10_000,
      () => 'nothing came',
    );
    await wait(500);
    for (const table of tables) await fill(table);

    const users = await using();
    const statuses: number[] = [];
    const asking = new AbortController();
    const asked = (async () => {
      while (!asking.signal.aborted)
        statuses.push((await client.rest('POST', `/intake-bots/${botId}/submissions`, { data })).status);
    })();
    const { code, stdout, stderr } = await iozen(['migrate', '--json'], env);
    const late = await users.stop();
    asking.abort();
    await asked;
    expect(code, stderr).to.equal(0);
    const { applied } = JSON.parse(stdout) as { applied: string[] };
    expect(late, `statements that waited beyond ${lockMsMax} ms while ${applied.join()} ran`).to.deep.equal([]);
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    await tour(api);

    // The new ones beside them, each worker alone, and the way back.
    const [newApi, newWorker] = [await start(launch, 'api'), await start(launch, 'worker')];
    await Promise.all([tour(api), tour(newApi)]);
    await stop(newWorker);
    await tour(newApi);
    const again = await start(launch, 'worker');
    await stop(worker);
    await tour(api);
    await stop(api);
    const back = await start(old.launch, 'all');
    await stop(again);
    await tour(back);
    await tour(newApi);
    await stop(newApi);
    await stop(back);
  });

  it('would notice a change that rewrites a table', async function () {
    if (old === null) return;
    const users = await using();
    await query('alter table submissions alter column created_at type timestamptz(2)');
    expect(await users.stop()).to.include('submissions');
  });
});
