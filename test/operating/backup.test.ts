import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { paste, survivesLoss } from '../support/disaster.js';
import { Receiver } from '../support/receiver.js';
import { startDebianPostgres, type DebianPostgres } from './debian-postgres.js';

describe('a backup of a PostgreSQL of your own, made and restored as docs/operating.md has it', function () {
  this.timeout(180_000);

  let server: DebianPostgres;
  let receiver: Receiver;
  let backups: string;

  before(async () => {
    server = await startDebianPostgres();
    receiver = await Receiver.start();
    backups = await mkdtemp(join(tmpdir(), 'iozen-backups-'));
  });
  after(async () => {
    await receiver?.stop();
    await server?.stop();
    if (backups !== undefined) await rm(backups, { recursive: true, force: true });
  });

  it('lets deliveries go on where they stopped, and leaves erased people erased', async () => {
    const administer = async (text: string) => {
      const client = new pg.Client(server.url);
      await client.connect();
      try {
        await client.query(text);
      } finally {
        await client.end();
      }
    };
    const make = async () => await administer("create database iozen template template0 encoding 'UTF8'");
    await make();
    const env = {
      DATABASE_URL: server.url.replace('/postgres?', '/iozen?'),
      SECRETS_KEY: randomBytes(32).toString('base64'),
      PORT: '0',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
      WEBHOOK_RETRY_DELAYS: Array(20).fill('2s').join(),
    };
    // The tools of the server's version.
    const pasted = { ...env, BACKUPS: backups, PATH: `${server.bin}:${process.env['PATH']}` };
    await survivesLoss({
      env,
      backups,
      receiver,
      backUp: async () => void (await paste('backup', pasted)),
      exportErasures: async () => void (await paste('export', pasted)),
      lose: async () => await administer('drop database iozen with (force)'),
      restore: async () => {
        await make();
        await paste('restore', pasted);
      },
    });
  });
});
