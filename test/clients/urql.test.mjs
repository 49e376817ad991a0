import assert from 'node:assert/strict';
import { writeFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { ask, bearer, graphqlUrl, iozen } from './support.mjs';

/** As urql prints a document: it adds a `__typename` where its cache wants one, and nothing here. */
const trusted = 'query Bots {\n  intakeBots {\n    totalCount\n  }\n}';

void describe('urql', () => {
  let key;
  before(async () => {
    const { viewer } = await ask('{ viewer { workspace { id } } }');
    const workspace = viewer.workspace.id;
    const folder = await mkdtemp(join(tmpdir(), 'iozen-urql-'));
    const file = join(folder, 'persisted-documents.json');
    await writeFile(file, JSON.stringify({ [createHash('sha256').update(trusted).digest('hex')]: trusted }));
    assert.equal((await iozen('documents', 'trust', file, '--workspace', workspace)).trusted, 1);
    await rm(folder, { recursive: true });
    ({ key } = await iozen(
      'key',
      'create',
      '--workspace',
      workspace,
      '--name',
      'urql',
      '--scopes',
      'read:intake-bots',
    ));
  });

  const clientOf = (options) =>
    new Client({
      url: graphqlUrl,
      exchanges: [persistedExchange(options), fetchExchange],
      fetchOptions: { headers: bearer(key) },
      preferGetMethod: false,
    });

  void it('runs a trusted document with enforced persisted documents, over POST and GET', async () => {
    for (const preferGetForPersistedQueries of [false, true]) {
      const client = clientOf({ enforcePersistedQueries: true, preferGetForPersistedQueries });
      const { data, error } = await client.query(trusted, {}).toPromise();
      assert.equal(error, undefined);
      assert.equal(typeof data.intakeBots.totalCount, 'number');
    }
  });

  void it('falls back to sending a document that is not trusted, unless that is enforced', async () => {
    const other = 'query Other { viewer { apiKey { name } } }';
    const { data } = await clientOf({}).query(other, {}).toPromise();
    assert.equal(data.viewer.apiKey.name, 'urql');
    const { error } = await clientOf({ enforcePersistedQueries: true }).query(other, {}).toPromise();
    assert.equal(error?.graphQLErrors[0]?.extensions.code, 'PERSISTED_QUERY_NOT_SUPPORTED');
  });
});
