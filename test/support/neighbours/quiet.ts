import { setTimeout as delay } from 'node:timers/promises';
import type { Quiet } from './world.js';

export const quietOperations = ['sign-in', 'create', 'list', 'delivery'] as const;
export type QuietOperation = (typeof quietOperations)[number];

/** Milliseconds of each, from when it was due: an open loop, so that waiting counts. */
export type Latencies = Record<QuietOperation, number[]>;

/** Of what came to the quiet workspace's endpoint: event id and Unix milliseconds. */
export type Arrivals = () => Promise<readonly (readonly [id: string, atMs: number])[]>;

const signInsPerSecond = 1;
const createsPerSecond = 3;
const listsPerSecond = 3;
const signInMutation = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }';

let signIns = 0;
let people = 0;

/** What an ordinary workspace does, well within its budget. @throws whenever anything of it is not answered as ever */
export async function liveQuietly(url: string, quiet: Quiet, arrivals: Arrivals, seconds: number): Promise<Latencies> {
  const latencies: Latencies = { 'sign-in': [], create: [], list: [], delivery: [] };
  const key = { authorization: `Bearer ${quiet.key}`, 'content-type': 'application/json' };
  const created = new Map<string, number>();
  await arrivals();

  const answered = async (what: QuietOperation, dueMs: number, path: string, init: RequestInit): Promise<string> => {
    const answer = await fetch(url + path, init);
    const text = await answer.text();
    if (answer.status !== 200 || text.includes('"errors"')) {
      throw new Error(`the quiet workspace's ${what} was answered ${answer.status}: ${text.slice(0, 300)}`);
    }
    latencies[what].push(performance.now() - dueMs);
    return text;
  };
  const signIn = async (dueMs: number) => {
    // People come from anywhere.
    const address = `198.51.100.${(signIns += 1) % 200}`;
    const { email, password } = quiet.owner;
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
    const body = JSON.stringify({ query: signInMutation, variables: { input: { email, password } } });
    await answered('sign-in', dueMs, '/graphql', { method: 'POST', headers, body });
  };
  const create = async (dueMs: number) => {
    const data = { full_name: 'Ada Lovelace', email: `quiet${(people += 1)}@example.com`, topic: 'Sales' };
    const body = JSON.stringify({ data });
    const sentAt = performance.timeOrigin + dueMs;
    const path = `/api/v1/intake-bots/${quiet.botId}/submissions`;
    const text = await answered('create', dueMs, path, { method: 'POST', headers: key, body });
    created.set((JSON.parse(text) as { data: { submission: { id: string } } }).data.submission.id, sentAt);
  };
  const list = async (dueMs: number) => {
    await answered('list', dueMs, `/api/v1/intake-bots/${quiet.botId}/submissions?limit=20`, { headers: key });
  };

  const steadily = async (perSecond: number, act: (dueMs: number) => Promise<void>) => {
    const startedAt = performance.now();
    const acts: Promise<void>[] = [];
    for (let n = 0; n < perSecond * seconds; n += 1) {
      const dueMs = startedAt + (n * 1_000) / perSecond;
      await delay(Math.max(0, dueMs - performance.now()));
      acts.push(act(dueMs));
    }
    await Promise.all(acts);
  };
  await Promise.all([
    steadily(signInsPerSecond, signIn),
    steadily(createsPerSecond, create),
    steadily(listsPerSecond, list),
  ]);

  const arrived = new Map<string, number>();
  const untilMs = performance.now() + 15_000;
  while (arrived.size < created.size) {
    for (const [id, at] of await arrivals()) if (created.has(id)) arrived.set(id, at);
    if (performance.now() > untilMs) throw new Error(`${arrived.size} of ${created.size} deliveries came`);
    await delay(20);
  }
  for (const [id, at] of arrived) latencies.delivery.push(at - (created.get(id) ?? 0));
  return latencies;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
