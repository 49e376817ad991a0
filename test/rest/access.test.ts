import { expect } from 'chai';
import { newId } from '../../src/platform/id.js';
import { scopes, type Scope } from '../../src/platform/actor.js';
import { restRoutes } from '../../src/rest/routes.js';
import type { Route } from '../../src/rest/route.js';
import { newApiKeyText } from '../../src/api-keys/api-key-text.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

/** Every route against every way of not being allowed. */
describe('access to REST', () => {
  let server: TestServer;
  let business: Tenant;
  let pro: Tenant;
  let ids: Record<string, Record<string, string>>;
  const keys: Record<string, string | undefined> = {};

  const call = async (route: Route, key: string | undefined, params = ids[route.path]) => {
    const path = route.path.replace(/:(\w+)/g, (_, name: string) => params?.[name] ?? 'nothing');
    return await clientOf(server.url, key).rest(route.method, path, bodyOf(route));
  };

  before(async () => {
    server = await startServer();
    business = await createTenant(server.app);
    pro = await createTenant(server.app, 'PRO');
    ids = await everyId(server, business);
    const owner = business.workspaceId;
    keys['expired'] = await keyOf(server, owner, scopes);
    await server.app.database.pool.query(`update api_keys set expires_at = now() where hash = sha256($1)`, [
      Buffer.from(keys['expired']),
    ]);
    keys['revoked'] = await keyOf(server, owner, scopes);
    await server.app.database.pool.query(`update api_keys set revoked_at = now() where hash = sha256($1)`, [
      Buffer.from(keys['revoked']),
    ]);
    keys['unknown'] = newApiKeyText();
    keys['malformed'] = `${business.key.slice(0, -1)}${business.key.endsWith('0') ? '1' : '0'}`;

    const free = await createTenant(server.app, 'PRO');
    keys['free'] = free.key;
    await server.app.workspaces.change(free.workspaceId, { plan: 'FREE' });
    const archived = await createTenant(server.app);
    keys['archived'] = archived.key;
    await server.app.workspaces.change(archived.workspaceId, { archived: true });
  });
  after(async () => await server.stop());

  const everyRoute = (it: (route: Route) => Promise<void>) => async () => {
    const routes = restRoutes(server.app);
    expect(routes.length).to.be.at.least(11);
    for (const route of routes) await it(route);
  };
  const refusal = ({ status, body }: Answer<Refusal>) => ({
    status,
    code: body.error.code,
    details: body.error.details,
  });

  for (const name of ['no', 'malformed', 'unknown', 'expired', 'revoked']) {
    it(
      `answers 401 on every route with ${name} key`,
      everyRoute(async (route) => {
        const answer = await call(route, keys[name]);
        expect(refusal(answer), route.summary).to.deep.equal({
          status: 401,
          code: 'authentication_required',
          details: {},
        });
        expect(answer.headers.get('x-ratelimit-limit')).to.equal(null);
      }),
    );
  }

  it(
    'answers 403 with the scope that is missing, and those that are there',
    everyRoute(async (route) => {
      if (route.scope === null) return;
      const granted = scopes.filter((scope) => scope !== route.scope);
      const key = await keyOf(server, business.workspaceId, granted);
      const answer = await call(route, key);
      expect(refusal(answer), route.summary).to.deep.equal({
        status: 403,
        code: 'insufficient_scopes',
        details: { required: [route.scope], granted: [...granted] },
      });
      expect(answer.headers.get('x-ratelimit-limit')).to.equal('500');
    }),
  );

  it(
    'answers what needs no more than the scope to a key with that scope alone',
    everyRoute(async (route) => {
      const answer = await call(
        route,
        await keyOf(server, business.workspaceId, route.scope === null ? [] : [route.scope]),
      );
      // A body that is empty is no reason to say that the caller may not.
      expect(answer.status, route.summary).to.be.oneOf([200, 400]);
    }),
  );

  it(
    'answers 404 for foreign, malformed, missing and misplaced ids alike, and repeats none',
    everyRoute(async (route) => {
      const names = Object.keys(ids[route.path] ?? {});
      const stranger = await createTenant(server.app);
      for (const name of names) {
        const given = ids[route.path]?.[name] ?? '';
        const others = [
          newId('submission'),
          newId('intakeBot'),
          newId('message'),
          'x',
          '%ZZ',
          '%00',
          `${given}x`,
          given.toUpperCase(),
        ];
        for (const other of others) {
          const answer = await call(route, business.key, { ...ids[route.path], [name]: other });
          expect(refusal(answer), `${route.summary} ${other}`).to.deep.include({
            status: 404,
            code: 'resource_not_found',
          });
          expect(answer.body.error.details.resource).to.equal(resourceOf(route, name));
          expect(JSON.stringify(answer.body)).not.to.include(other.length > 3 ? other : given);
        }
        const foreign = await call(route, stranger.key);
        expect(refusal(foreign), route.summary).to.deep.equal({
          status: 404,
          code: 'resource_not_found',
          details: { resource: resourceOf(route, names[0] ?? '') },
        });
      }
    }),
  );

  it(
    'gives Pro everything but webhooks that would deliver',
    everyRoute(async (route) => {
      const mine = await everyId(server, pro);
      const key = await keyOf(server, pro.workspaceId, scopes);
      const answer = await call(route, key, mine[route.path]);
      expect(answer.headers.get('x-ratelimit-limit')).to.equal('100');
      if (route.feature === null) expect(answer.status, route.summary).to.be.oneOf([200, 400, 404]);
      else {
        expect(refusal(answer), route.summary).to.deep.equal({
          status: 403,
          code: 'feature_not_available',
          details: { feature: 'webhooks' },
        });
      }
    }),
  );

  it(
    'answers 403 on every route of a Free workspace',
    everyRoute(async (route) => {
      const answer = await call(route, keys['free']);
      expect(refusal(answer), route.summary).to.deep.equal({
        status: 403,
        code: 'feature_not_available',
        details: { feature: 'api' },
      });
      expect(answer.headers.get('x-ratelimit-limit')).to.equal(null);
    }),
  );

  it(
    'answers 403 on every route of an archived workspace',
    everyRoute(async (route) => {
      const answer = await call(route, keys['archived']);
      expect(refusal(answer), route.summary).to.deep.equal({ status: 403, code: 'workspace_archived', details: {} });
      expect(answer.headers.get('x-ratelimit-limit')).to.equal(null);
    }),
  );
});

interface Refusal {
  error: { code: string; details: Record<string, unknown> };
}

const bodyOf = ({ method }: Route) => (method === 'POST' || method === 'PATCH' ? {} : undefined);

/** Which resource is named when the id called `name` names nothing. */
function resourceOf({ path }: Route, name: string): string {
  if (name === 'submissionId') return 'submission';
  const segment = path.split('/')[1] ?? '';
  return segment.replace(/s$/, '').replace('-', '_');
}

async function keyOf(server: TestServer, workspaceId: string, granted: readonly Scope[]): Promise<string> {
  return await server.app.database.transaction(async (tx) => {
    // More keys than a plan allows: each look wants its own.
    await tx.manager.query('update api_keys set revoked_at = now() where workspace_id = $1 and name = $2', [
      workspaceId,
      'Used',
    ]);
    const input = { name: 'Used', scopes: [...granted], allowedCidrs: [], documentsOnly: false };
    return (await server.app.apiKeys.insert(tx, workspaceId, input)).secret;
  });
}

/** For every path with parameters, ids that name something of this tenant. */
async function everyId(server: TestServer, { workspaceId }: Tenant): Promise<Record<string, Record<string, string>>> {
  const bot = await createBot(server.app, workspaceId, { record_type: 'lead' });
  const submission = await createSubmission(server.app, bot);
  const { rows } = await server.app.database.pool.query<{ contact: string; record: string }>(
    'select s.contact_id as contact, r.id as record from submissions s join records r on r.submission_id = s.id where s.id = $1',
    [submission.id],
  );
  const [found] = rows;
  const { workspaces, webhookEndpoints } = server.app;
  const { plan } = await workspaces.find(workspaceId);
  const input = { url: 'http://127.0.0.1:9/hook', events: ['submission.completed' as const] };
  const webhook =
    plan === 'BUSINESS' ? await webhookEndpoints.create(await operator(server.app, workspaceId), () => input) : null;
  const webhookId = webhook?.webhookEndpoint.id ?? newId('webhookEndpoint');
  return {
    '/intake-bots/:id': { id: bot.id },
    '/intake-bots/:id/submissions': { id: bot.id },
    '/intake-bots/:id/submissions/:submissionId': { id: bot.id, submissionId: submission.id },
    '/contacts/:id': { id: found?.contact ?? '' },
    '/webhooks/:id': { id: webhookId },
    '/webhooks/:id/test': { id: webhookId },
    '/records/:id': { id: found?.record ?? '' },
  };
}
