import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { clientOf } from '../support/client.js';
import { jobsOn } from '../support/jobs.js';
import { iozen, launch, serving, temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

/** The promise: what a crash interrupts goes on within 15 seconds. */
const goesOnWithinMs = 15_000;

describe('a server whose embedded PostgreSQL is killed', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;
  let child: ChildProcess;
  let server: Awaited<ReturnType<typeof serving>>;
  let env: Record<string, string>;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    receiver = await Receiver.start();
    env = { DATA_DIR: directory.path, PORT: '0', WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8', WEBHOOK_RETRY_DELAYS: '2s' };
    child = launch(['serve'], env);
    server = await serving(child);
  });
  afterEach(async () => {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    const left = await postmaster();
    if (left !== null) process.kill(left, 'SIGKILL');
    await receiver.stop();
    await directory.remove();
  });

  const pidFile = async () =>
    (await readFile(join(directory.path, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');

  async function postmaster(): Promise<number | null> {
    const [pid] = (await pidFile()).map(Number);
    return pid !== undefined && (await isAlive(pid)) ? pid : null;
  }

  async function rows<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
    const port = Number((await pidFile())[3]);
    const password = await readFile(join(directory.path, 'postgres.password'), 'utf8');
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'iozen', database: 'iozen', password });
    await client.connect();
    try {
      return (await client.query<Row>(text, values)).rows;
    } finally {
      await client.end();
    }
  }

  const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;

  async function killPostgres(): Promise<number> {
    const pid = (await postmaster()) ?? 0;
    process.kill(pid, 'SIGKILL');
    return pid;
  }

  async function goesOn(isSo: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineAt = performance.now() + goesOnWithinMs;
    while (!(await isSo())) {
      if (performance.now() > deadlineAt) throw new Error(`not within ${goesOnWithinMs} ms:\n${server.output()}`);
      await wait(50);
    }
  }

  const back = async (killed: number) =>
    await goesOn(async () => ![null, killed].includes(await postmaster()) && (await status('/readyz')) === 200);

  it('starts it again and goes on: both doors, what was undelivered, what is new', async () => {
    const [key = ''] = /iozen_live_\w{32}/.exec(server.output()) ?? [];
    const client = clientOf(server.url, key);
    const { body: bots } = await client.rest('GET', '/intake-bots');
    const path = `/intake-bots/${bots.data.intake_bots[0].id}/submissions`;
    const submit = async (email: string) => {
      const { body } = await client.rest('POST', path, { data: { full_name: 'Ada', email, topic: 'Sales' } });
      return body.data.submission.id as string;
    };
    await client.rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    let answer: (response: ServerResponse) => void;
    const delivered = new Set<string>();
    receiver.answer = (response, { body }) => {
      const { data } = JSON.parse(body) as { data: { submission: { id: string } } };
      response.on('finish', () => response.statusCode === 200 && delivered.add(data.submission.id));
      answer(response);
    };
    const arrives = async (id: string) => await goesOn(() => delivered.has(id));

    answer = (response) => void response.writeHead(500).end();
    const failed = await submit('failed@example.com');
    await receiver.arrived(1);
    let finish = () => {};
    answer = (response) => (finish = () => void response.end());
    const underWay = await submit('under-way@example.com');
    await receiver.arrived(2);
    answer = (response) => void response.end();
    const fresh = await submit('fresh@example.com');
    const killed = await killPostgres();
    finish();
    await Promise.all([back(killed), ...[failed, underWay, fresh].map(arrives)]);
    await arrives(await submit('after@example.com'));

    const question = '{ webhookDeliveries(filter: { status: DELIVERED }) { totalCount } }';
    await goesOn(async () => (await client.graphql(question)).body.data?.webhookDeliveries.totalCount === 4);

    const names = "select distinct application_name as name from pg_stat_activity where application_name like 'iozen%'";
    const sessions = 'iozen, iozen claim, iozen notifications, iozen webhooks';
    await goesOn(async () => {
      const found = (await rows<{ name: string }>(names)).map(({ name }) => name);
      return found.toSorted().join(', ') === sessions;
    });
    const jobs = jobsOn({ query: async (text, values) => ({ rows: await rows(text, values) }) });
    const id = (await jobs.send('webhook-wake-up', {})) ?? '';
    await goesOn(async () => (await jobs.findJobs('webhook-wake-up', { id }))[0]?.state === 'completed');

    // A command beside it finds it and leaves it to the server.
    const workspace = ['--name', 'Beside', '--plan', 'free', '--owner-email', 'beside@example.com'];
    expect((await iozen(['workspace', 'create', ...workspace], env)).code).to.equal(0);
    expect(await status('/readyz')).to.equal(200);

    process.kill(child.pid ?? 0, 'SIGTERM');
    const { code, stdout } = await server.ended;
    expect(code).to.equal(0);
    expect(await postmaster()).to.equal(null);
    expect(stdout.match(/lost PostgreSQL/g)).to.have.length(1);
    expect(stdout.match(/started PostgreSQL/g)).to.have.length(2);
  });

  it('comes back each time, and stops in good order when told so right after a kill', async () => {
    await back(await killPostgres());
    await back(await killPostgres());
    await killPostgres();
    process.kill(child.pid ?? 0, 'SIGTERM');
    expect((await server.ended).code).to.equal(0);
    expect(await postmaster()).to.equal(null);
  });
});

/** A process that has ended is there, as a zombie, until its parent asks how; that of a server that has ended, until init does. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return /^\d+ \(.*\) [^ZX]/s.test(stat);
}
