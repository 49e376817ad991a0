/**
 * `npm run test:cluster -- --kills 2 --failovers 10`: two API and two worker processes behind nginx, on two nodes of
 * PostgreSQL under Patroni behind HAProxy, each started with its file of `deploy/`. All other arguments go to mocha.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority, makeCertificate } from '../support/certificates.js';
import { missingPackages, nodeNames } from './support/engines.js';

const missing = await missingPackages();
if (missing.length > 0) {
  console.error(
    `The cluster is made of Debian's packages, of which some are not here: apt-get install ${missing.join(' ')}`,
  );
  process.exit(1);
}

const args = process.argv.slice(2);
const failovers = numberBehind('--failovers', '1');
const kills = numberBehind('--kills', '1');

const directory = await mkdtemp(join(tmpdir(), 'iozen-cluster-'));
await chmod(directory, 0o755);
const authority = makeAuthority();
const certificate = makeCertificate(authority, ['localhost', '127.0.0.1']);
await writeFile(join(directory, 'authority.pem'), authority.cert);
await writeFile(join(directory, 'certificate.pem'), certificate.cert);
await writeFile(join(directory, 'key.pem'), certificate.key);

const folder = import.meta.dirname;
const always = [
  '--no-config',
  '--require=reflect-metadata',
  `--require=${join(folder, 'support/cluster.js')}`,
  '--exit',
];
const limits = ['--timeout=120000', '--slow=15000', '--forbid-only', '--fail-zero'];
const files = ['promises', 'kills', 'failover'].map((name) => join(folder, `${name}.test.js`));
const mocha = spawn('mocha', [...always, ...limits, ...args, ...files], {
  stdio: 'inherit',
  env: {
    ...process.env,
    CLUSTER_DIRECTORY: directory,
    CLUSTER_FAILOVERS: failovers,
    CLUSTER_KILLS: kills,
    NODE_EXTRA_CA_CERTS: join(directory, 'authority.pem'),
  },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => mocha.kill(signal));
const [code] = (await once(mocha, 'exit')) as [number | null];

// Patroni lets go of the PostgreSQL that it started: one whose Patroni was killed would stay.
for (const name of nodeNames) {
  const pidFile = join(directory, name, 'data/postmaster.pid');
  const pid = existsSync(pidFile) ? parseInt(await readFile(pidFile, 'utf8')) : NaN;
  if (pid > 0)
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It is gone, and left its file.
    }
}
if (code === 0) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
else console.error(`What each process said is in ${directory}.`);
process.exitCode = code ?? 1;

function numberBehind(option: string, otherwise: string): string {
  const at = args.indexOf(option);
  const number = at === -1 ? otherwise : (args.splice(at, 2)[1] ?? '');
  if (!/^\d{1,3}$/.test(number)) {
    console.error(`${option} wants a number, such as 10.`);
    process.exit(1);
  }
  return number;
}
