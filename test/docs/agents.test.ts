import { expect } from 'chai';
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTenant, startServer, type TestServer } from '../support/app.js';

const run = promisify(execFile);

interface Configured {
  url: string;
  authorization: string;
}

describe('the page on agents', () => {
  let server: TestServer;
  let key: string;
  let directory: string;
  let samples: Map<string, string>;

  before(async () => {
    server = await startServer({ role: 'api' });
    ({ key } = await createTenant(server.app));
    directory = await mkdtemp(join(tmpdir(), 'iozen-agents-'));
    const page = await (await fetch(`${server.url}/docs/agents.md`)).text();
    samples = new Map(
      [...page.matchAll(/^```\w+ ([\w-]+)\n(.*?)^```$/gms)].map(([, name = '', text = '']) => [name, text]),
    );
  });
  after(async () => {
    await rm(directory, { recursive: true, force: true });
    await server.stop();
  });

  const sample = (name: string) => samples.get(name) ?? expect.fail(`the page has no configuration for ${name}`);
  /** What a client puts in place of a variable. */
  const withKey = (text: string) => text.replace(/\$\{(env:IOZEN_API_KEY|input:iozen-key)\}/g, key);

  /** As each client reads it: the JSON and TOML parsers are not ours. */
  const clients: Readonly<Record<string, () => Promise<Configured>>> = {
    'claude-code': async () => {
      // In place of the command, one that says what it was given.
      const command = join(directory, 'claude');
      await writeFile(command, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
      await chmod(command, 0o755);
      const env = { PATH: `${directory}:${process.env['PATH'] ?? ''}`, IOZEN_API_KEY: key };
      const { stdout } = await run('sh', ['-euc', sample('claude-code')], { env });
      const given = stdout.trimEnd().split('\n');
      expect(given.slice(0, 7)).to.deep.equal(['mcp', 'add', '--scope', 'user', '--transport', 'http', 'iozen']);
      const [url = '', option, header = ''] = given.slice(7);
      expect(option).to.equal('--header');
      return { url, authorization: header.replace(/^Authorization: /, '') };
    },
    cursor: async () => {
      const { url, headers } = JSON.parse(withKey(sample('cursor'))).mcpServers.iozen;
      return { url, authorization: headers.Authorization };
    },
    'vs-code': async () => {
      const { inputs, servers } = JSON.parse(withKey(sample('vs-code')));
      expect(inputs[0]).to.include({ type: 'promptString', id: 'iozen-key', password: true });
      expect(servers.iozen.type).to.equal('http');
      return { url: servers.iozen.url, authorization: servers.iozen.headers.Authorization };
    },
    codex: async () => {
      const program = 'import sys, json, tomllib; print(json.dumps(tomllib.load(sys.stdin.buffer)))';
      const { stdout } = spawnSync('python3', ['-c', program], { input: sample('codex'), encoding: 'utf8' });
      const { url, bearer_token_env_var: variable } = JSON.parse(stdout).mcp_servers.iozen;
      expect(variable).to.equal('IOZEN_API_KEY');
      return { url, authorization: `Bearer ${key}` };
    },
  };

  const hasToml = spawnSync('python3', ['-c', 'import tomllib']).status === 0;

  for (const [name, read] of Object.entries(clients)) {
    it(`has a configuration for ${name} that can be read, and whose address answers with tools that only read`, async () => {
      if (name === 'codex' && !hasToml) {
        if (process.env['CI'] !== undefined) throw new Error('the documented configuration needs Python 3.11 or later');
        return;
      }
      const { url, authorization } = await read();
      expect(url).to.equal(`${server.url}/mcp?read_only=true`);
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          Authorization: authorization,
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
      });
      expect(response.status).to.equal(200);
      const { result } = (await response.json()) as { result: { tools: { name: string; annotations: object }[] } };
      expect(result.tools.map((tool) => tool.name)).to.include.members(['get_workspace', 'search_submissions']);
      for (const tool of result.tools) expect(tool.annotations, tool.name).to.include({ readOnlyHint: true });
    });
  }

  it('names every tool with its scope, and no other', async () => {
    const page = await (await fetch(`${server.url}/docs/agents.md`)).text();
    const [, table = ''] = /^## Tools\n(.*?)^## /ms.exec(page) ?? [];
    const named = [...table.matchAll(/^\| (`.*?) +\|/gm)].flatMap(
      ([, cell = '']) => cell.match(/(?<=`)\w+(?=`)/g) ?? [],
    );
    const response = await fetch(`${server.url}/mcp`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    });
    const { result } = (await response.json()) as { result: { tools: { name: string }[] } };
    expect(named.toSorted()).to.deep.equal(result.tools.map(({ name }) => name).toSorted());
  });
});
