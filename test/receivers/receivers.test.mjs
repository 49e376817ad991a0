import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createTenant, startServer } from '../../dist/test/support/app.js';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot } from '../../dist/test/support/factories.js';
import { freePort } from '../../dist/test/support/process.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import { docs, samples } from '../../dist/test/support/samples.js';

const folder = import.meta.dirname;
const source = join(folder, '../../packages/webhooks');
/** Programs of the docs run here, where the frameworks and the package are found. */
const programs = join(folder, 'dist');
const installed = join(folder, 'node_modules/@iozen/webhooks');
const tool = (name) => join(folder, 'node_modules/.bin', name);

const run = async (command, args, cwd = programs) =>
  await promisify(execFile)(command, args, { cwd, env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' } }).catch(
    ({ message, stdout, stderr }) => {
      throw new Error(`${message}\n${stdout}\n${stderr}`);
    },
  );

const sizeOf = async (path) => {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => await stat(file)));
  return {
    bytes: sizes.reduce((sum, { size }) => sum + size, 0),
    onDisk: sizes.reduce((sum, { blocks }) => sum + 512 * blocks, 0),
  };
};

describe('the package @iozen/webhooks', () => {
  let directory;
  let tarball;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iozen-receivers-'));
    await run('npm', ['pack', '--silent', '--pack-destination', directory], source);
    tarball = join(directory, (await readdir(directory)).find((name) => name.endsWith('.tgz')) ?? '');
    const project = join(directory, 'project');
    await mkdir(project);
    await writeFile(join(project, 'package.json'), '{}');
    await run('npm', ['install', '--silent', tarball], project);
    await rm(programs, { recursive: true, force: true });
    await rm(installed, { recursive: true, force: true });
    await mkdir(programs);
    await cp(join(project, 'node_modules/@iozen/webhooks'), installed, { recursive: true });
  });
  after(async () => await rm(directory, { recursive: true, force: true }));

  it('is less than 20 kB, and takes less than 100 kB of disk where it is installed', async () => {
    expect((await sizeOf(installed)).bytes).to.be.below(20_000);
    expect((await sizeOf(join(directory, 'project/node_modules'))).onDisk).to.be.below(100_000);
  });

  it('satisfies publint and Are the types wrong?', async () => {
    const { stdout } = await run(tool('publint'), ['run', installed, '--strict']);
    expect(stdout).to.include('All good!');
    await run(tool('attw'), [tarball]);
  });

  it('is imported and required alike, and holds one event to be ours', async () => {
    const call = `
      const headers = JSON.parse(process.argv[2]);
      console.log(verifyWebhook(process.argv[3], headers, process.argv[4]).type);
    `;
    await writeFile(join(programs, 'imports.mjs'), `import { verifyWebhook } from '@iozen/webhooks';${call}`);
    await writeFile(join(programs, 'requires.cjs'), `const { verifyWebhook } = require('@iozen/webhooks');${call}`);
    const { body, headers, secret } = await delivered();
    for (const file of ['imports.mjs', 'requires.cjs']) {
      const { stdout } = await run(process.execPath, [file, JSON.stringify(headers), body, secret]);
      expect(stdout, file).to.equal('submission.completed\n');
    }
  });

  it('narrows an event by its type, whatever TypeScript resolves modules by', async () => {
    const texts = [
      ...(await samples()).filter(({ kind }) => kind === 'narrowing').map(({ code }) => code),
      ...[...(await readFile(join(source, 'README.md'), 'utf8')).matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code),
      await readFile(join(folder, 'wrong-branch.ts'), 'utf8'),
    ];
    expect(texts).to.have.length(3);
    await Promise.all(
      texts.flatMap((text, index) =>
        ['mts', 'cts'].map(async (type) => await writeFile(join(programs, `types${index}.${type}`), text)),
      ),
    );
    const files = (await readdir(programs)).filter((name) => /\.[mc]ts$/.test(name));
    const strictly = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--typeRoots', 'none'];
    for (const resolution of [
      ['--module', 'nodenext'],
      ['--module', 'node16'],
      ['--module', 'esnext', '--moduleResolution', 'bundler'],
      ['--module', 'commonjs', '--moduleResolution', 'node10'],
    ]) {
      await run(tool('tsc'), [...strictly, ...resolution, ...files]);
    }
  });

  it('goes out with the server, too, as iozen/verify-webhook', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], join(folder, '../..'));
    const packed = JSON.parse(stdout)[0].files.map(({ path }) => `./${path}`);
    const { exports } = JSON.parse(await readFile(join(folder, '../../package.json'), 'utf8'));
    expect(packed).to.include.members(Object.values(exports['./verify-webhook']));
  });

  describe('in a framework, with the program of the docs', () => {
    const programOf = async (name) => {
      await cp(join(docs, 'receivers', name), join(programs, name));
      return { cwd: programs, command: [process.execPath, join(programs, name)] };
    };
    const frameworks = {
      Express: async () => await programOf('express.mjs'),
      Fastify: async () => await programOf('fastify.mjs'),
      Hono: async () => await programOf('hono.mjs'),
      'Next.js': async (port) => {
        const route = await readFile(join(docs, 'receivers/next-route.mjs'), 'utf8');
        return await nextOf('next', route, port);
      },
      // Without `node:crypto`.
      'an edge runtime': async (port) => {
        const { code } = (await samples()).find(({ kind }) => kind === 'standardwebhooks');
        const route = code.replace('export default async function receive', 'export async function POST');
        return await nextOf('edge', `export const runtime = 'edge';\n${route}`, port);
      },
    };
    async function nextOf(name, route, port) {
      const project = join(programs, name);
      await mkdir(join(project, 'app/hook'), { recursive: true });
      await writeFile(join(project, 'app/hook/route.js'), route);
      await writeFile(join(project, 'package.json'), '{"private": true, "type": "module"}');
      const root = JSON.stringify(folder);
      await writeFile(join(project, 'next.config.mjs'), `export default { turbopack: { root: ${root} } };\n`);
      const next = join(folder, 'node_modules/next/dist/bin/next');
      await run(process.execPath, [next, 'build'], project);
      return {
        cwd: project,
        command: [process.execPath, next, 'start', '--hostname', '127.0.0.1', '--port', String(port)],
      };
    }

    for (const [name, prepare] of Object.entries(frameworks)) {
      it(`takes what is ours alone, and as large as it gets, in ${name}`, async () => {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}/hook`;
        const { cwd, command } = await prepare(port);
        const [program, ...args] = command;
        const { rest, bot, stop } = await workspace();
        const { body: made } = await rest('POST', '/webhooks', { url, events: ['submission.completed'] });
        const { id, secret } = made.data.webhook;
        const env = {
          PATH: process.env.PATH,
          PORT: String(port),
          IOZEN_WEBHOOK_SECRET: secret,
          NODE_ENV: 'production',
        };
        const child = spawn(program, args, { cwd, env });
        const printed = [];
        for (const stream of [child.stdout, child.stderr]) {
          createInterface(stream).on('line', (line) => printed.push(line));
        }
        try {
          const post = async (text, headers = {}) => {
            const sent = { 'content-type': 'application/json', ...headers };
            return (await fetch(url, { method: 'POST', headers: sent, body: text })).status;
          };
          while ((await post('{}').catch(() => 0)) === 0) {
            if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${printed.join('\n')}`);
            await setTimeout(50);
          }
          expect(await post('{}'), 'unsigned').to.equal(400);
          const { body, headers } = await delivered();
          expect(await post(body, headers), 'signed with another secret').to.equal(400);

          for (const data of [{ name: 'Zoë 🎉' }, largest()]) {
            const path = `/intake-bots/${bot.id}/submissions`;
            expect((await rest('POST', path, { data })).status).to.equal(200);
          }
          const arrived = () => printed.filter((line) => line.startsWith('submission.completed evt_')).length;
          for (const endsAt = Date.now() + 20_000; arrived() < 2 && Date.now() < endsAt;) await setTimeout(50);
          expect(arrived(), printed.join('\n')).to.equal(2);
          for (const endsAt = Date.now() + 20_000; Date.now() < endsAt; await setTimeout(50)) {
            const { webhook } = (await rest('GET', `/webhooks/${id}`)).body.data;
            if (webhook.last_delivery_at !== null && webhook.last_delivery_ok) break;
          }
          const { webhook } = (await rest('GET', `/webhooks/${id}`)).body.data;
          expect(webhook).to.include({ consecutive_fails: 0, last_delivery_ok: true });
        } finally {
          child.kill();
          await stop();
        }
      });
    }
  });
});

const fields = Array.from({ length: 104 }, (_, index) => `f${index}`);

/** Answers that fill a request's MiB: their event is larger than that. */
function largest() {
  const data = Object.fromEntries(fields.map((name) => [name, 'x'.repeat(10_000)]));
  const left = 2 ** 20 - JSON.stringify({ data }).length - '"name":"",'.length;
  return { ...data, name: 'x'.repeat(left) };
}

async function workspace() {
  const server = await startServer();
  const { workspaceId, key } = await createTenant(server.app);
  const schema = ['name', ...fields].map((name) => ({ name, label: name, type: 'text', required: false }));
  const bot = await createBot(server.app, workspaceId, { schema });
  return { ...clientOf(server.url, key), bot, stop: server.stop };
}

/** A delivery as it came to another receiver. */
async function delivered() {
  const { rest, bot, stop } = await workspace();
  const receiver = await Receiver.start();
  const { body: made } = await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
  await rest('POST', `/intake-bots/${bot.id}/submissions`, { data: { name: 'Zoë 🎉 <b>\u2028\n' } });
  const [{ headers, body }] = await receiver.arrived(1);
  await receiver.stop();
  await stop();
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'];
  return {
    body,
    headers: Object.fromEntries(names.map((name) => [name, headers[name]])),
    secret: made.data.webhook.secret,
  };
}
