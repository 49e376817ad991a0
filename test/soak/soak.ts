/**
 * `npm run soak -- --minutes 10`: real clients at a set rate while one thing after another is broken on purpose, and in
 * the end an account of what was asked, refused, delivered and lost. It ends with 1 where a promise broke, and names it.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import type { PlatformDouble } from '../platforms/double.js';
import { printed, type Account } from './account.js';
import { ConsoleUser } from './console-user.js';
import { faultsOf, injectFaults } from './faults.js';
import { Follower, ListReader } from './followers.js';
import { Ground } from './ground.js';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import { memoryAccount } from './memory.js';
import { Outages } from './outages.js';
import { Receivers } from './receivers.js';
import { Requests } from './requests.js';
import { makeWorkspace, settingsFor, startDoubles, type Workspace } from './site.js';

const usage = `npm run soak -- [--minutes 10] [--rate 25] [--json FILE] [--database-url URL] [--database-fault COMMAND]
  --setting NAME=VALUE    of all processes, such as DATABASE_REPLICA_URL; may come several times
  --minutes N             how long, also a fraction; what is under way at the end is waited for beside
  --rate N                requests a second
  --json FILE             the account as JSON, too
  --database-url URL      an empty database that stands already, instead of one of the soak's own
  --database-fault CMD    breaks that database, and ends once it is well again: a failover, say
  --grace N               seconds after a fault in which refusals are still its own (5)
  --quiet                 no faults`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '25' },
    json: { type: 'string' },
    'database-url': { type: 'string' },
    'database-fault': { type: 'string' },
    setting: { type: 'string', multiple: true, default: [] },
    grace: { type: 'string', default: '5' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [minutes, rate, grace] = [Number(values.minutes), Number(values.rate), Number(values.grace)];
if (values.help || !(minutes > 0) || !(rate > 0) || !(grace >= 0)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const patienceMs = 90_000;
const progressMs = 10_000;
/** With nothing more taken for so long, what is left is lost, however slow the machine. */
const stuckMs = 90_000;

const beganAt = Date.now();
const clockOf = (ms: number) => new Date(ms).toISOString().slice(11, 19);
const note = (line: string) => console.log(`${clockOf(Date.now() - beganAt)} ${line}`);

const ground = await Ground.open({ databaseUrl: values['database-url'] ?? null, minutes });
const ledger = new Ledger();
const receivers = await Receivers.start(ledger);
const doubles = await startDoubles();
const platforms: [string, PlatformDouble][] = Object.entries(doubles);
const outages = new Outages(grace * 1_000);
const given = values.setting.map((setting) => setting.split(/=(.*)/s).slice(0, 2));
const settings = { ...settingsFor(doubles), ...(Object.fromEntries(given) as Record<string, string>) };
const servers = await Promise.all(
  (['api', 'worker'] as const).flatMap((role) =>
    [1, 2].map(async (n) => ground.server(`${role} ${n}`, role, settings)),
  ),
);
const [api1, api2, worker1, worker2] = servers as [Server, Server, Server, Server];
type Server = (typeof servers)[number];

let code = 2;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stopping.abort());
try {
  code = (await soak()).broken.length === 0 ? 0 : 1;
} catch (error) {
  console.error(error);
} finally {
  await Promise.allSettled(servers.map(async (server) => server.stop()));
  await receivers.stop();
  for (const [, double] of platforms) await double.stop();
  await ground.close(code !== 0);
  if (code !== 0) console.log(`The logs of all processes are in ${ground.directory}`);
}
process.exit(code);

async function soak(): Promise<Account> {
  note(`${minutes} min at ${rate} requests/s; setting up`);
  // Migrations are one process's; the others find them done.
  api1.start();
  await api1.ready();
  for (const server of [api2, worker1, worker2]) server.start();
  await Promise.all(servers.map(async (server) => server.ready()));

  const startedAt = Date.now();
  const requests = new Requests([api1, api2], startedAt, patienceMs);
  const count = Math.max(1, Math.ceil(rate / 12));
  const keys = Math.min(6, Math.max(1, Math.ceil(rate / count / 5)));
  const workspaces: Workspace[] = [];
  const needs = { ground, requests, ledger, receivers, doubles };
  for (let n = 1; n <= count; n += 1) workspaces.push(await makeWorkspace(needs, n, keys));
  const load = new Load(requests, ledger, workspaces, rate, (digest) => {
    for (const [, double] of platforms) double.knowsDigest('external_id', digest);
  });
  await load.begin();
  const readers = workspaces.map((workspace) => new ListReader(requests, ledger, workspace));
  const followers = workspaces.flatMap((workspace, n) => [
    new Follower(`WebSocket ${n + 1}`, requests, ledger, workspace, null, 'socket'),
    new Follower(`server-sent events ${n + 1}`, requests, ledger, workspace, ['submission.completed'], 'sse'),
  ]);
  for (const follower of followers) follower.start();
  const user = new ConsoleUser(requests, ledger, workspaces[0] as Workspace);

  const faults = values.quiet
    ? []
    : faultsOf({ ground, receivers, api: api2, worker: worker2, databaseFault: values['database-fault'] ?? null });
  const loadMs = minutes * 60_000;
  const warmMs = Math.min(300_000, loadMs * 0.4);
  note(
    `${count} workspaces, ${servers.length} processes, faults: ${faults.map(({ name }) => name).join(', ') || 'none'}`,
  );

  const running = new AbortController();
  const { signal } = running;
  const every = async (ms: number, does: () => Promise<void> | void) => {
    while (!signal.aborted) {
      await delay(ms, null, { signal }).catch(() => {});
      if (!signal.aborted) await does();
    }
  };
  const steady = [api1, worker1];
  const beside = [
    every(progressMs, progress),
    every(5_000, async () => void (await Promise.all(readers.map(async (reader) => reader.read())))),
    every(5_000, resumePaused),
    every(Math.min(30_000, Math.max(10_000, loadMs / 24)), async () => {
      for (const server of steady) await server.measure().catch(() => {});
    }),
  ];
  const loadBegan = Date.now();
  const injecting = injectFaults(faults, outages, {
    fromMs: Math.min(30_000, loadMs * 0.1),
    forMs: loadMs * 0.85,
    signal: stopping.signal,
    note,
  }).catch((error: unknown) => {
    ledger.breaks('what was broken on purpose comes back', `${outages.current().join(', ')}: ${String(error)}`);
    stopping.abort();
  });
  const loads = [load.run(), user.walk()];
  await delay(loadMs, null, { signal: stopping.signal }).catch(() => {});
  load.stop();
  user.stop();
  await injecting;
  await Promise.all(loads);
  note('the load is over; waiting for what is under way');
  const loadEnded = Date.now();

  await settled();
  running.abort();
  await Promise.all(beside);
  for (const reader of readers) await reader.read();
  await followersCaughtUp();
  for (const follower of followers) await follower.stop();
  return await account();

  function progress(): void {
    const { accepted, events, duplicates } = ledger.counts();
    const due = ledger.due().count;
    const refused = [...requests.refusals.values()].reduce((sum, times) => sum + times, 0);
    const current = outages.current();
    const last = requests.minutes().at(-1);
    note(
      `${requests.count} requests, ${refused} refused, ${requests.failures.length} 5xx, ${requests.breaks.length} broken off; ` +
        `${accepted} writes, ${events} events, ${receivers.requests} received, ${due} due, ${duplicates} twice; ` +
        `p99 ${last?.p99Ms ?? 0} ms${current.length > 0 ? `; ${current.join(', ')}` : ''}`,
    );
  }

  /** As an operator would who reads the notice; what was held is sent then. */
  async function resumePaused(): Promise<void> {
    for (const { id, keys, endpoints } of workspaces) {
      const headers = { Authorization: `Bearer ${keys[0]}` };
      const answered = await requests.ask({
        door: 'rest',
        method: 'GET',
        path: '/api/v1/webhooks?limit=50',
        headers,
        repeats: true,
      });
      const webhooks = (answered?.body?.data?.webhooks ?? []) as { id: string; status: string }[];
      for (const webhook of webhooks.filter(({ status }) => status === 'paused')) {
        const path = `/api/v1/webhooks/${webhook.id}`;
        await requests.ask({ door: 'rest', method: 'PATCH', path, body: { status: 'active' }, headers, repeats: true });
        note(`resumed ${endpoints.find((one) => one.id === webhook.id)?.kind} of ${id}`);
      }
    }
  }

  /** Until everything promised has come, or nothing more comes: slowness alone loses nothing. */
  async function settled(): Promise<void> {
    let [best, bestAt] = [Infinity, Date.now()];
    for (;;) {
      const left = ledger.due().count + ledger.unheard() + untold().length;
      if (left === 0) return;
      if (left < best) [best, bestAt] = [left, Date.now()];
      if (Date.now() - bestAt > stuckMs || (stopping.signal.aborted && Date.now() - bestAt > 15_000)) return;
      await delay(1_000);
    }
  }

  async function followersCaughtUp(): Promise<void> {
    let [best, bestAt] = [-1, Date.now()];
    for (;;) {
      const told = followers.reduce((sum, { ids }) => sum + ids.length, 0);
      const wanted = followers.reduce(
        (sum, { workspace, types }) => sum + ledger.toFollow(workspace.id, workspace.firstEventId, types),
        0,
      );
      if (told >= wanted) return;
      if (told > best) [best, bestAt] = [told, Date.now()];
      if (Date.now() - bestAt > 30_000) return;
      await delay(1_000);
    }
  }

  /** Leads that a platform was not told of, by platform and id. */
  function untold(): string[] {
    return platforms.flatMap(([platform, { conversions }]) => {
      const told = new Set(conversions.flatMap(({ key }) => /c[a-z0-9]{24}/.exec(key)?.[0] ?? []));
      return load.leads.filter((id) => !told.has(id)).map((id) => `${platform} ${id}`);
    });
  }

  async function account(): Promise<Account> {
    for (const { name, workspace, types, ids } of followers)
      ledger.followed(name, workspace.id, workspace.firstEventId, types, ids);
    for (const lead of untold()) ledger.breaks('each lead is told to each platform', lead);
    for (const [platform, { failures, conversions }] of platforms) {
      for (const { name, detail } of failures)
        ledger.breaks('a platform is told nothing wrong', `${platform}: ${name}: ${detail}`);
      const keys = conversions.map(({ key }) => key);
      if (new Set(keys).size < keys.length) ledger.breaks('each lead counts once', platform);
    }
    for (const failure of requests.failures)
      if (!outages.excuseRefusal(failure))
        ledger.breaks(
          '5xx only while something was broken on purpose',
          `${clockOf(failure.from - beganAt)} ${failure.process} ${failure.what}`,
        );
    for (const broken of requests.breaks)
      if (!outages.excuseBreak(broken))
        ledger.breaks(
          'no request is dropped but by a process that was killed',
          `${clockOf(broken.from - beganAt)} ${broken.process} ${broken.what}`,
        );
    for (const { name, endedByItself } of servers)
      if (endedByItself > 0) ledger.breaks('no process ends by itself', `${name}, ${endedByItself} times`);
    for (const { id } of workspaces) {
      const { ok, rows } = await ground
        .iozen('audit', 'verify', '--workspace', id)
        .catch((error: Error) => ({ ok: false, rows: error.message }));
      if (ok !== true) ledger.breaks('the audit log verifies', `${id}: ${rows}`);
    }
    const memory = steady.map(({ name, memory }) => memoryAccount(name, memory, loadBegan + warmMs));
    for (const { process, isFlat, slopeBytesPerMinute } of memory)
      if (!isFlat)
        ledger.breaks('memory is flat after the warm-up', `${process}: ${slopeBytesPerMinute} bytes a minute`);

    const errors: Record<string, number> = {};
    for (const server of servers)
      for (const [what, times] of await server.errors()) errors[what] = (errors[what] ?? 0) + times;
    const broken = ledger.judge();
    const made: Account = {
      minutes: (loadEnded - loadBegan) / 60_000,
      rate,
      requests: requests.count,
      refusals: Object.fromEntries([...requests.refusals].toSorted(([one], [other]) => one.localeCompare(other))),
      unanswered: requests.breaks.length,
      serverErrors: requests.failures.length,
      ...ledger.counts(),
      received: receivers.requests,
      conversions: Object.fromEntries(
        platforms.map(([name, { conversions, repeats }]) => [name, { told: conversions.length, repeats }]),
      ),
      leads: load.leads.length,
      streams: followers.map(({ name, ids, ends }) => ({ name, told: ids.length, ends: Object.fromEntries(ends) })),
      console: { walked: user.walked.size, notWalked: user.notWalked() },
      perMinute: requests.minutes(),
      memory,
      faults: outages.all.map((outage) => {
        const { fault, from, to } = outage;
        return {
          fault,
          fromSecond: (from - loadBegan) / 1_000,
          seconds: ((to ?? Date.now()) - from) / 1_000,
          ...outages.shareOf(outage, { refusals: requests.failures, breaks: requests.breaks }),
        };
      }),
      leftOut: ground.leftOut,
      errorsInLogs: errors,
      broken,
    };
    console.log(printed(made));
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(made, null, 2)}\n`);
    return made;
  }
}
