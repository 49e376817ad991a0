/** What is broken on purpose: how, for how long, and what that excuses. */
import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Ground, Server } from './ground.js';
import type { Excuse, Outages } from './outages.js';
import type { Receivers } from './receivers.js';

export interface Fault {
  name: string;
  excuses: Excuse;
  does: () => Promise<void>;
}

export interface Stage {
  ground: Ground;
  receivers: Receivers;
  /** Those that may be killed. */
  api: Server;
  worker: Server;
  /** A command that breaks a database which is not ours, and ends when it is well again; null: there is none. */
  databaseFault: string | null;
}

const dayMs = 86_400_000;

/** All that this machine allows, in the order in which they come; a short soak gets as many as it has time for. */
export function faultsOf({ ground, receivers, api, worker, databaseFault }: Stage): Fault[] {
  const comesBack = async (server: Server, aheadMs = 0) => {
    server.start(aheadMs);
    await server.ready();
  };
  const kill = async (server: Server) => {
    await server.end('SIGKILL');
    await delay(2_000);
    await comesBack(server);
  };
  let skews = 0;
  const faults: (Fault | null)[] = [
    { name: 'worker killed', excuses: {}, does: async () => kill(worker) },
    ground.hasOwnDatabase
      ? {
          name: 'PostgreSQL killed',
          excuses: { refusals: true },
          does: async () => ground.restartPostgres('SIGKILL', 2_000),
        }
      : null,
    { name: 'API killed', excuses: { process: api.name }, does: async () => kill(api) },
    databaseFault === null
      ? null
      : {
          name: 'database fault',
          excuses: { refusals: true },
          does: async () => void (await promisify(exec)(databaseFault)),
        },
    {
      name: 'receiver away',
      excuses: {},
      does: async () => {
        receivers.leave('fast');
        await delay(8_000);
        await receivers.back('fast');
        receivers.sayGone();
      },
    },
    {
      name: 'clocks wrong',
      excuses: { process: api.name },
      does: async () => {
        // They stay wrong until one of the two is started again.
        const aheadMs = [40 * dayMs, -3 * 3_600_000][skews++ % 2] ?? 0;
        await Promise.all([api.end('SIGTERM'), worker.end('SIGTERM')]);
        await Promise.all([comesBack(api, aheadMs), comesBack(worker, -aheadMs / 2)]);
      },
    },
    ground.hasSmallDisk
      ? {
          name: 'disk full',
          excuses: { refusals: true },
          does: async () => {
            await ground.fillDisk(5_000);
            await ground.startPostgres();
          },
        }
      : null,
    {
      name: 'pool full',
      excuses: { refusals: true },
      does: async () => {
        const client = new pg.Client({ connectionString: ground.databaseUrl });
        client.on('error', () => {});
        await client.connect();
        await client.query("set lock_timeout = '5s'");
        await client.query('begin; lock table submissions in access exclusive mode');
        await delay(4_000);
        await client.end();
      },
    },
    ground.names === null
      ? null
      : {
          name: 'slow DNS',
          excuses: {},
          does: async () => {
            const { names } = ground;
            if (names === null) return;
            for (const delayMs of [1_500, null]) {
              names.delayMs = delayMs;
              await delay(5_000);
            }
            names.delayMs = 0;
          },
        },
    ground.hasOwnDatabase
      ? {
          name: 'no connection left',
          excuses: { refusals: true },
          does: async () => {
            const taken: pg.Client[] = [];
            await worker.end('SIGKILL');
            try {
              // A worker that starts meanwhile finds none, and whoever needs one more is refused it.
              worker.mayEnd = true;
              worker.start();
              for (const until = Date.now() + 6_000; Date.now() < until;) {
                const client = new pg.Client({ connectionString: ground.databaseUrl });
                client.on('error', () => {});
                const isIn = await client.connect().then(
                  () => true,
                  () => false,
                );
                if (isIn) taken.push(client);
                else await delay(50);
              }
            } finally {
              await Promise.all(taken.map(async (client) => client.end().catch(() => {})));
            }
            await worker.ready();
            worker.mayEnd = false;
          },
        }
      : null,
    {
      name: 'worker hangs',
      excuses: {},
      does: async () => worker.hang(12_000),
    },
    ground.hasOwnDatabase
      ? {
          name: 'PostgreSQL restarted',
          excuses: { refusals: true },
          does: async () => ground.restartPostgres('SIGINT', 1_000),
        }
      : null,
  ];
  return faults.filter((fault) => fault !== null);
}

/** One after the other, evenly over the time, with quiet at the beginning and the end. */
export async function injectFaults(
  faults: readonly Fault[],
  outages: Outages,
  { fromMs, forMs, signal, note }: { fromMs: number; forMs: number; signal: AbortSignal; note: (line: string) => void },
): Promise<void> {
  if (faults.length === 0) return;
  const shortestMs = 8_000;
  const rounds = Math.max(1, Math.floor(forMs / (faults.length * 60_000)));
  const wanted = Array.from({ length: rounds }, () => faults).flat();
  const count = Math.max(1, Math.min(wanted.length, Math.floor(forMs / shortestMs)));
  const beganAt = Date.now() + fromMs;
  for (const [index, fault] of wanted.slice(0, count).entries()) {
    const waitMs = beganAt + (index * forMs) / count - Date.now();
    await delay(Math.max(0, waitMs), null, { signal }).catch(() => {});
    if (signal.aborted) return;
    note(`fault: ${fault.name}`);
    const end = outages.begin(fault.name, fault.excuses);
    await fault.does();
    end();
    note(`over: ${fault.name}`);
  }
}
