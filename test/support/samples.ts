import { execFile, spawn, spawnSync, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { freePort } from './process.js';

export const docs = resolve('docs');

export interface Sample {
  page: string;
  language: string;
  /** What stands behind the language: `listen` is run with words of the test's, a name is that of a file in `receivers`. */
  kind: string;
  code: string;
}

export async function samples(): Promise<Sample[]> {
  const pages = (await readdir(docs, { recursive: true })).filter((name) => /^(integrations\/)?[\w-]+\.md$/.test(name));
  const found = pages.map(async (page) => {
    const text = await readFile(join(docs, page), 'utf8');
    return [...text.matchAll(/^```(\w+)(?: ([\w.-]+))?\n(.*?)^```$/gms)].map(
      ([, language = '', kind = '', code = '']): Sample => ({ page, language, kind, code }),
    );
  });
  return (await Promise.all(found)).flat();
}

/** A newcomer's machine may lack one; where changes are decided on, a sample that did not run is a failure. */
export function has(command: 'curl' | 'openssl'): boolean {
  const found = isFound(command);
  if (!found && process.env['CI'] !== undefined) throw new Error(`the documented samples need ${command}`);
  return found;
}

const isFound = (command: string) => spawnSync(command, ['--help']).error === undefined;

/** What Rack does of an application: in these few lines, as its package is not everywhere where Ruby is. */
const rack = `
  require "socket"
  require "stringio"
  def run(app) = $app = app
  load ARGV[0]
  server = TCPServer.new("127.0.0.1", ENV["PORT"].to_i)
  loop do
    socket = server.accept
    head = socket.gets("\\r\\n\\r\\n").to_s.split("\\r\\n").drop(1).to_h { |line| line.split(": ", 2) }.transform_keys(&:downcase)
    env = head.to_h { |name, value| ["HTTP_" + name.upcase.tr("-", "_"), value] }
    env["rack.input"] = StringIO.new(socket.read(head["content-length"].to_i))
    socket.write("HTTP/1.1 #{$app.call(env)[0]} .\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    socket.close
  end
`;

/** A receiver of `docs/receivers`, and how it is started. */
export interface SampleReceiver {
  language: string;
  file: string;
  /** Makes the program that is started, where that is not the file itself. */
  build?: (file: string, program: string) => [command: string, ...args: string[]];
  command: (file: string, port: number, program: string) => [command: string, ...args: string[]];
}

export const sampleReceivers: readonly SampleReceiver[] = [
  { language: 'Node.js', file: 'receiver.mjs', command: (file) => [process.execPath, file] },
  { language: 'Python', file: 'receiver.py', command: (file) => ['python3', file] },
  {
    language: 'Go',
    file: 'receiver.go',
    build: (file, program) => ['go', 'build', '-o', program, file],
    command: (_file, _port, program) => [program],
  },
  { language: 'PHP', file: 'receiver.php', command: (file, port) => ['php', '-S', `127.0.0.1:${port}`, file] },
  { language: 'Ruby', file: 'config.ru', command: (file) => ['ruby', '-e', rack, file] },
];

/** Whether its interpreter is on this machine; says so where it is not. */
export function canRun({ language, build, command }: SampleReceiver): boolean {
  const [needed] = build?.('', '') ?? command('', 0, '');
  if (isFound(needed)) return true;
  console.warn(`  not run: the receiver in ${language}, as there is no ${needed} on this machine`);
  return false;
}

export interface RunningReceiver {
  url: string;
  /** Resolves with what it prints or logs next that holds the text. */
  prints: (text: string) => Promise<string>;
  stop: () => Promise<void>;
}

/** A documented receiver, on a port that was free a moment ago. */
export async function startSampleReceiver(
  sample: SampleReceiver,
  secret: string,
  port?: number,
): Promise<RunningReceiver> {
  const file = join(docs, 'receivers', sample.file);
  const directory = await mkdtemp(join(tmpdir(), 'iozen-sample-'));
  const program = join(directory, 'receiver');
  if (sample.build !== undefined) {
    const [command, ...args] = sample.build(file, program);
    await promisify(execFile)(command, args);
  }
  port ??= await freePort();
  const env = { PATH: process.env['PATH'] ?? '', PORT: String(port), IOZEN_WEBHOOK_SECRET: secret };
  const [command, ...args] = sample.command(file, port, program);
  const child = spawn(command, args, { env, cwd: directory });
  const stop = async () => {
    child.kill();
    await rm(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}/`;
  const prints = printing(child);
  await answering(url, child).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { url, prints, stop };
}

/** Resolves once something answers at an address that a process is about to serve. */
export async function answering(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the receiver ended with ${child.exitCode}`);
    const answered = await fetch(url, { method: 'POST', body: '' }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Of a process what a receiver's `prints` is. */
export function printing(child: ChildProcessWithoutNullStreams): RunningReceiver['prints'] {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
  }
  return async (text) =>
    await new Promise((resolve) => {
      const look = () => {
        const at = lines.findIndex((line) => line.includes(text));
        if (at === -1) return;
        waiting.delete(look);
        resolve(lines.splice(at, 1)[0] ?? '');
      };
      waiting.add(look);
      look();
    });
}
