import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ended, type Ended, type launch } from '../support/process.js';
import type { ReleaseBefore } from '../support/upgrade/release-before.js';

const run = promisify(execFile);

const releaseBefore = async (): Promise<ReleaseBefore> =>
  JSON.parse(await readFile('test/support/upgrade/release-before.json', 'utf8')) as ReleaseBefore;

/** The release before, built from the history of this checkout. */
export interface OldRelease {
  launch: typeof launch;
  iozen: (words: string[], env: Record<string, string>) => Promise<Ended>;
  remove: () => Promise<void>;
}

/** @returns null, saying so, where the clone has no such commit and cannot fetch it, as a shallow one may */
export async function buildReleaseBefore(): Promise<OldRelease | null> {
  const { commit } = await releaseBefore();
  if (!(await isThere(commit))) {
    console.warn(`  NOT RUN: this clone lacks ${commit}, the release before. \`git fetch --unshallow\` brings it.`);
    return null;
  }
  const place = await mkdtemp(join(tmpdir(), 'iozen-before-'));
  await run('bash', ['-euo', 'pipefail', '-c', 'git archive "$1" | tar -x -C "$2"', 'bash', commit, place]);
  // With its own packages, where ours lack one of them in its version.
  if (await haveAll(join(place, 'package-lock.json')))
    await symlink(resolve('node_modules'), join(place, 'node_modules'));
  else await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: place });
  await run(process.execPath, [join(place, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: place });
  const launch: OldRelease['launch'] = (words, env) =>
    spawn(process.execPath, [join(place, 'dist/src/main.js'), ...words], {
      cwd: place,
      env: { PATH: process.env['PATH'], ...env },
      detached: true,
      stdio: 'pipe',
    });
  return {
    launch,
    iozen: async (words, env) => await ended(launch(words, env)),
    remove: async () => await rm(place, { recursive: true, force: true }),
  };
}

async function haveAll(lock: string): Promise<boolean> {
  const versionsIn = async (file: string) => {
    const { packages } = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, { version: string }> };
    return Object.entries(packages).filter(([path]) => path !== '');
  };
  const ours = new Map(await versionsIn('package-lock.json'));
  return (await versionsIn(lock)).every(([path, { version }]) => ours.get(path)?.version === version);
}

async function isThere(commit: string): Promise<boolean> {
  if (await succeeds('git', 'cat-file', '-e', `${commit}^{commit}`)) return true;
  return await succeeds('git', 'fetch', '--quiet', '--depth=1', 'origin', commit);
}

const succeeds = async (command: string, ...args: string[]): Promise<boolean> =>
  await run(command, args).then(
    () => true,
    () => false,
  );
