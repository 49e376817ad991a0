import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { startServer } from '../../dist/test/support/app.js';
import { createDemoWorkspace } from '../../dist/test/support/demo-workspace.js';
import { freePort } from '../../dist/test/support/process.js';

const folder = import.meta.dirname;
const generated = join(folder, 'dist');
const file = join(generated, 'openapi.json');
const tool = (name) => join(folder, 'node_modules/.bin', name);
const installed = createRequire(import.meta.url);

const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', SCARF_ANALYTICS: 'false' };
const run = async (command, words, env = {}) => {
  const options = { cwd: folder, env: { ...process.env, ...quiet, ...env } };
  await promisify(execFile)(command, words, options).catch(({ stdout, stderr }) => {
    throw new Error(`${command} ${words.join(' ')}\n${stdout}\n${stderr}`);
  });
};

describe('the OpenAPI document, in the hands of tools', () => {
  let server;
  let url;
  let key;
  let document;

  before(async () => {
    const PORT = String(await freePort());
    // A linter takes no address of this machine for that of a server.
    server = await startServer({ role: 'api', env: { PORT, PUBLIC_URL: 'https://api.iozen.test' } });
    url = `http://127.0.0.1:${PORT}`;
    key = await createDemoWorkspace(server.app);
    const text = await (await fetch(`${url}/api/v1/openapi.json`)).text();
    document = JSON.parse(text);
    await mkdir(generated, { recursive: true });
    await writeFile(file, text);
  });
  after(async () => await server.stop());

  it('passes the strictest rules of Redocly', async () => {
    await run(tool('redocly'), ['lint', file, '--extends=recommended-strict']);
  });

  it("passes Spectral's rules and ours, which find what is planted", async () => {
    const lint = async (path) =>
      await run(tool('spectral'), ['lint', path, '--ruleset=spectral.yaml', '--fail-severity=hint']);
    const worse = structuredClone(document);
    worse.servers[0].url = '/api/v1';
    worse.paths['/me'].get.description = 'Needs a key.';
    delete worse.paths['/contacts'].get.parameters[0].example;
    delete worse.components.schemas.Contact.properties.submission_count.format;
    worse.components.schemas.Contact.properties.firstName = { type: 'string' };
    const planted = join(generated, 'planted.json');
    await writeFile(planted, JSON.stringify(worse));
    const [, objections] = await Promise.all([lint(file), lint(planted).catch((error) => error.message)]);
    for (const rule of ['server', 'operation-description', 'parameter', 'integers', 'names']) {
      expect(objections).to.include(`iozen-${rule}`);
    }
  });

  it('makes a typed client that runs the getting-started guide', async () => {
    await run(tool('openapi-typescript'), [file, '--output', join(generated, 'openapi.d.ts')]);
    await run(tool('tsc'), ['--project', '.']);
    await run(process.execPath, [join(generated, 'getting-started.js')], { IOZEN_URL: url, IOZEN_API_KEY: key });
  });

  describe('behind a proxy that holds requests and answers to it', () => {
    let prism;
    let proxy;

    before(async () => {
      const port = String(await freePort());
      proxy = `http://127.0.0.1:${port}`;
      const words = ['proxy', '--errors', '--port', port, file, `${url}/api/v1`];
      prism = spawn(process.execPath, [join(folder, 'node_modules/@stoplight/prism-cli/dist/index.js'), ...words], {
        env: { ...process.env, ...quiet },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let told = '';
      await new Promise((resolve, reject) => {
        prism.once('exit', (code) => reject(new Error(`Prism ended with ${code}:\n${told}`)));
        for (const stream of [prism.stdout, prism.stderr]) {
          stream.on('data', (chunk) => {
            told += chunk;
            if (/is listening/.test(told)) resolve();
          });
        }
      });
    });
    after(() => prism.removeAllListeners('exit').kill());

    it('succeeds with every request of an imported Postman collection, in the order of the document', async () => {
      const { convertV2 } = installed('openapi-to-postmanv2');
      const input = { type: 'json', data: document };
      const imported = await promisify(convertV2)(input, { parametersResolution: 'Example' });
      expect(imported.result, imported.reason).to.equal(true);
      const [{ data: collection }] = imported.output;
      const given = { baseUrl: proxy, bearerToken: key };
      const globals = { values: Object.entries(given).map(([name, value]) => ({ key: name, value, enabled: true })) };
      collection.variable = [];
      const { executions } = (await promisify(installed('newman').run)({ collection, globals })).run;
      const told = executions.map(({ item, response }) => `${item.name} ${response?.code} ${response?.text() ?? ''}`);
      const refused = told.filter((one) => !/^[\w ]+ 200 \{"success":true,/.test(one));
      expect(refused, refused.join('\n')).to.be.empty;
      const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
      expect(executions.map(({ item }) => item.name)).to.deep.equal(operations.map(({ summary }) => summary));
    });

    it('is refused as it says, and answered 304', async () => {
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
      const [bot] = Object.values(document.paths['/intake-bots/{id}'].get.parameters);
      const ask = async (path, init = {}) => await fetch(`${proxy}${path}`, { headers, ...init });
      const submissions = `/intake-bots/${bot.example}/submissions`;
      const { headers: first } = await ask('/contacts');
      const ifNoneMatch = { ...headers, 'If-None-Match': first.get('etag') };
      const stranger = { Authorization: 'Bearer iozen_live_nobody' };
      const stale = { ...headers, 'If-Match': '"0-000000000000000000000000000"' };
      const asked = {
        304: await ask('/contacts', { headers: ifNoneMatch }),
        400: await ask(submissions, { method: 'POST', body: '{"data":{}}' }),
        401: await ask('/contacts', { headers: stranger }),
        404: await ask(`/contacts/${bot.example}`),
        412: await ask(`/intake-bots/${bot.example}`, { method: 'PATCH', headers: stale, body: '{"name":"Other"}' }),
      };
      for (const [status, answer] of Object.entries(asked)) {
        expect(answer.status, await answer.text()).to.equal(Number(status));
      }
    });
  });
});
