import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { clientOf } from './client.js';
import { contactForm } from './factories.js';
import { personAt, signIn } from './people.js';
import { iozen, launch, serving } from './process.js';
import type { Received, Receiver } from './receiver.js';
import { samples } from './samples.js';

const deletion = `mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }`;
const submissionsOf = 'query ($id: ID!) { intakeBot(id: $id) { submissions(first: 100) { nodes { data } } } }';
const shown = '{ contacts(first: 100) { nodes { email } } events(first: 100) { nodes { payload } } }';

/** How one installation is backed up, lost and brought back; the commands are those of `docs/operating.md`. */
export interface Installation {
  /** Settings of every process. */
  env: Record<string, string>;
  backups: string;
  receiver: Receiver;
  /** While nothing runs. */
  backUp: () => Promise<void>;
  exportErasures: () => Promise<void>;
  lose: () => Promise<void>;
  restore: () => Promise<void>;
}

/** Runs a block of the page word for word, as an operator pastes it. */
export async function paste(name: string, env: Record<string, string>): Promise<string> {
  const found = (await samples()).filter(({ page, kind }) => page === 'operating.md' && kind === name);
  expect(found, `the block ${name} of docs/operating.md`).to.have.length(1);
  const { PATH = '', HOME = '' } = process.env;
  // As an operator's shell has npm, whichever Node.js the tests run on.
  const path = [join(process.execPath, '..'), env['PATH'] ?? PATH].join(delimiter);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', found[0]?.code ?? ''], {
    env: { HOME, ...env, PATH: path },
  });
  return stdout;
}

/**
 * Backs an installation up while deliveries wait for another attempt, erases two people, loses everything and restores it:
 * deliveries go on, and the two stay erased, one by the exported list and one by the log.
 */
export async function survivesLoss(site: Installation): Promise<void> {
  const { env, backups, receiver } = site;
  const json = async <T>(words: string, ...more: string[]) => {
    const { stdout, stderr } = await iozen([...words.split(' '), ...more, '--json'], env);
    expect(stderr).to.equal('');
    return JSON.parse(stdout) as T;
  };
  const running: Awaited<ReturnType<typeof serving>>[] = [];
  const start = async () => {
    const server = await serving(launch(['serve'], env));
    running.push(server);
    return server;
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    for (const { child, ended } of running.splice(0)) {
      process.kill(child.pid ?? 0, signal);
      const { code } = await ended;
      if (signal === 'SIGTERM') expect(code).to.equal(0);
    }
  };
  const nameOf = ({ body }: Received) => /"email":"(\w+)@/.exec(body)?.[1] ?? '';

  try {
    receiver.answer = (response) => void response.writeHead(503).end();
    const first = await start();
    const made = await json<{ workspace_id: string; api_key: string; owner: { email: string; password: string } }>(
      'workspace create --name Acme --plan business --owner-email owner@acme.test',
    );
    const schema = join(backups, 'schema.json');
    await writeFile(schema, JSON.stringify(contactForm));
    const bot = await json<{ id: string }>(
      'bot create --name Form --status ACTIVE',
      '--workspace',
      made.workspace_id,
      '--schema',
      schema,
    );
    const key = (url: string) => clientOf(url, made.api_key);
    const events = ['submission.completed'];
    const { body: registered } = await key(first.url).rest('POST', '/webhooks', { url: receiver.url, events });
    const { secret } = registered.data.webhook;
    for (const name of ['ada', 'grace', 'joan']) {
      const data = { full_name: name, email: `${name}@example.com` };
      const path = `/intake-bots/${bot.id}/submissions`;
      expect((await key(first.url).rest('POST', path, { data })).status).to.equal(200);
    }
    await receiver.until(
      () => new Set(receiver.received.map(nameOf)).size === 3,
      20_000,
      () => `${receiver.received.map(nameOf).join()} were told`,
    );
    await end('SIGTERM');
    const attempted = new Map<string, number>();
    for (const request of receiver.received) {
      const number = Number(request.headers['x-iozen-attempt']);
      attempted.set(nameOf(request), Math.max(number, attempted.get(nameOf(request)) ?? 0));
    }
    const ids = new Map(receiver.received.map((request) => [nameOf(request), request.headers['webhook-id']]));

    await site.backUp();

    const second = await start();
    const owner = personAt(second.url);
    await signIn(owner, made.owner.email, made.owner.password);
    const { body: people } = await key(second.url).graphql('{ contacts(first: 10) { nodes { id email } } }');
    const erase = async (email: string) => {
      const { id } = people.data.contacts.nodes.find((one: { email: string }) => one.email === email);
      const { body } = await owner.graphql(deletion, { input: { id, eraseSubmissions: true } });
      expect(body.data?.deleteContact.erasure.status, JSON.stringify(body.errors)).to.equal('DONE');
    };
    await erase('ada@example.com');
    await site.exportErasures();
    await erase('grace@example.com');
    await end('SIGKILL');
    await writeFile(join(backups, 'iozen.log'), second.output());
    expect(second.output()).not.to.include('ada@').and.not.include('grace@');
    await site.lose();

    await site.restore();
    const before = receiver.received.length;
    const [byList, byLog] = (await paste('replay', { ...env, BACKUPS: backups })).split(/(?=^read: )/m);
    expect(byList).to.match(/^read: 1\nreplayed: 1\n/);
    expect(byLog).to.match(/^read: 2\nreplayed: 1\nrunning: 0\nknown: 1\n/);
    receiver.answer = (response) => void response.end();
    const third = await start();
    await receiver.until(
      () => receiver.received.slice(before).some((request) => nameOf(request) === 'joan'),
      20_000,
      () => `only ${receiver.received.slice(before).map(nameOf).join()} were told again`,
    );
    const [goesOn = null] = receiver.received.slice(before);
    // From where the backup had it: the same event, the next attempt, under the secret of before.
    expect(goesOn?.headers['webhook-id']).to.equal(ids.get('joan'));
    expect(goesOn?.headers['x-iozen-attempt']).to.equal(String((attempted.get('joan') ?? 0) + 1));
    new Webhook(secret).verify(goesOn?.body ?? '', (goesOn?.headers ?? {}) as Record<string, string>);

    const { body: left } = await key(third.url).graphql(shown);
    expect(left.data.contacts.nodes).to.deep.equal([{ email: 'joan@example.com' }]);
    const { body: answers } = await key(third.url).graphql(submissionsOf, { id: bot.id });
    expect(answers.data.intakeBot.submissions.nodes).to.have.length(1);
    expect(JSON.stringify([left, answers]))
      .to.not.include('ada')
      .and.not.include('grace');
    await end('SIGTERM');
    expect(receiver.received.slice(before).map(nameOf)).to.deep.equal(['joan']);
    const { erasures } = await json<{ erasures: { status: string }[] }>('erasures list');
    expect(erasures.map(({ status }) => status)).to.deep.equal(['DONE', 'DONE']);
  } finally {
    await end('SIGKILL');
  }
}
