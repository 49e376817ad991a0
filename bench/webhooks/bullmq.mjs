import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Queue, Worker } from 'bullmq';
import { temporaryDirectory } from '../support/ground.mjs';
import { concurrency, endpoints, startPeer } from './work.mjs';

/** Null where there is no redis-server. */
export async function startBullmq(url, receiver) {
  try {
    execFileSync('redis-server', ['--version']);
  } catch {
    return null;
  }
  return await startPeer(url, receiver, async ({ deliver }) => {
    const redis = await startRedis();
    const connection = { host: '127.0.0.1', port: redis.port };
    const queue = new Queue('deliver', { connection });
    return {
      add: async (event) =>
        await queue.addBulk(
          Array.from({ length: endpoints }, (_, index) => ({ name: 'deliver', data: { event, index } })),
        ),
      async start() {
        const work = async ({ data: { event, index } }) => await deliver(event, index);
        const worker = new Worker('deliver', work, { connection, concurrency, removeOnComplete: { count: 0 } });
        await worker.waitUntilReady();
        return async () => await worker.close();
      },
      async close() {
        await queue.close();
        await redis.stop();
      },
    };
  });
}

/** As BullMQ's guide to production wants it: an append-only file synced once a second, and nothing evicted. */
async function startRedis() {
  const directory = await temporaryDirectory();
  const port = await freePort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: directory.path,
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    // Neither snapshots nor rewrites in the middle of a measurement.
    save: '',
    'auto-aof-rewrite-percentage': 0,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  process.once('exit', () => child.kill());
  await new Promise((resolve, reject) => {
    const lines = [];
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      if (line.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server ended:\n${lines.join('\n')}`)));
  });
  return {
    port,
    async stop() {
      child.kill();
      await exit;
      await directory.remove();
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
