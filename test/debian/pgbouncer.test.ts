import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { serviceAccount } from '../../src/platform/embedded-postgres/cluster.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { contactForm, createBot } from '../support/factories.js';
import { cloneDatabase } from '../support/postgres.js';
import { freePort } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

/** Debian's 1.18, set up as docs/operating.md says. */
describe('a server behind PgBouncer in session mode', function () {
  this.timeout(60_000);

  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let directory: string;
  let bouncer: ChildProcess;
  let server: TestServer;
  let receiver: Receiver;

  before(async () => {
    database = await cloneDatabase();
    const to = new URL(database.url);
    const port = await freePort();
    directory = await mkdtemp(join(tmpdir(), 'iozen-bouncer-'));
    const page = await readFile('docs/operating.md', 'utf8');
    const [, ignored = ''] = /^(ignore_startup_parameters = .*)$/m.exec(page) ?? [];
    const [, onTheRole = ''] = /```sql\n(.*?)```/s.exec(page) ?? [];
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      `create role bouncer superuser login password '${to.password}'; ${onTheRole.replaceAll('alter role iozen', 'alter role bouncer')}`,
    );
    await admin.end();
    const settings = `
      [databases]
      * = host=127.0.0.1 port=${to.port} user=bouncer password=${to.password}
      [pgbouncer]
      listen_addr = 127.0.0.1
      listen_port = ${port}
      unix_socket_dir =
      auth_type = any
      pool_mode = session
      max_client_conn = 100
      default_pool_size = 31
      ${ignored}
    `.replace(/^ +/gm, '');
    await writeFile(join(directory, 'pgbouncer.ini'), settings);
    const runAs = process.getuid?.() === 0 ? await serviceAccount() : {};
    if (runAs.uid !== undefined) await chown(directory, runAs.uid, runAs.gid ?? 0);
    await chown(join(directory, 'pgbouncer.ini'), runAs.uid ?? -1, runAs.gid ?? -1);
    bouncer = spawn('/usr/sbin/pgbouncer', [join(directory, 'pgbouncer.ini')], { ...runAs, stdio: 'ignore' });
    await once(bouncer, 'spawn');
    while (!(await isOpen(port))) await delay(20);
    const url = new URL(database.url);
    url.port = String(port);
    receiver = await Receiver.start();
    server = await startServer({ databaseUrl: url.href });
  });
  after(async () => {
    await server?.stop();
    await receiver?.stop();
    if (bouncer?.kill()) await once(bouncer, 'exit');
    await rm(directory, { recursive: true, force: true });
    await database.drop();
  });

  it('takes submissions, lists them, signs people in and delivers', async () => {
    const tenant = await createTenant(server.app);
    const bot = await createBot(server.app, tenant.workspaceId, { schema: contactForm });
    const { rest } = clientOf(server.url, tenant.key);
    await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    const path = `/intake-bots/${bot.id}/submissions`;
    const send = async (n: number) =>
      await rest('POST', path, { data: { full_name: 'Ada', email: `ada${n}@example.com` } });
    const answers = await Promise.all(Array.from({ length: 30 }, async (_, n) => await send(n)));
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
    const ids = answers.map(({ body }) => body.data.submission.id as string);
    const list = await rest('GET', `${path}?limit=100`);
    expect(list.body.data.submissions.map(({ id }: { id: string }) => id)).to.have.members(ids);
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { user { email } } } }';
    const { email, password } = tenant.owner;
    const signedIn = await clientOf(server.url).graphql(query, { input: { email, password } });
    expect(signedIn.body.data?.signIn, JSON.stringify(signedIn.body)).to.deep.equal({ viewer: { user: { email } } });
    const received = await receiver.arrived(30);
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).to.equal(30);
    expect((await fetch(`${server.url}/readyz`)).status).to.equal(200);
  });
});

async function isOpen(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
