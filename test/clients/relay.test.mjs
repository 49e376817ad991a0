import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { before, describe, it } from 'node:test';
import relay from 'relay-runtime';
import { ask, bearer, botWithSubmissions, graphqlUrl, iozen } from './support.mjs';

const { Environment, Network, RecordSource, Store, fetchQuery } = relay;
const folder = new URL('relay/', import.meta.url);
const generated = new URL('__generated__/', folder);

void describe('Relay', () => {
  let bot;
  let key;
  before(async () => {
    await rm(generated, { recursive: true, force: true });
    await mkdir(generated);
    // The compiler adds to a manifest that is there.
    await writeFile(new URL('manifest.json', generated), '{}');
    await copyFile(new URL('../../schema.graphql', import.meta.url), new URL('schema.graphql', folder));
    const compiler = new URL('node_modules/.bin/relay-compiler', import.meta.url).pathname;
    await promisify(execFile)(compiler, ['relay.config.json'], { cwd: folder.pathname });
    bot = await botWithSubmissions(12);
    const { viewer } = await ask('{ viewer { workspace { id } } }');
    const manifest = new URL('manifest.json', generated).pathname;
    const { trusted, warning } = await iozen('documents', 'trust', manifest, '--workspace', viewer.workspace.id);
    assert.deepEqual({ trusted, warning }, { trusted: 3, warning: undefined });
    const scopes = 'read:intake-bots,read:submissions';
    ({ key } = await iozen('key', 'create', '--workspace', viewer.workspace.id, '--name', 'R', '--scopes', scopes));
  });

  /** The network that Relay's guide shows for persisted queries: the id in place of the text. */
  const environmentOf = (see = () => undefined) =>
    new Environment({
      store: new Store(new RecordSource()),
      network: Network.create(async ({ id }, variables) => {
        const extensions = { persistedQuery: { version: 1, sha256Hash: id } };
        const response = await fetch(graphqlUrl, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...bearer(key) },
          body: JSON.stringify({ extensions, variables }),
        });
        const answer = await response.json();
        see(answer);
        return answer;
      }),
    });
  const operation = async (name) => (await import(new URL(`${name}.graphql.js`, generated).href)).default;

  void it('compiles against the schema, and pages through a connection by trusted documents alone', async () => {
    const answers = [];
    const environment = environmentOf((answer) => answers.push(answer));
    const query = await operation('operationsPageQuery');
    for (let page = { endCursor: null, hasNextPage: true }; page.hasNextPage;) {
      await fetchQuery(environment, query, { bot, count: 5, cursor: page.endCursor }).toPromise();
      page = answers.at(-1).data.intakeBot.submissions.pageInfo;
    }
    assert.equal(answers.length, 3);
    const source = environment.getStore().getSource();
    const kept = source.getRecordIDs().filter((id) => source.get(id).__typename === 'Submission');
    assert.equal(kept.length, 12);
  });

  void it('refetches any object by its id', async () => {
    const { submissions } = await ask('{ submissions(first: 1) { nodes { id } } }');
    const { id } = submissions.nodes[0];
    const data = await fetchQuery(environmentOf(), await operation('operationsNodeQuery'), { id }).toPromise();
    assert.equal(data.node.__typename, 'Submission');
    assert.match(await readFile(new URL('manifest.json', generated), 'utf8'), /operationsPageQuery/);
  });
});
