import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { clientOf, type Client } from '../support/client.js';
import { contactForm } from '../support/factories.js';
import { cloneDatabase } from '../support/postgres.js';
import { iozen, launch, serving, temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

type Process = Awaited<ReturnType<typeof serving>>;

describe('API and worker processes on one PostgreSQL', function () {
  this.timeout(60_000);

  let env: Record<string, string>;
  let drop: () => Promise<void>;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;
  let client: Client;
  let api: Process;
  let botId: string;
  const started: Process[] = [];

  before(async () => {
    const database = await cloneDatabase();
    drop = database.drop;
    env = {
      DATABASE_URL: database.url,
      SECRETS_KEY: randomBytes(32).toString('base64'),
      PORT: '0',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    };
    receiver = await Receiver.start();
    const owner = ['--plan', 'business', '--owner-email', 'o@acme.test'];
    const made = await json<{ workspace_id: string; api_key: string }>('workspace create --name Acme', ...owner);
    directory = await temporaryDirectory();
    const schema = join(directory.path, 'schema.json');
    await writeFile(schema, JSON.stringify(contactForm));
    const bot = ['--workspace', made.workspace_id, '--schema', schema];
    botId = (await json<{ id: string }>('bot create --name Form --status ACTIVE', ...bot)).id;
    api = await start('api');
    client = clientOf(api.url, made.api_key);
    await client.rest('POST', '/webhooks', { url: `${receiver.url}?token=hush`, events: ['submission.completed'] });
  });
  after(async () => {
    for (const { child, ended } of started) {
      if (child.exitCode === null && child.signalCode === null) process.kill(child.pid ?? 0, 'SIGKILL');
      await ended;
    }
    await receiver.stop();
    await directory.remove();
    await drop();
  });

  async function json<T>(words: string, ...more: string[]): Promise<T> {
    return JSON.parse((await iozen([...words.split(' '), ...more, '--json'], env)).stdout) as T;
  }

  async function start(role: string): Promise<Process> {
    const process = await serving(launch(['serve', '--role', role], env));
    started.push(process);
    return process;
  }
  const submit = async () => {
    const data = { full_name: 'Ada Lovelace', email: 'ada@example.com' };
    expect((await client.rest('POST', `/intake-bots/${botId}/submissions`, { data })).status).to.equal(200);
  };
  const linesOf = ({ output }: Process) =>
    output()
      .split('\n')
      .filter((line) => line.includes('"msg":"webhook"'));

  it('an API alone takes everything and delivers nothing; a worker alone delivers and has no doors', async () => {
    await submit();
    await wait(1_500);
    expect(receiver.received).to.have.length(0);

    receiver.answer = (response) => void response.end('secret answer');
    const worker = await start('worker');
    await receiver.arrived(1);
    expect((await fetch(`${worker.url}/readyz`)).status).to.equal(200);
    expect((await fetch(`${worker.url}/metrics`)).status).to.equal(200);
    for (const path of ['/graphql', '/api/v1/intake-bots', '/docs', '/graphql/explorer', '/schema.graphql'])
      expect((await fetch(`${worker.url}${path}`)).status, path).to.equal(404);
    await submit();
    await receiver.arrived(2);
    expect((await fetch(`${api.url}/readyz`)).status).to.equal(200);
  });

  it('each attempt is one line in the log, with ids and outcome, and with nothing of what was sent or answered', async () => {
    const worker = started.at(-1)!;
    for (const until = Date.now() + 5_000; linesOf(worker).length < 2 && Date.now() < until;) await wait(20);
    const lines = linesOf(worker);
    expect(lines).to.have.length(receiver.received.length);
    for (const [index, line] of lines.entries()) {
      const { headers } = receiver.received[index]!;
      expect(JSON.parse(line)).to.include({
        level: 'info',
        delivery: headers['x-iozen-delivery-id'],
        event: headers['webhook-id'],
        attempt: 1,
        outcome: 'success',
        status: 200,
      });
    }
    const everything = [worker, api].map(({ output }) => output()).join('');
    expect(everything).not.to.match(/hush|Lovelace|ada@example|secret answer|whsec_|iozen_live_/);
  });

  it('a worker that is killed is followed by another within 15 seconds, and nothing is lost', async () => {
    const first = started.at(-1)!;
    const second = await start('worker');
    await submit();
    await receiver.arrived(3);
    process.kill(-(first.child.pid ?? 0), 'SIGKILL');
    await first.ended;
    await submit();
    const ids = () => new Set(receiver.received.map(({ headers }) => headers['webhook-id']));
    await receiver.until(
      () => ids().size === 4,
      15_000,
      () => `${ids().size} of 4 came`,
    );
    process.kill(second.child.pid ?? 0, 'SIGTERM');
    process.kill(api.child.pid ?? 0, 'SIGTERM');
    expect((await second.ended).code).to.equal(0);
    expect((await api.ended).code).to.equal(0);
  });
});
