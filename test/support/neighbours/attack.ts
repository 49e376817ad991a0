// One neighbour in a process of its own: reads what to do, attacks until told to stop, and says what was answered.
import { request as send, Agent } from 'node:http';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { waysOf, type Attacker, type Hit } from './ways.js';
import type { World } from './world.js';

export interface Order {
  url: string;
  world: World;
  as: Attacker;
  /** Key, cookie, and the address that it comes from. */
  headers: Record<string, string>;
  /** One way alone, or all in turn. */
  way: string | null;
}

export interface Report {
  /** Answers by status; 0: none. */
  statuses: Record<string, number>;
  /** Ways that were answered with a 5xx, and one such answer. */
  broken: Record<string, string>;
  sent: number;
}

const atOnce = 8;
/** A neighbour who is refused goes on all the same, this often. */
const refusedPerSecond = 50;
/** Whoever is not answered for so long gives up. */
const patienceMs = 15_000;

async function attack({ url, world, as, headers, way }: Order, isOver: () => boolean): Promise<Report> {
  const all = waysOf(world)[as];
  const names = way === null ? Object.keys(all) : [way];
  const report: Report = { statuses: {}, broken: {}, sent: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const uses = new Map<string, number>();
  let nextRefusedMs = performance.now();
  const one = async () => {
    const name = names[report.sent % names.length] ?? '';
    report.sent += 1;
    const n = (uses.get(name) ?? 0) + 1;
    uses.set(name, n);
    const hit = all[name]?.(n);
    if (hit === undefined) throw new Error(`no such way: ${name}`);
    const { status, text } = await shoot(url, hit, headers, agent);
    report.statuses[status] = (report.statuses[status] ?? 0) + 1;
    // Who asks for more than there is room for is told so.
    if (status >= 500 && status !== 503) report.broken[`${name}: ${status}`] ??= text;
    if (status === 429 || status === 0) {
      nextRefusedMs = Math.max(nextRefusedMs + 1_000 / refusedPerSecond, performance.now());
      await delay(Math.max(0, nextRefusedMs - performance.now()));
    }
  };
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (!isOver()) await one();
    }),
  );
  agent.destroy();
  return report;
}

async function shoot(
  url: string,
  { method = 'GET', path, headers: own = {}, body, hangUpMs, readsNothing = false }: Hit,
  headers: Record<string, string>,
  agent: Agent,
): Promise<{ status: number; text: string }> {
  return await new Promise((resolve) => {
    const json: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const apart = hangUpMs === undefined ? { agent } : { agent: false as const };
    const outgoing = send(`${url}${path}`, { method, headers: { ...json, ...headers, ...own }, ...apart }, (answer) => {
      const status = answer.statusCode ?? 0;
      if (readsNothing) return;
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        if (status >= 500 && text.length < 300) text += chunk.toString();
      });
      answer.on('end', () => resolve({ status, text }));
      answer.on('error', () => resolve({ status: 0, text: '' }));
    });
    outgoing.on('error', () => resolve({ status: 0, text: '' }));
    const giveUp = () => {
      outgoing.destroy();
      resolve({ status: 0, text: '' });
    };
    const timer = setTimeout(giveUp, hangUpMs ?? patienceMs);
    outgoing.on('close', () => {
      clearTimeout(timer);
      resolve({ status: 0, text: '' });
    });
    // A body that is shorter than it said is left unfinished.
    if (own['content-length'] === undefined) outgoing.end(body);
    else outgoing.write(body ?? '');
  });
}

// On the machines of others it would take nothing from what it attacks.
setPriority(19);
let over = true;
process.on('message', (message: Order | 'stop') => {
  if (message === 'stop') over = true;
  else {
    over = false;
    void attack(message, () => over).then((report) => process.send?.(report));
  }
});
process.on('disconnect', () => process.exit());
