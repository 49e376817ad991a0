import { expect } from 'chai';
import { serverAudits } from 'graphql-http';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf } from '../support/people.js';

describe('graphql over http', () => {
  let server: TestServer;
  let client: Client;
  let key: string;
  let tenant: Tenant;
  let workspaceId: string;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    ({ key, workspaceId } = tenant);
    client = clientOf(server.url, key);
  });

  after(async () => await server.stop());

  const audits = serverAudits({
    url: () => `${server.url}/graphql`,
    fetchFn: async (input: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('Authorization', `Bearer ${key}`);
      return await fetch(input, { ...init, headers });
    },
  });

  it('knows all 61 audits of GraphQL over HTTP', () => {
    expect(audits).to.have.length(61);
  });

  for (const audit of audits) {
    it(`passes the audit ${audit.id}: ${audit.name}`, async () => {
      const { status, ...result } = await audit.fn();
      expect(status, 'reason' in result ? result.reason : '').to.equal('ok');
    });
  }

  const cost = (requested: number, points: number) => ({ cost: { requested, limit: 5_000, points } });

  it('refuses a GET of another content type than JSON as it does a POST, and says its cost', async () => {
    const url = `${server.url}/graphql?query={__typename}`;
    const body = '{ "query": "{ __typename }" }';
    for (const init of [{ method: 'GET' }, { method: 'POST', body }]) {
      const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'text/plain' };
      const answer = await fetch(url, { ...init, headers });
      const { errors, extensions } = (await answer.json()) as { errors: [{ extensions: object }]; extensions: object };
      expect([answer.status, errors[0].extensions]).to.deep.equal([
        415,
        { code: 'unsupported_media_type', details: {} },
      ]);
      expect(extensions).to.deep.equal(cost(0, 1));
    }
  });

  it('says the cost on every answer: a success, a refusal, and what is no GraphQL at all', async () => {
    expect((await client.graphql('{ intakeBots(first: 10) { nodes { id } } }')).body.extensions).to.deep.equal(
      cost(10, 1),
    );
    expect((await client.graphql('{ nothing }')).body.extensions).to.deep.equal(cost(0, 1));
    expect((await client.graphql('{')).body.extensions).to.deep.equal(cost(0, 1));
    const batch = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify([{ query: '{ __typename }' }]),
    });
    expect(batch.status).to.equal(400);
    expect(((await batch.json()) as { extensions: object }).extensions).to.deep.equal(cost(0, 1));
    const stranger = await clientOf(server.url).graphql('{ intakeBots { nodes { id } } }');
    expect(stranger.status).to.equal(401);
    expect(stranger.body.errors[0].extensions.code).to.equal('authentication_required');
    expect(stranger.body.extensions).to.deep.equal(cost(0, 0));
  });

  it('answers in JSON whoever takes no form of answer that there is, and says the cost', async () => {
    for (const accept of ['text/xml', 'text/html', 'application/json;q=0', 'image/*']) {
      const answer = await client.graphql('{ __typename }', {}, { Accept: accept });
      expect(answer.status, accept).to.equal(200);
      expect(answer.body).to.deep.equal({ data: { __typename: 'Query' }, extensions: cost(0, 1) });
    }
  });

  it('refuses other methods, and mutations by GET, as the catalogue has it', async () => {
    const headers = { Authorization: `Bearer ${key}` };
    const mutation = new URLSearchParams({ query: 'mutation { signOut { __typename } }' });
    for (const [method, path, allow] of [
      ['PUT', '/graphql', 'GET, POST'],
      ['DELETE', '/graphql', 'GET, POST'],
      ['GET', `/graphql?${mutation.toString()}`, 'POST'],
    ] as const) {
      const answer = await fetch(`${server.url}${path}`, { method, headers });
      expect(answer.status, method).to.equal(405);
      expect(answer.headers.get('allow')).to.equal(allow);
      const { errors } = (await answer.json()) as { errors: { extensions: object }[] };
      expect(errors[0]?.extensions).to.include({ code: 'method_not_allowed' });
    }
  });

  it('answers HEAD as GET, without the body', async () => {
    const headers = { Authorization: `Bearer ${key}` };
    for (const [query, status] of [
      ['{ intakeBots { totalCount } }', 200],
      ['{ nothing }', 400],
      ['mutation { signOut { __typename } }', 405],
    ] as const) {
      const url = `${server.url}/graphql?${new URLSearchParams({ query }).toString()}`;
      const accept = { ...headers, Accept: 'application/graphql-response+json' };
      const get = await fetch(url, { headers: accept });
      const head = await fetch(url, { method: 'HEAD', headers: accept });
      expect(head.status, query).to.equal(get.status).and.equal(status);
      expect(head.headers.get('content-length')).to.equal(String((await get.arrayBuffer()).byteLength));
      expect(await head.text()).to.equal('');
    }
    expect(
      (
        await fetch(`${server.url}/graphql?query={__typename}`, {
          method: 'HEAD',
          headers: { ...headers, Accept: 'text/event-stream' },
        })
      ).status,
    ).to.equal(200);
  });

  it('refuses in the media type that the request likes best, also before it knows who calls', async () => {
    const graphql = 'application/graphql-response+json; charset=utf-8';
    const json = 'application/json; charset=utf-8';
    for (const [accept, type] of [
      ['application/graphql-response+json', graphql],
      ['application/graphql-response+json, application/json;q=0.9', graphql],
      ['application/graphql-response+json;q=0.5, application/json', json],
      ['application/json, application/graphql-response+json', json],
      ['application/json', json],
      ['*/*', json],
      ['text/plain', json],
    ] as const) {
      const stranger = await fetch(`${server.url}/graphql?query={viewer{role}}`, { headers: { Accept: accept } });
      expect(stranger.status).to.equal(401);
      expect(stranger.headers.get('content-type'), accept).to.equal(type);
      const headers = { Accept: accept, Authorization: `Bearer ${key}` };
      const broken = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: '{',
      });
      expect(broken.status).to.equal(400);
      expect(broken.headers.get('content-type'), accept).to.equal(type);
      const cost = await fetch(`${server.url}/graphql?query={__typename}`, { headers: { ...headers, Cookie: 'a=b' } });
      expect(cost.headers.get('content-type'), 'as an answer has it').to.equal(type);
    }
  });

  it('says with a 401 how to come in, as REST does', async () => {
    for (const path of ['/graphql?query={viewer{role}}', '/api/v1/intake-bots']) {
      const answer = await fetch(`${server.url}${path}`);
      expect(answer.status).to.equal(401);
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer realm="iozen"');
    }
  });

  it('multiplies pages, and counts shapes of lists for nothing', async () => {
    const query = `query ($n: Int) { intakeBots(first: $n) {
      totalCount pageInfo { hasNextPage }
      edges { cursor node { submissions(last: 3) { nodes { contact { id } } } } }
    } }`;
    const { body } = await client.graphql(query, { n: 7 });
    expect(body.extensions).to.deep.equal(cost(7 * (1 + 3 * 2) + 10, 1));
    expect((await client.graphql(query, { n: 1_000 })).body.extensions).to.deep.equal(cost(710, 2));
    expect((await client.graphql('{ __schema { types { name } } }')).body.extensions).to.deep.equal(cost(50, 1));
  });

  it('runs nothing for one who only asks the cost', async () => {
    const before = await client.graphql('{ intakeBots { totalCount } }');
    const mutation = 'mutation ($input: CreateIntakeBotInput!) { createIntakeBot(input: $input) { intakeBot { id } } }';
    const dry = await client.graphql(mutation, { input: { name: 'Dry', schema: [] } }, { 'X-Cost-Only': 'true' });
    expect(dry.body).to.deep.equal({ data: null, extensions: cost(2, 1) });
    expect((await client.graphql('{ intakeBots { totalCount } }')).body.data).to.deep.equal(before.body.data);
  });

  const nested = (levels: number) =>
    `{ submissions(first: 1) { nodes ${'{ contact { submissions(first: 1) { nodes '.repeat(levels)} { id }${' } } }'.repeat(levels)} } }`;
  const refusals: [what: string, query: string, rule: string, limit: number, requested: number][] = [
    [
      'too dear',
      '{ intakeBots(first: 100) { nodes { submissions(first: 100) { nodes { id } } } } }',
      'cost',
      5_000,
      10_100,
    ],
    ['too deep', nested(4), 'depth', 12, 15],
    [
      'too many aliases',
      `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      'aliases',
      30,
      31,
    ],
    [
      'aliases by way of fragments',
      `{ ...A } fragment A on Query { ${'...B '.repeat(16)} } fragment B on Query { x: __typename y: __typename }`,
      'aliases',
      30,
      32,
    ],
    ['too many root fields', `{ ${'__typename '.repeat(21)} }`, 'rootFields', 20, 21],
    ['too many tokens', `{ ${'__typename '.repeat(2_500)} }`, 'tokens', 2_000, 2_502],
    [
      'introspection that goes deeper than the standard one',
      `{ __schema { types { fields { type { ${'ofType { '.repeat(12)} name ${'} '.repeat(12)} } } } } }`,
      'depth',
      15,
      17,
    ],
  ];
  for (const [what, query, rule, limit, requested] of refusals) {
    it(`refuses before it runs: ${what}`, async () => {
      const { status, body } = await client.graphql(query);
      expect(status).to.equal(400);
      expect(body).to.not.have.property('data');
      expect(body.errors[0].extensions).to.deep.equal({
        code: 'query_too_costly',
        details: { rule, limit, requested },
      });
      expect(body.extensions.cost.limit).to.equal(5_000);
    });
  }

  it('lets what is just within each limit pass', async () => {
    for (const query of [
      '{ intakeBots(first: 100) { nodes { submissions(first: 49) { nodes { id } } } } }',
      nested(3),
      `{ ${Array.from({ length: 20 }, (_, n) => `a${n}: __typename`).join(' ')} }`,
      `{ ${'__typename '.repeat(20)} }`,
    ]) {
      expect((await client.graphql(query)).body).to.not.have.property('errors');
    }
  });

  it('answers standard introspection to anyone', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    const { status, body } = await clientOf(server.url).graphql(getIntrospectionQuery({ inputValueDeprecation: true }));
    expect(status).to.equal(200);
    expect(body.data.__schema.queryType.name).to.equal('Query');
  });

  it('costs the same in whatever way it is written', async () => {
    const spellings = [
      '{ intakeBots(first: 5) { nodes { id submissions(first: 4) { nodes { id } } } } }',
      '{ intakeBots(first: 5) { ... on IntakeBotConnection { nodes { ... { id submissions(first: 4) { nodes { id } } } } } } }',
      '{ intakeBots(first: 5) { ...P } } fragment P on IntakeBotConnection { nodes { ...B } } fragment B on IntakeBot { submissions(first: 4) { ...S } } fragment S on SubmissionConnection { nodes { id } }',
      '{ intakeBots(first: 5) { edges { node { submissions(last: 4) { edges { node { id } } } } } } }',
    ];
    for (const query of spellings) {
      expect((await client.graphql(query)).body.extensions.cost.requested, query).to.equal(25);
    }
  });

  it('names what a database could not keep at its place in the input, in variables and in literals', async () => {
    const bot = await createBot(server.app, workspaceId);
    const mutation =
      'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
    const inVariables = await client.graphql(mutation, {
      input: { intakeBotId: bot.id, data: { full_name: 'a\0b', email: 'a@example.com' } },
    });
    const inLiteral = await client.graphql(
      `mutation { createSubmission(input: {intakeBotId: "${bot.id}", data: {full_name: "a\\u0000b"}}) { submission { id } } }`,
    );
    for (const { body } of [inVariables, inLiteral]) {
      expect(body.errors[0].extensions.code).to.equal('validation_failed');
      expect(body.errors[0].extensions.details.issues[0]).to.deep.include({
        path: 'data.full_name',
        code: 'bad_format',
      });
    }
  });

  it('gives null and resource_not_found for an id that names nothing, and never repeats it', async () => {
    const { status, body } = await client.graphql('{ intakeBot(id: "cnothing") { id } submission(id: "x") { id } }');
    expect(status).to.equal(200);
    expect(body.data).to.deep.equal({ intakeBot: null, submission: null });
    expect(body.errors.map(({ extensions }: { extensions: object }) => extensions)).to.deep.equal([
      { code: 'resource_not_found', details: { resource: 'intake_bot' } },
      { code: 'resource_not_found', details: { resource: 'submission' } },
    ]);
    expect(JSON.stringify(body)).to.not.include('cnothing');
  });

  it('takes the points of an operation from the same limit as REST, and says so', async () => {
    const tenant = await createTenant(server.app, 'PRO');
    const pro = clientOf(server.url, tenant.key);
    const heavy =
      '{ submissions(first: 100) { nodes { contact { id } intakeBot { id } } } records(first: 100) { nodes { id } } }';
    const first = await pro.graphql(heavy);
    expect(first.body.extensions.cost).to.deep.equal({ requested: 400, limit: 5_000, points: 1 });
    const remaining = Number((await pro.rest('GET', '/contacts')).headers.get('x-ratelimit-remaining'));
    expect(remaining).to.equal(98);
    const dearer = await pro.graphql(
      '{ intakeBots(first: 40) { nodes { submissions(first: 100) { nodes { id } } } } }',
    );
    expect(dearer.body.extensions.cost).to.deep.equal({ requested: 4_040, limit: 5_000, points: 9 });
    expect(dearer.headers.get('x-ratelimit-remaining')).to.equal('89');
    let last = dearer;
    for (let calls = 0; last.status === 200 && calls < 20; calls += 1)
      last = await pro.graphql('{ intakeBots(first: 40) { nodes { submissions(first: 100) { nodes { id } } } } }');
    expect(last.status).to.equal(429);
    expect(last.body.errors[0].extensions).to.deep.include({ code: 'rate_limit_exceeded' });
    expect(last.body.extensions.cost.points).to.equal(0);
    expect(Number(last.headers.get('retry-after'))).to.be.at.least(1);
  });

  it('tells who sends the hash of a persisted query alone to send the document, in every form of a request', async () => {
    const persistedQuery = { version: 1, sha256Hash: '0'.repeat(64) };
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const bodies = [{}, { query: '' }, { query: null, operationName: 'Q', variables: { a: 1 } }];
    const asked = [
      ...bodies.map((body) => ({ method: 'POST', body: JSON.stringify({ ...body, extensions: { persistedQuery } }) })),
      { method: 'GET' },
    ];
    for (const request of asked) {
      const search = request.method === 'GET' ? `?extensions=${JSON.stringify({ persistedQuery })}` : '';
      for (const [accept, status] of [
        ['application/json', 200],
        ['application/graphql-response+json', 400],
      ] as const) {
        const answer = await fetch(`${server.url}/graphql${search}`, {
          ...request,
          headers: { ...headers, Accept: accept },
        });
        expect(answer.status).to.equal(status);
        expect(await answer.json()).to.deep.equal({
          errors: [
            {
              message: 'PersistedQueryNotSupported',
              extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED', details: {} },
            },
          ],
          extensions: cost(0, 1),
        });
      }
    }
    const body = JSON.stringify({ query: '{ __typename }', extensions: { persistedQuery } });
    const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
    expect(await answer.json()).to.have.nested.property('data.__typename', 'Query');
  });

  it('runs nothing past the limits, in whatever form it comes', async () => {
    const query = '{ intakeBots(first: 100) { nodes { submissions(first: 100) { nodes { id } } } } }';
    const asked = `query=${encodeURIComponent(query)}`;
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
    const bodies = [
      { documentId: 5 },
      { documentId: {} },
      { documentId: '' },
      { operationName: 5 },
      { variables: [] },
      { variables: '{}' },
      { extensions: 5 },
      { query: [query] },
    ];
    const searches = [
      '&x=1&x=2',
      '&documentId=a&documentId=b',
      '&variables=5',
      '&variables={',
      `&${asked}`,
      '&extensions=zz',
      '&extensions=[]',
    ];
    const answers = await Promise.all([
      ...bodies.map(async (more) =>
        fetch(`${server.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, ...more }) }),
      ),
      ...searches.map(async (more) => fetch(`${server.url}/graphql?${asked}${more}`, { headers })),
    ]);
    for (const answer of answers) {
      const { data, errors, extensions } = (await answer.json()) as {
        data?: object;
        errors: { extensions: { code: string } }[];
        extensions: object;
      };
      expect(data).to.equal(undefined);
      expect(extensions).to.deep.equal(cost(0, 1));
      expect(answer.status).to.be.oneOf([400, 403]);
      expect(errors[0]?.extensions.code).to.be.oneOf(['validation_failed', 'document_not_trusted']);
    }
  });

  it('says what a request must have that asks for nothing', async () => {
    for (const body of ['{}', '{"query": ""}', '{"variables": {}}']) {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
        body,
      });
      const { errors } = (await answer.json()) as { errors: { message: string; extensions: { code: string } }[] };
      expect(answer.status).to.equal(400);
      expect(errors[0]?.extensions.code).to.equal('GRAPHQL_VALIDATION_FAILED');
      expect(errors[0]?.message).to.include('must have a `query` or a `documentId`');
    }
  });

  it('gives each refusal the type that the caller prefers, whatever it is refused for', async () => {
    const asked: [string, RequestInit][] = [
      ['authentication_required', { headers: { Authorization: 'Bearer wrong' } }],
      ['authentication_required', { headers: {} }],
      ['validation_failed', { body: '{' }],
      ['method_not_allowed', { method: 'PUT' }],
      ['batching_not_supported', { body: '[{"query": "{ __typename }"}]' }],
      ['GRAPHQL_PARSE_FAILED', { body: '{"query": "{"}' }],
    ];
    for (const [code, { headers = { Authorization: `Bearer ${key}` }, ...init }] of asked) {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        body: '{"query": "{ viewer { role } }"}',
        ...init,
        headers: {
          ...(headers as Record<string, string>),
          'Content-Type': 'application/json',
          Accept: 'application/graphql-response+json, application/json;q=0.9',
        },
      });
      expect(answer.headers.get('content-type'), code).to.equal('application/graphql-response+json; charset=utf-8');
      const { errors } = (await answer.json()) as { errors: { extensions: { code: string } }[] };
      expect(errors[0]?.extensions.code).to.equal(code);
      expect(answer.headers.has('www-authenticate'), code).to.equal(answer.status === 401);
    }
  });

  it('takes null for what a GET may leave out as left out', async () => {
    const search = `query=${encodeURIComponent('{ __typename }')}&variables=null&extensions=null`;
    const answer = await fetch(`${server.url}/graphql?${search}`, { headers: { Authorization: `Bearer ${key}` } });
    expect(await answer.json()).to.deep.equal({ data: { __typename: 'Query' }, extensions: cost(0, 1) });
  });

  it('runs trusted documents by their id, and nothing else for a key that is limited to them', async () => {
    const { app } = server;
    const text = 'query Bots { intakeBots { nodes { id } } }';
    const { operator } = await import('../support/factories.js');
    await app.trustedDocuments.trust(await operator(app, workspaceId), [text]);
    const { sha256 } = await import('../../src/graphql/documents.js');
    const documentId = `sha256:${sha256(text)}`;
    const input = { name: 'Trusted', scopes: ['read:intake-bots' as const], allowedCidrs: [], documentsOnly: true };
    const { secret } = await app.database.transaction((tx) => app.apiKeys.insert(tx, workspaceId, input));
    const post = async (body: object) => {
      const answer = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      return {
        status: answer.status,
        body: (await answer.json()) as { data?: unknown; errors?: { extensions: object }[] },
      };
    };
    expect((await post({ documentId })).body.data).to.have.property('intakeBots');
    expect((await post({ query: text })).body.data).to.have.property('intakeBots');
    const free = await post({ query: '{ intakeBots { totalCount } }' });
    expect(free.status).to.equal(403);
    expect(free.body.errors?.[0]?.extensions).to.deep.equal({ code: 'document_not_trusted', details: {} });
    expect((await post({ documentId: `sha256:${'0'.repeat(64)}` })).status).to.equal(403);
    // As Apollo's, urql's and Relay's persisted queries call it, over both methods; case does not matter in a hash.
    const persisted = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
    expect((await post(persisted(sha256(text)))).body.data).to.have.property('intakeBots');
    expect((await post({ query: '', ...persisted(sha256(text).toUpperCase()) })).body.data).to.have.property(
      'intakeBots',
    );
    // The key could not send the text either, so it is not told to.
    expect((await post(persisted('0'.repeat(64)))).body.errors?.[0]?.extensions).to.include({
      code: 'document_not_trusted',
    });
    const { extensions } = persisted(sha256(text));
    const byHash = await fetch(`${server.url}/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`, {
      headers: { Authorization: `Bearer ${secret}` },
    });
    expect(await byHash.json()).to.have.nested.property('data.intakeBots');
    const get = await fetch(`${server.url}/graphql?documentId=${documentId}`, {
      headers: { Authorization: `Bearer ${secret}` },
    });
    expect(await get.json()).to.have.property('data');
    const { status, body } = await clientOf(server.url, secret).rest('GET', '/intake-bots');
    expect(status).to.equal(403);
    expect(body.error).to.deep.include({ code: 'feature_not_available', details: { feature: 'api' } });
  });

  it('trusts only documents that are valid and within the limits', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const page = '{ submissions(first: 100) { nodes { intakeBot { submissions(first: 100) { nodes { id } } } } } }';
    const documents = ['{ viewer { role } }', '{ nothing }', '{', page];
    const trust = 'mutation ($input: TrustDocumentsInput!) { trustDocuments(input: $input) { documentIds } }';
    const { body } = await owner.graphql(trust, { input: { documents } });
    const { code, details } = body.errors[0].extensions;
    expect(code).to.equal('validation_failed');
    expect(details.issues.map((issue: { path: string; code: string }) => [issue.path, issue.code])).to.deep.equal([
      ['documents.1', 'bad_format'],
      ['documents.2', 'bad_format'],
      ['documents.3', 'not_allowed'],
    ]);
  });
});
