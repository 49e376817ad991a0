import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { commands } from '../../src/cli/commands.js';
import { readManifest } from '../../src/cli/document-manifest.js';
import { sha256 } from '../../src/graphql/documents.js';
import { iozen } from '../support/process.js';

describe('the manners of the iozen command', () => {
  it('says its version, and the help of everything, of a group and of a command', async () => {
    const asked = [['--version'], ['version'], ['--help'], ['help', 'key'], ['key', '--help'], ['help', 'serve']];
    const said = await Promise.all(asked.map(async (words) => await iozen(words)));
    expect(said.map(({ code, stderr }) => [code, stderr])).to.deep.equal(asked.map(() => [0, '']));
    const [version, again, all, key, group, serve] = said.map(({ stdout }) => stdout);
    expect(version)
      .to.equal(`${JSON.parse(readFileSync('package.json', 'utf8')).version}\n`)
      .and.equal(again);
    for (const { path } of commands) expect(all).to.include(`iozen ${path.join(' ')}`);
    expect(key).to.include('iozen key create').and.include('iozen key revoke').and.not.include('iozen serve');
    expect(group).to.equal(key);
    expect(serve).to.include('iozen serve').and.not.include('iozen key');
  });

  it('guesses what was meant, in two lines on stderr', async () => {
    const cases: [words: string[], says: string][] = [
      [['listn'], 'Unknown command: listn. Did you mean listen?\nSee iozen --help\n'],
      [['key', 'crate'], 'Unknown command: key crate. Did you mean create?\nSee iozen key --help\n'],
      [['dance'], 'Unknown command: dance.\nSee iozen --help\n'],
      [['help', 'migrat'], 'Unknown command: migrat. Did you mean migrate?\nSee iozen --help\n'],
      [
        ['listen', '--forward', 'x'],
        'Unknown option: --forward. Did you mean --forward-to?\nSee iozen listen --help\n',
      ],
      [['events', 'resend'], 'Missing: ID\nSee iozen events resend --help\n'],
      [['key', 'revoke'], 'Missing: --id\nSee iozen key revoke --help\n'],
      [['migrate', 'twice'], ''],
      [['--hlep'], 'Unknown option: --hlep. Did you mean --help?\nSee iozen --help\n'],
      [['completion', 'bash', 'twice'], 'Not understood: twice\nSee iozen completion --help\n'],
      [['key', 'revoke', '--id', 'a', '--id', 'b'], 'Given more than once: --id\nSee iozen key revoke --help\n'],
      [
        ['events', 'list', '--type='],
        '--type is empty: give it a value, or leave it out\nSee iozen events list --help\n',
      ],
      [
        ['workspace', 'set-plan', '--workspace', 'w', '--plan', 'gold'],
        '--plan must be one of: free, pro, business\nSee iozen workspace set-plan --help\n',
      ],
    ];
    const ends = await Promise.all(cases.map(async ([words]) => await iozen(words)));
    for (const [at, { code, stdout, stderr }] of ends.entries()) {
      expect({ code, stdout }, stderr).to.deep.equal({ code: 2, stdout: '' });
      const says = cases[at]?.[1] ?? '';
      if (says !== '') expect(stderr).to.equal(says);
    }
  });

  it('prints one JSON object wherever --json stands, of its version and its completion, too', async () => {
    const asked = [
      ['--json', '--version'],
      ['version', '--json'],
      ['completion', 'bash', '--json'],
    ];
    const [version, again, completion] = await Promise.all(asked.map(async (words) => await iozen(words)));
    expect(JSON.parse(version?.stdout ?? '')).to.have.keys('version');
    expect(again).to.deep.equal(version);
    expect(JSON.parse(completion?.stdout ?? '')).to.have.keys('shell', 'script');
  });

  it('says how to start it where the Node.js is too old for the server, and helps all the same', async () => {
    const older = encodeURIComponent("import crypto from 'node:crypto'; delete crypto.argon2;");
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${older}` };
    for (const words of [['serve'], ['migrate']]) {
      const { code, stdout, stderr } = await iozen(words, env);
      expect({ code, stdout }, stderr).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^The server needs the Node\.js 24 .+`npm start`/);
    }
    expect((await iozen(['help'], env)).code).to.equal(0);
  });

  it('lists the commands of a group whose word stands alone', async () => {
    const { code, stdout, stderr } = await iozen(['workspace']);
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.include('iozen workspace create').and.include('iozen workspace archive');
    expect(stderr).to.not.include('iozen serve');
  });

  it('completes words and options in bash', async () => {
    const { code, stdout } = await iozen(['completion', 'bash']);
    expect(code).to.equal(0);
    const complete = (...words: string[]) => {
      const typed = words.map((word) => `"${word}"`).join(' ');
      const script = `${stdout}\nCOMP_WORDS=(iozen ${typed}); COMP_CWORD=${words.length}; _iozen; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim();
    };
    expect(complete('lis')).to.equal('listen');
    expect(complete('key', '')).to.equal('create revoke');
    expect(complete('completion', '')).to.equal('bash zsh fish');
    expect(complete('listen', '--f')).to.equal('--forward-to');
    expect(complete('workspace', 'create', '--'))
      .to.include('--owner-email')
      .and.include('--json');
    for (const shell of ['zsh', 'fish']) {
      const script = await iozen(['completion', shell]);
      expect(script.code).to.equal(0);
      for (const { path } of commands) expect(script.stdout).to.include(path.at(-1));
    }
    expect((await iozen(['completion', 'tcsh'])).code).to.equal(2);
  });

  it('reads the manifests of GraphQL Code Generator, Relay and Apollo, and a list of texts', () => {
    const texts = ['{ viewer { role } }', 'query Bots { intakeBots { totalCount } }'];
    const byHash = Object.fromEntries(texts.map((text) => [sha256(text), text]));
    const byPrefixed = Object.fromEntries(texts.map((text) => [`sha256:${sha256(text)}`, text]));
    const operations = texts.map((body) => ({ id: sha256(body), name: 'Q', type: 'query', body }));
    const apollo = { format: 'apollo-persisted-query-manifest', version: 1, operations };
    for (const manifest of [byHash, byPrefixed, apollo, texts]) {
      expect(readManifest(manifest)).to.deep.equal({ texts, otherwiseNamed: 0 });
    }
    // Relay's default is MD5.
    expect(readManifest({ d41d8cd98f00b204e9800998ecf8427e: texts[0] })).to.include({ otherwiseNamed: 1 });
    for (const other of [null, 5, {}, [], [5], { a: 1 }, { operations: [{}] }])
      expect(readManifest(other)).to.equal(null);
  });
});
