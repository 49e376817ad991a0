import { expect } from 'chai';
import { newApiKeyText } from '../../src/api-keys/api-key-text.js';
import { scopes } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { restRoutes } from '../../src/rest/routes.js';
import type { Route } from '../../src/rest/route.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

// oxlint-disable-next-line typescript/no-explicit-any -- answers of both doors are compared, whatever their shape.
type Loose = any;

interface Params {
  id?: string;
  submissionId?: string;
}

/** The same operation over GraphQL: a document, its variables, and its answer as REST words it. */
interface Twin {
  document: string;
  variables: (params: Params, body: Loose) => object;
  rest: (data: Loose) => object;
  /** Bodies that both take, and that both refuse for the same issues. */
  right?: object[];
  wrong?: object[];
}

const camel = (key: string) => key.replace(/_[a-z]/g, (match) => match.slice(1).toUpperCase());
const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const respelled = (object: object, respell: (key: string) => string): Loose =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [respell(key), value as unknown]));
const present = (object: object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));

const item = 'name label type required options helperText placeholder min max minLength maxLength pattern kind';
const botSummary = 'id name status submissionCount createdAt updatedAt';
const bot = `${botSummary} description shareUrl schema { ${item} }`;
const submission = `id data status aiSummary isTest fileCount schemaVersion createdAt updatedAt`;
const submissionAlone = `${submission} intakeBotId messages(first: 100) { nodes { id role content createdAt } }`;
const contact = 'id email phone firstName lastName tags customFields submissionCount createdAt updatedAt';
const record = 'id recordType data submissionId createdAt updatedAt contacts { role contact { id } }';
const webhook = 'id url events status description lastDeliveryAt lastDeliveryOk consecutiveFails createdAt updatedAt';

const schemaAsRest = (schema: object[]) => schema.map((field) => respelled(present(field), snake) as object);
const botAsRest = (found: Loose) => ({
  ...respelled(found, snake),
  ...(found.schema && { schema: schemaAsRest(found.schema) }),
});
const submissionAsRest = ({ messages, ...found }: Loose) => ({
  ...respelled(found, snake),
  ...(messages?.nodes && {
    messages: messages.nodes
      .toReversed()
      .map((message: Loose) => ({ ...respelled(message, snake), role: message.role.toLowerCase() })),
  }),
  ...(messages?.totalCount !== undefined && { message_count: messages.totalCount }),
});
const recordAsRest = ({ contacts, ...found }: Loose) => ({
  ...respelled(found, snake),
  contacts: contacts.map((link: Loose) => ({ id: link.contact.id, role: link.role })),
});
const webhookAsRest = (found: Loose) => ({
  ...respelled(found, snake),
  status: found.status.toLowerCase(),
});
const pagination = ({ pageInfo }: Loose) => ({
  has_more: pageInfo.hasNextPage,
  next_cursor: pageInfo.hasNextPage ? pageInfo.endCursor : null,
});
const pageInfo = 'pageInfo { hasNextPage endCursor }';
const listOf = (field: string, selection: string, name: string, asRest: (node: Loose) => object): Twin => ({
  document: `{ ${field}(first: 50) { nodes { ${selection} } ${pageInfo} } }`,
  variables: () => ({}),
  rest: (data) => ({ [name]: data[field].nodes.map(asRest), pagination: pagination(data[field]) }),
});
const one = (field: string, selection: string, name: string, asRest: (node: Loose) => object): Twin => ({
  document: `query ($id: ID!) { ${field}(id: $id) { ${selection} } }`,
  variables: ({ id }) => ({ id }),
  rest: (data) => ({ [name]: asRest(data[field]) }),
});
const plain = (found: object) => respelled(found, snake) as object;

const camelSchema = (body: Loose) => ({
  ...body,
  ...(Array.isArray(body.schema) && { schema: body.schema.map((field: object) => respelled(field, camel) as object) }),
});

const field = { name: 'topic', label: 'Topic', type: 'text', required: false, min_length: 2 };
const twins: Record<string, Twin> = {
  'GET /me': {
    document: '{ viewer { workspace { id name plan } apiKey { id name scopes expiresAt } } }',
    variables: () => ({}),
    rest: ({ viewer: { workspace, apiKey } }) => ({ me: { workspace, key: plain(apiKey) } }),
  },
  'GET /events': listOf('events', 'payload', 'events', ({ payload }) => payload as object),
  'POST /webhooks/:id/test': {
    document: `mutation ($input: SendTestEventInput!) { sendTestEvent(input: $input) { attempt {
      at outcome responseStatus responseBody error address timings { dnsMs connectMs tlsMs firstByteMs totalMs }
    } } }`,
    variables: ({ id }, body) => ({ input: { endpointId: id, ...body } }),
    rest: ({ sendTestEvent: { attempt } }) => ({
      attempt: { ...plain(attempt), outcome: attempt.outcome.toLowerCase(), timings: plain(attempt.timings) },
    }),
    right: [{ type: 'contact.created' }, {}],
  },
  'GET /intake-bots': listOf('intakeBots', botSummary, 'intake_bots', botAsRest),
  'GET /intake-bots/:id': one('intakeBot', bot, 'intake_bot', botAsRest),
  'PATCH /intake-bots/:id': {
    document: `mutation ($input: UpdateIntakeBotInput!) { updateIntakeBot(input: $input) { intakeBot { ${bot} } } }`,
    variables: ({ id }, body) => ({ input: { id, ...camelSchema(body) } }),
    rest: (data) => ({ intake_bot: botAsRest(data.updateIntakeBot.intakeBot) }),
    right: [{ name: 'Renamed' }, { description: null, schema: [field] }],
    wrong: [
      { name: '' },
      { name: 'x'.repeat(201), description: 'x'.repeat(2_001) },
      { schema: [{ ...field, type: 'select' }, field] },
    ],
  },
  'GET /intake-bots/:id/submissions': {
    document: `query ($id: ID!) {
      submissions(intakeBotId: $id, first: 50) { nodes { ${submission} messages { totalCount } } ${pageInfo} }
      intakeBot(id: $id) { schema { ${item} } }
    }`,
    variables: ({ id }) => ({ id }),
    rest: (data) => ({
      submissions: data.submissions.nodes.map(submissionAsRest),
      schema: schemaAsRest(data.intakeBot.schema),
      pagination: pagination(data.submissions),
    }),
  },
  'GET /intake-bots/:id/submissions/:submissionId': {
    document: `query ($id: ID!) { submission(id: $id) { ${submissionAlone} } }`,
    variables: ({ submissionId }) => ({ id: submissionId }),
    rest: (data) => ({ submission: submissionAsRest(data.submission) }),
  },
  'POST /intake-bots/:id/submissions': {
    document: `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id status createdAt } } }`,
    variables: ({ id }, body) => ({ input: { intakeBotId: id, ...respelled(body, camel) } }),
    rest: (data) => ({ submission: plain(data.createSubmission.submission) }),
    right: [
      { data: { full_name: 'New', email: 'new@example.com' } },
      { data: { topic: 'Sales' }, status: 'IN_PROGRESS', is_test: true },
    ],
    wrong: [
      { data: {} },
      { data: { full_name: 5, email: 'no', topic: 'Other', nothing: 1, guests: 99 } },
      { data: { full_name: 'x'.repeat(10_001), email: 'a@example.com' } },
      { data: { full_name: 'a\0b', email: 'a@example.com' } },
    ],
  },
  'PATCH /intake-bots/:id/submissions/:submissionId': {
    document: `mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { ${submissionAlone} } } }`,
    variables: ({ submissionId }, body) => ({ input: { id: submissionId, ...respelled(body, camel) } }),
    rest: (data) => ({ submission: submissionAsRest(data.updateSubmission.submission) }),
    right: [{ data: { topic: 'Support', guests: null } }, {}],
    wrong: [
      { data: { nothing: 1, guests: 'many' } },
      { status: 'IN_PROGRESS' },
      { data: { email: null }, status: 'COMPLETED' },
    ],
  },
  'GET /contacts': listOf('contacts', contact, 'contacts', plain),
  'GET /contacts/:id': one('contact', contact, 'contact', plain),
  'GET /records': listOf('records', record, 'records', recordAsRest),
  'GET /records/:id': one('record', record, 'record', recordAsRest),
  'GET /webhooks': listOf('webhookEndpoints', webhook, 'webhooks', webhookAsRest),
  'GET /webhooks/:id': one('webhookEndpoint', webhook, 'webhook', webhookAsRest),
  'POST /webhooks': {
    document: `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { secret webhookEndpoint { ${webhook} } } }`,
    variables: (_, body) => ({ input: respelled(body, camel) as object }),
    rest: ({ createWebhookEndpoint: { secret, webhookEndpoint } }) => ({
      webhook: { ...webhookAsRest(webhookEndpoint), secret },
    }),
    right: [{ url: 'http://127.0.0.1:9/hook', events: ['submission.completed'], description: 'Mine' }],
    wrong: [
      { url: 'https://localhost/hook', events: ['submission.completed'] },
      { url: 'ftp://example.com', events: [] },
      { url: 'nonsense', events: ['submission.completed'], description: 'x'.repeat(501) },
    ],
  },
  'PATCH /webhooks/:id': {
    document: `mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { webhookEndpoint { ${webhook} } } }`,
    variables: ({ id }, body) => ({ input: { id, ...respelled(body, camel) } }),
    rest: (data) => ({ webhook: webhookAsRest(data.updateWebhookEndpoint.webhookEndpoint) }),
    right: [{ description: 'Changed', events: ['contact.created', 'contact.updated'] }],
    wrong: [{ events: [] }, { url: 'https://10.0.0.1/' }, { description: 'x'.repeat(501) }],
  },
  'DELETE /webhooks/:id': {
    document: 'mutation ($input: DeleteWebhookEndpointInput!) { deleteWebhookEndpoint(input: $input) { id } }',
    variables: ({ id }) => ({ input: { id } }),
    rest: (data) => ({ deleted: true, id: data.deleteWebhookEndpoint.id }),
  },
};

/** What a write makes anew in each call, told apart from what both must say alike. */
const anew = new Set(['id', 'secret', 'created_at', 'updated_at', 'at', 'timings']);

const kept = (result: object): object =>
  Object.fromEntries(
    Object.entries(result).map(([name, value]) => [
      name,
      Object.fromEntries(Object.entries(value as object).filter(([key]) => !anew.has(key))),
    ]),
  );

const nameOf = ({ method, path }: Route) => `${method} ${path}`;

describe('parity of REST and GraphQL', () => {
  let server: TestServer;
  let tenant: Tenant;
  let params: Record<string, Params>;
  let routes: Route[];

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    routes = restRoutes(server.app);
    const { app } = server;
    const made = await createBot(app, tenant.workspaceId, { record_type: 'lead' });
    const sent = await createSubmission(app, made, { data: { full_name: 'Ada', email: 'ada@example.com', guests: 2 } });
    await createSubmission(app, made, { status: 'IN_PROGRESS', data: {} });
    const owner = await operator(app, tenant.workspaceId);
    await app.submissions.addMessage(owner, sent.id, () => ({ role: 'assistant', content: 'Hello' }));
    await app.submissions.addMessage(owner, sent.id, () => ({ role: 'user', content: 'Hi' }));
    const { rest } = clientOf(server.url, tenant.key);
    const input = { url: 'http://127.0.0.1:9/hook', events: ['submission.completed'] };
    const { body } = await rest('POST', '/webhooks', input);
    const [[person], [lead]] = [
      (await rest('GET', '/contacts')).body.data.contacts,
      (await rest('GET', '/records')).body.data.records,
    ];
    params = {
      '/intake-bots': { id: made.id, submissionId: sent.id },
      'PATCH /intake-bots/:id': { id: (await createBot(app, tenant.workspaceId)).id },
      '/contacts': { id: person.id },
      '/records': { id: lead.id },
      '/webhooks': { id: body.data.webhook.id },
    };
  });

  after(async () => await server.stop());

  const paramsOf = (route: Route): Params =>
    params[nameOf(route)] ?? params[/^\/[^/]+/.exec(route.path)?.[0] ?? ''] ?? {};

  async function overRest(route: Route, key: string | undefined, given: Params, body?: object) {
    const path = route.path.replace(/:(\w+)/g, (_, name: 'id' | 'submissionId') => given[name] ?? '');
    const answer = await clientOf(server.url, key).rest(
      route.method,
      path,
      route.body === null ? undefined : (body ?? {}),
    );
    return { status: answer.status, data: answer.body.data, error: answer.body.error };
  }

  async function overGraphql(twin: Twin, key: string | undefined, given: Params, body: object = {}) {
    const answer = await clientOf(server.url, key).graphql(twin.document, twin.variables(given, body));
    const [error] = answer.body.errors ?? [];
    return {
      data: answer.body.data,
      error: error && { code: error.extensions.code, message: error.message, details: error.extensions.details },
    };
  }

  const twinOf = (route: Route): Twin => {
    const twin = twins[nameOf(route)];
    if (twin === undefined) throw new Error(`${nameOf(route)} has no twin`);
    return twin;
  };

  /** REST's details in GraphQL's spelling: names of our own fields change, names that the caller made do not. */
  const asGraphql = (error: Loose): Loose => {
    const issues = error?.details.issues?.map((issue: Loose) => ({
      ...issue,
      path: issue.path.startsWith('data.') ? issue.path : camel(issue.path),
    }));
    return issues === undefined ? error : { ...error, details: { issues } };
  };

  const unspelled = (error: Loose) => error && { ...error, message: camel(error.message) };

  async function refusedAlike(route: Route, key: string | undefined, given: Params, body?: object): Promise<string> {
    const rest = await overRest(route, key, given, body);
    const graphql = await overGraphql(twinOf(route), key, given, body);
    expect(rest.error, `${nameOf(route)} was let in`).to.be.an('object');
    expect(unspelled(graphql.error), nameOf(route)).to.deep.equal(unspelled(asGraphql(rest.error)));
    return rest.error.code;
  }

  it('has a twin for every route, and no other', () => {
    expect(Object.keys(twins)).to.have.members(routes.map(nameOf));
  });

  it('gives the same things', async () => {
    for (const route of routes.filter(({ method }) => method === 'GET')) {
      const rest = await overRest(route, tenant.key, paramsOf(route));
      const { data, error } = await overGraphql(twinOf(route), tenant.key, paramsOf(route));
      expect(error, nameOf(route)).to.equal(undefined);
      expect(twinOf(route).rest(data), nameOf(route)).to.deep.equal(rest.data);
    }
  });

  it('gives the same results of the same changes', async () => {
    for (const route of routes) {
      for (const body of twinOf(route).right ?? []) {
        const rest = await overRest(route, tenant.key, paramsOf(route), body);
        const { data, error } = await overGraphql(twinOf(route), tenant.key, paramsOf(route), body);
        expect({ rest: rest.error, graphql: error }, nameOf(route)).to.deep.equal({
          rest: undefined,
          graphql: undefined,
        });
        expect(kept(twinOf(route).rest(data)), nameOf(route)).to.deep.equal(kept(rest.data));
      }
    }
  });

  it('refuses the same inputs for the same issues', async () => {
    let refused = 0;
    for (const route of routes) {
      for (const body of twinOf(route).wrong ?? []) {
        expect(await refusedAlike(route, tenant.key, paramsOf(route), body)).to.equal('validation_failed');
        refused += 1;
      }
    }
    expect(refused).to.be.at.least(15);
  });

  it('says the same of what is missing, foreign, malformed or of another kind', async () => {
    const other = await createTenant(server.app);
    const foreign = await createBot(server.app, other.workspaceId);
    for (const route of routes.filter(({ path }) => path.includes(':'))) {
      const last = /:(\w+)$/.exec(route.path)?.[1] ?? 'id';
      for (const id of [newId('intakeBot'), newId('contact'), newId('submission'), foreign.id, 'nonsense']) {
        const given = { ...paramsOf(route), [last]: id };
        expect(await refusedAlike(route, tenant.key, given, twinOf(route).right?.[0])).to.equal('resource_not_found');
      }
    }
  });

  it('refuses the same callers: without a scope, without a name, of no plan, of an archived workspace', async () => {
    const keyWith = async (workspaceId: string, granted: readonly (typeof scopes)[number][]) => {
      const input = { name: 'Narrow', scopes: [...granted], allowedCidrs: [], documentsOnly: false };
      const { secret } = await server.app.database.transaction((tx) =>
        server.app.apiKeys.insert(tx, workspaceId, input),
      );
      return secret;
    };
    const free = await createTenant(server.app, 'PRO');
    await server.app.workspaces.change(free.workspaceId, { plan: 'FREE' });
    const archived = await createTenant(server.app);
    await server.app.workspaces.change(archived.workspaceId, { archived: true });
    const strangers: [string, string | undefined][] = [
      ['authentication_required', undefined],
      ['authentication_required', newApiKeyText()],
      ['feature_not_available', free.key],
      ['workspace_archived', archived.key],
    ];
    for (const route of routes) {
      for (const [code, key] of strangers) {
        expect(await refusedAlike(route, key, paramsOf(route))).to.equal(code);
      }
    }
    for (const scope of scopes) {
      const narrow = await keyWith(
        tenant.workspaceId,
        scopes.filter((other) => other !== scope),
      );
      for (const route of routes.filter((route) => route.scope === scope)) {
        expect(await refusedAlike(route, narrow, paramsOf(route), twinOf(route).right?.[0])).to.equal(
          'insufficient_scopes',
        );
      }
      await server.app.database.pool.query(`update api_keys set revoked_at = now() where name = 'Narrow'`);
    }
  });

  it('refuses alike what the plan does not include', async () => {
    const pro = await createTenant(server.app, 'PRO');
    const route = routes.find((candidate) => nameOf(candidate) === 'POST /webhooks');
    if (route === undefined) throw new Error('there is no such route');
    expect(await refusedAlike(route, pro.key, {}, twinOf(route).right?.[0])).to.equal('feature_not_available');
  });

  it('deletes alike', async () => {
    const route = routes.find(({ method }) => method === 'DELETE');
    if (route === undefined) throw new Error('there is no such route');
    const { rest } = clientOf(server.url, tenant.key);
    const ids: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const input = { url: 'http://127.0.0.1:9/hook', events: ['submission.completed'] };
      ids.push((await rest('POST', '/webhooks', input)).body.data.webhook.id);
    }
    const [first = '', second = ''] = ids;
    expect((await overRest(route, tenant.key, { id: first })).data).to.deep.equal({ deleted: true, id: first });
    const { data } = await overGraphql(twinOf(route), tenant.key, { id: second });
    expect(twinOf(route).rest(data)).to.deep.equal({ deleted: true, id: second });
  });
});
