import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { launch, serving } from '../process.js';
import { Receiver } from '../receiver.js';
import type { Order, Report } from './attack.js';
import { liveQuietly, type Arrivals, type Latencies } from './quiet.js';
import { waysOf, type Attacker } from './ways.js';
import { makeWorld, settingsFor, type Size, type World } from './world.js';

export const attackers: readonly Attacker[] = ['key', 'member', 'stranger'];

/** How the quiet workspace fared beside neighbours, and what these were told. */
export interface Beside {
  latencies: Latencies;
  reports: Readonly<Record<Attacker, Report>>;
}

/** A server in a process of its own, a quiet workspace on it, and neighbours who mean no good, each in another process. */
export class Neighbourhood {
  private addresses = 0;

  private constructor(
    readonly url: string,
    readonly world: World,
    private readonly server: ChildProcess,
    private readonly ended: Promise<unknown>,
    private readonly receiver: Receiver,
    private readonly processes: Readonly<Record<Attacker, ChildProcess>>,
  ) {}

  /** On an empty, migrated database. */
  static async start(databaseUrl: string, size: Size, env: Record<string, string> = {}): Promise<Neighbourhood> {
    const receiver = await Receiver.start();
    receiver.answer = (response, { path }) => {
      // The hostile workspace's endpoints hang, and so do the ad platforms.
      if (!path.includes('/slow')) response.end();
    };
    const { origin } = new URL(receiver.url);
    const settings = { ...settingsFor(databaseUrl, `${origin}/slow`), ...env };
    const world = await makeWorld(settings, size, origin);
    const { child, url, ended } = await serving(launch(['serve'], settings));
    const [key, member, stranger] = attackers.map(() => fork(join(import.meta.dirname, 'attack.js')));
    if (key === undefined || member === undefined || stranger === undefined) throw new Error('no attackers');
    return new Neighbourhood(url, world, child, ended, receiver, { key, member, stranger });
  }

  async alone(seconds: number): Promise<Latencies> {
    return await liveQuietly(this.url, this.world.quiet, this.arrivals, seconds);
  }

  /** All three at once, in all their ways; or one of them in one way. */
  async beside(seconds: number, only?: { as: Attacker; way: string }): Promise<Beside> {
    const taking = attackers.filter((as) => only === undefined || only.as === as);
    const ended: [Attacker, Promise<Report>][] = [];
    for (const as of taking) {
      const process = this.processes[as];
      const { url, world } = this;
      const order: Order = { url, world, as, headers: await this.headersOf(as), way: only?.way ?? null };
      ended.push([as, once(process, 'message').then(([report]) => report as Report)]);
      process.send(order);
    }
    try {
      const latencies = await this.alone(seconds);
      return { latencies, reports: await this.reports(ended) };
    } catch (error) {
      const reports = await this.reports(ended);
      throw new Error(`${String(error)}; the neighbours: ${JSON.stringify(reports)}`, { cause: error });
    }
  }

  /** Every way there is. */
  ways(): { as: Attacker; way: string }[] {
    const all = waysOf(this.world);
    return attackers.flatMap((as) => Object.keys(all[as]).map((way) => ({ as, way })));
  }

  async health(): Promise<number> {
    const startedAt = performance.now();
    const { status } = await fetch(`${this.url}/healthz`);
    if (status !== 200) throw new Error(`/healthz was answered ${status}`);
    return performance.now() - startedAt;
  }

  async stop(): Promise<void> {
    for (const process of Object.values(this.processes)) process.disconnect();
    this.server.kill();
    const hard = setTimeout(() => this.server.kill('SIGKILL'), 25_000);
    await this.ended;
    clearTimeout(hard);
    await this.receiver.stop();
  }

  private async reports(ended: [Attacker, Promise<Report>][]): Promise<Record<Attacker, Report>> {
    for (const [as] of ended) this.processes[as].send('stop');
    const late = delay(30_000, null, { ref: false }).then(() => {
      throw new Error('a neighbour did not stop');
    });
    const reports = Promise.all(ended.map(async ([as, report]) => [as, await report] as const));
    return Object.fromEntries(await Promise.race([reports, late])) as Record<Attacker, Report>;
  }

  private async headersOf(as: Attacker): Promise<Record<string, string>> {
    const { keys, members } = this.world.hostile;
    this.addresses += 1;
    const address = `203.0.113.${this.addresses % 250}`;
    const key = keys[this.addresses % keys.length] ?? '';
    const member = members[this.addresses % members.length] ?? { email: '', password: '' };
    const from = { 'x-forwarded-for': address };
    if (as === 'key') return { ...from, authorization: `Bearer ${key}` };
    return as === 'stranger' ? from : { ...from, cookie: await this.signIn(member) };
  }

  private async signIn(input: { email: string; password: string }): Promise<string> {
    const query = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }';
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': `192.0.2.${this.addresses % 250}` };
    const body = JSON.stringify({ query, variables: { input } });
    const answer = await fetch(`${this.url}/graphql`, { method: 'POST', headers, body });
    const [cookie] = answer.headers.getSetCookie();
    if (cookie === undefined) throw new Error(`nobody was signed in: ${answer.status} ${await answer.text()}`);
    return cookie.split(';', 1)[0] ?? '';
  }

  private readonly arrivals: Arrivals = async () => {
    const came = this.receiver.received.splice(0).filter(({ path }) => path.endsWith('/quiet'));
    return came.map(({ body, at }) => {
      const { data } = JSON.parse(body) as { data: { submission: { id: string } } };
      return [data.submission.id, at] as const;
    });
  };
}
