import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { contactForm } from '../../support/factories.js';
import { clientOf, type Client } from '../../support/client.js';
import { personAt, signIn, type Person } from '../../support/people.js';
import { freePort, iozen, launch } from '../../support/process.js';
import { Engines } from './engines.js';

/** From the start of a process to where it answers, on a machine that does much else. */
const readyMsMax = 60_000;

/** A process of ours on a port of its own, started again when a test has killed it, as its service would be. */
export class Process {
  private child: ChildProcess | null = null;

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly role: string,
    private readonly env: Record<string, string>,
    private readonly logFile: string,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves once it is ready. */
  async start(): Promise<void> {
    const child = launch(['serve', '--role', this.role], { ...this.env, PORT: String(this.port) });
    this.child = child;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log, { end: false });
    for (const deadlineMs = performance.now() + readyMsMax; performance.now() < deadlineMs; await wait(50)) {
      if (child.exitCode !== null) throw new Error(`${this.name} ended with ${child.exitCode}, see ${this.logFile}`);
      if (await this.isReady()) return;
    }
    throw new Error(`${this.name} is not ready, see ${this.logFile}`);
  }

  async isReady(): Promise<boolean> {
    const answer = fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return await answer.then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.ok;
      },
      () => false,
    );
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

export interface Tenant {
  workspaceId: string;
  /** With all scopes. */
  key: string;
  owner: { email: string; password: string };
}

/** Two API and two worker processes behind nginx, on two nodes of PostgreSQL behind HAProxy. */
export class Cluster {
  private tenants = 0;

  private constructor(
    readonly engines: Engines,
    private readonly env: Record<string, string>,
    readonly apis: readonly [Process, Process],
    readonly workers: readonly [Process, Process],
    /** nginx's. */
    readonly url: string,
  ) {}

  static async start(directory: string): Promise<Cluster> {
    const engines = await Engines.start(directory);
    try {
      await engines.asSuperuser(async (client) => {
        await client.query("create role iozen login password 'iozen'");
        await client.query('create database iozen owner iozen');
      });
      const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const;
      const url = await engines.startNginx([ports[0], ports[1]]);
      const env = {
        DATABASE_URL: engines.databaseUrl('iozen', 'iozen', 'iozen'),
        SECRETS_KEY: randomBytes(32).toString('base64'),
        PUBLIC_URL: url,
        TRUSTED_PROXIES: '127.0.0.0/8',
        WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
        LOG_LEVEL: 'warn',
      };
      const make = (role: 'api' | 'worker', index: 0 | 1) => {
        const name = `${role} ${index + 1}`;
        const port = ports[role === 'api' ? index : index + 2] ?? 0;
        return new Process(name, port, role, env, join(directory, `${name.replace(' ', '')}.log`));
      };
      const apis = [make('api', 0), make('api', 1)] as const;
      const workers = [make('worker', 0), make('worker', 1)] as const;
      const cluster = new Cluster(engines, env, apis, workers, url);
      await Promise.all(cluster.processes.map(async (process) => await process.start()));
      return cluster;
    } catch (error) {
      await engines.stop();
      throw error;
    }
  }

  get processes(): Process[] {
    return [...this.apis, ...this.workers];
  }

  /** What the `iozen` command answers beside the processes. */
  async iozen<T>(words: string, ...more: string[]): Promise<T> {
    const { code, stdout, stderr } = await iozen([...words.split(' '), ...more, '--json'], this.env);
    if (code !== 0) throw new Error(`iozen ${words} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  async createTenant(plan: 'pro' | 'business' = 'business'): Promise<Tenant> {
    this.tenants += 1;
    const email = `owner${this.tenants}@example.com`;
    const made = await this.iozen<{ workspace_id: string; api_key: string; owner: { password: string } }>(
      `workspace create --name T${this.tenants} --plan ${plan} --owner-email ${email}`,
    );
    return { workspaceId: made.workspace_id, key: made.api_key, owner: { email, password: made.owner.password } };
  }

  /** Through nginx, or through one of the processes alone. */
  client(key?: string, { url }: { url: string } = this): Client {
    return clientOf(url, key);
  }

  async signedIn({ owner }: Tenant, { url }: { url: string } = this): Promise<Person> {
    const person = personAt(url);
    await signIn(person, owner.email, owner.password);
    return person;
  }

  async stop(): Promise<void> {
    await Promise.all(this.processes.map(async (process) => await process.kill()));
    await this.engines.stop();
  }
}

let started: Cluster | null = null;

export function theCluster(): Cluster {
  if (started === null) throw new Error('The cluster is started by `npm run test:cluster`');
  return started;
}

export async function mochaGlobalSetup(): Promise<void> {
  const beganMs = performance.now();
  started = await Cluster.start(process.env['CLUSTER_DIRECTORY'] ?? '');
  console.log(
    `  etcd, Patroni, HAProxy, nginx and four processes are up after ${seconds(performance.now() - beganMs)}\n`,
  );
}

export async function mochaGlobalTeardown(): Promise<void> {
  await started?.stop();
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

export async function createBot(client: Client): Promise<string> {
  const mutation = 'mutation ($input: CreateIntakeBotInput!) { createIntakeBot(input: $input) { intakeBot { id } } }';
  const input = { name: 'Contact us', status: 'ACTIVE', schema: contactForm };
  return (await client.graphql(mutation, { input })).body.data.createIntakeBot.intakeBot.id as string;
}

export async function createEndpoint(client: Client, input: object): Promise<string> {
  const mutation =
    'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }';
  const { body } = await client.graphql(mutation, { input });
  if (body.data?.createWebhookEndpoint === undefined) throw new Error(JSON.stringify(body));
  return body.data.createWebhookEndpoint.webhookEndpoint.id as string;
}

export async function createKey(person: Person, input: object): Promise<{ id: string; secret: string }> {
  const mutation = 'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } secret } }';
  const { body } = await person.graphql(mutation, { input });
  if (body.data?.createApiKey === undefined) throw new Error(JSON.stringify(body));
  return { id: body.data.createApiKey.apiKey.id, secret: body.data.createApiKey.secret };
}

/** The last event of a workspace that has one: an event is listed once none can come before it any more. */
export async function latestEvent(client: Client): Promise<string> {
  for (;;) {
    const { body } = await client.graphql('{ events(first: 1) { nodes { id } } }');
    const [event] = body.data.events.nodes as { id: string }[];
    if (event !== undefined) return event.id;
    await wait(20);
  }
}
