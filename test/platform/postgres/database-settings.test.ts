import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { createTenant, startServer, type TestServer } from '../../support/app.js';
import { clientOf } from '../../support/client.js';
import { contactForm, createBot } from '../../support/factories.js';
import { cloneDatabase, databaseUrl } from '../../support/postgres.js';
import { iozen } from '../../support/process.js';
import { Receiver } from '../../support/receiver.js';

const secretsKey = Buffer.alloc(32, 7).toString('base64');

async function administer(...texts: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl('postgres') });
  await client.connect();
  for (const text of texts) await client.query(text);
  await client.end();
}

describe('a database set to read and write otherwise', () => {
  let server: TestServer;

  before(async () => {
    const { url, drop } = await cloneDatabase();
    const name = new URL(url).pathname.slice(1);
    const settings = {
      datestyle: "'SQL, DMY'",
      intervalstyle: 'sql_standard',
      timezone: "'Asia/Kathmandu'",
      bytea_output: 'escape',
      extra_float_digits: '-10',
      standard_conforming_strings: 'off',
      array_nulls: 'off',
      default_transaction_isolation: 'serializable',
    };
    await administer(...Object.entries(settings).map(([key, value]) => `alter database ${name} set ${key} = ${value}`));
    const started = await startServer({ databaseUrl: url });
    const stop = async () => {
      await started.stop();
      await drop();
    };
    server = { ...started, stop };
  });
  after(async () => await server.stop());

  it('makes no difference to what is stored, answered and delivered', async () => {
    const { app, url } = server;
    const receiver = await Receiver.start();
    const tenant = await createTenant(app);
    const bot = await createBot(app, tenant.workspaceId, { schema: contactForm });
    const { rest, graphql } = clientOf(url, tenant.key);
    await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    const data = { full_name: 'Ada \\ Lovelace', email: 'ada@example.com', guests: 7 };
    const sentAt = Date.now();
    const { body } = await rest('POST', `/intake-bots/${bot.id}/submissions`, { data });
    const { id, created_at: at } = body.data.submission;
    expect(Math.abs(Date.parse(at) - sentAt)).to.be.below(60_000);
    expect(at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const path = `/intake-bots/${bot.id}/submissions`;
    const one = await rest('GET', `${path}/${id}`);
    expect(one.body.data.submission).to.deep.include({ data, created_at: at });
    const list = await rest('GET', path);
    expect(list.body.data.submissions[0]).to.deep.include({ id, created_at: at });
    const filter = { createdAt: { gte: at, lt: new Date(Date.parse(at) + 1).toISOString() } };
    const query = 'query ($filter: SubmissionFilter) { submissions(filter: $filter) { nodes { id createdAt } } }';
    expect((await graphql(query, { filter })).body.data.submissions.nodes).to.deep.equal([{ id, createdAt: at }]);
    const [received] = await receiver.arrived(1);
    expect(JSON.parse(received?.body ?? '').created_at).to.equal(at);
    await receiver.stop();
  });

  it('is ready, as a row reads well, and commands work on it', async () => {
    expect((await fetch(`${server.url}/readyz`)).status).to.equal(200);
    const env = { DATABASE_URL: server.databaseUrl, SECRETS_KEY: secretsKey };
    const ended = await iozen(['audit', 'verify', '--workspace', 'none', '--json'], env);
    expect(ended.stderr).to.equal('No such workspace.\n');
  });
});

describe('a database that does not fit', () => {
  const migrating = async (name: string) =>
    await iozen(['migrate'], { DATABASE_URL: databaseUrl(name), SECRETS_KEY: secretsKey });

  it('is refused at the start with one sentence when it is not in UTF-8', async () => {
    const name = `latin_${process.pid}`;
    await administer(`create database ${name} encoding 'LATIN1' locale_provider libc locale 'C' template template0`);
    const { code, stdout, stderr } = await migrating(name);
    await administer(`drop database ${name}`);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.include('DATABASE_URL must name a database in UTF-8; this one is in LATIN1.');
  });

  it('is refused at the start with one sentence when it is too old', async () => {
    const name = `old_${process.pid}`;
    await administer(`create database ${name}`, `alter database ${name} set search_path = old, pg_catalog`);
    const client = new pg.Client({ connectionString: databaseUrl(name) });
    await client.connect();
    // It says of itself what a PostgreSQL 14 says.
    await client.query(`
      create schema old;
      create function old.current_setting(name text) returns text language sql
      return case name when 'server_version' then '14.19' else pg_catalog.current_setting(name) end;
    `);
    await client.end();
    const { code, stderr } = await migrating(name);
    await administer(`drop database ${name}`);
    expect(code).to.equal(1);
    expect(stderr).to.include('DATABASE_URL must name a PostgreSQL 15 or later; this is 14.19.');
  });
});

describe('a connection to the database', () => {
  it('is opened nowhere but as one that says what our parsers rely on', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const openers = files.filter((file) => {
      const text = readFileSync(`src/${file}`, 'utf8');
      return /import (?!type)[^;]*\bClient\b[^;]*from 'pg'|new pg\.(Client|Pool)|new Pool\(/.test(text);
    });
    expect(openers).to.deep.equal(['platform/postgres/database-client.ts']);
  });
});
