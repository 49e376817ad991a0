import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { paste, survivesLoss } from '../support/disaster.js';
import { temporaryDirectory } from '../support/process.js';
import { Receiver } from '../support/receiver.js';

describe('a backup of the embedded database, made and restored as docs/operating.md has it', function () {
  this.timeout(120_000);

  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let receiver: Receiver;
  let backups: string;

  before(async () => {
    directory = await temporaryDirectory();
    receiver = await Receiver.start();
    backups = await mkdtemp(join(tmpdir(), 'iozen-backups-'));
  });
  after(async () => {
    await receiver.stop();
    await directory.remove();
    await rm(backups, { recursive: true, force: true });
  });

  it('lets deliveries go on where they stopped, and leaves erased people erased', async () => {
    const env = {
      DATA_DIR: directory.path,
      PORT: '0',
      WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
      WEBHOOK_RETRY_DELAYS: Array(20).fill('2s').join(),
    };
    const withBackups = { ...env, BACKUPS: backups };
    await survivesLoss({
      env,
      backups,
      receiver,
      backUp: async () => void (await paste('backup-embedded', withBackups)),
      exportErasures: async () => void (await paste('export', withBackups)),
      lose: async () => {
        // The postmaster outlives its server: a lost disk takes it along.
        const found = await promisify(execFile)('head', ['-n1', join(directory.path, 'postgres', 'postmaster.pid')]);
        process.kill(Number(found.stdout), 'SIGKILL');
        await directory.remove();
      },
      restore: async () => void (await paste('restore-embedded', withBackups)),
    });
  });
});
