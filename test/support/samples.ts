import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { freePort } from './process.js';

export const docs = resolve('docs');

export interface Sample {
  page: string;
  language: string;
  /** What stands behind the language: `webhook-receiver` is started and posted to. */
  kind: string;
  code: string;
}

export async function samples(): Promise<Sample[]> {
  const pages = (await readdir(docs, { recursive: true })).filter((name) => /^(integrations\/)?[\w-]+\.md$/.test(name));
  const found = pages.map(async (page) => {
    const text = await readFile(join(docs, page), 'utf8');
    return [...text.matchAll(/^```(\w+)(?: ([\w-]+))?\n(.*?)^```$/gms)].map(
      ([, language = '', kind = '', code = '']): Sample => ({ page, language, kind, code }),
    );
  });
  return (await Promise.all(found)).flat();
}

/** A newcomer's machine may lack one; where changes are decided on, a sample that did not run is a failure. */
export function has(command: 'curl' | 'python3'): boolean {
  const found = spawnSync(command, ['--version']).status === 0;
  if (!found && process.env['CI'] !== undefined) throw new Error(`the documented samples need ${command}`);
  return found;
}

export interface SampleReceiver {
  url: string;
  /** What it prints. */
  lines: Interface;
  stop: () => Promise<void>;
}

/** The documented receiver in a language, on a port that was free a moment ago. */
export async function startSampleReceiver(
  language: 'js' | 'python',
  secret: string,
  port?: number,
): Promise<SampleReceiver> {
  const sample = (await samples()).find((one) => one.kind === 'webhook-receiver' && one.language === language);
  const directory = await mkdtemp(join(tmpdir(), 'iozen-sample-'));
  const file = join(directory, language === 'js' ? 'receiver.mjs' : 'receiver.py');
  await writeFile(file, sample?.code ?? '');
  port ??= await freePort();
  const env = { PATH: process.env['PATH'] ?? '', PORT: String(port), IOZEN_WEBHOOK_SECRET: secret };
  const command = language === 'js' ? process.execPath : 'python3';
  const child = spawn(command, [file], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const url = `http://127.0.0.1:${port}/`;
  const stop = async () => {
    child.kill();
    await rm(directory, { recursive: true, force: true });
  };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`);
    const answered = await fetch(url, { method: 'POST', body: '' }).then(
      () => true,
      () => false,
    );
    if (answered) return { url, lines: createInterface(child.stdout), stop };
    await new Promise((done) => setTimeout(done, 20));
  }
}
