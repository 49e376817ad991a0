import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { KeyMakers1790000000021 } from '../../migrations/1790000000021-key-makers.js';
import { apiKeyPattern, isApiKeyText, newApiKeyText } from '../../src/api-keys/api-key-text.js';
import { CreateApiKey } from '../../src/api-keys/api-key.input.js';
import { RevocationWatch } from '../../src/http/revocation-watch.js';
import { createLog } from '../../src/platform/log.js';
import { validate } from '../../src/platform/validate.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { operator } from '../support/factories.js';
import { codeOf, memberOf } from '../support/people.js';
import { startTappedServer, type TappedServer } from '../support/wiretap.js';

const create = `mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) { secret apiKey { id name hint scopes expiresAt allowedCidrs documentsOnly } } }`;
const rotate = 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { id hint } } }';
const revoke = 'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { revokedAt } } }';

describe('API keys', () => {
  let server: TappedServer;
  let tenant: Tenant;

  before(async () => {
    server = await startTappedServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
  });

  beforeEach(async () => {
    tenant = await createTenant(server.app);
  });

  after(async () => {
    await server.stop();
  });

  const statusOf = async (key: string, url = server.url, headers: Record<string, string> = {}) =>
    (await clientOf(url, key).rest('GET', '/intake-bots', undefined, headers)).status;

  it('have the published form, which a scanner can check without asking', () => {
    const keys = Array.from({ length: 200 }, newApiKeyText);
    expect(new Set(keys).size).to.equal(keys.length);
    for (const key of keys) {
      expect(apiKeyPattern.exec(`IOZEN_API_KEY="${key}"`)?.[0]).to.equal(key);
      expect(isApiKeyText(key)).to.equal(true);
      const at = 11 + Math.floor(Math.random() * 32);
      const other = key[at] === 'x' ? 'y' : 'x';
      expect(isApiKeyText(key.slice(0, at) + other + key.slice(at + 1)), `${key} changed at ${at}`).to.equal(false);
    }
  });

  it('say who made them, the operator or a person, also once the person is removed', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const made = async (person: typeof owner, name: string) =>
      (await person.graphql(create, { input: { name, scopes: ['read:contacts'] } })).body.data.createApiKey.apiKey.id;
    await made(owner, 'of the owner');
    const ofAdmin = await made(admin, 'of the admin');
    const creators = async () => {
      const { body } = await owner.graphql('{ apiKeys { nodes { name createdBy { kind id name } } } }');
      const nodes = body.data.apiKeys.nodes as { name: string; createdBy: object }[];
      return Object.fromEntries(nodes.map(({ name, createdBy }) => [name, createdBy]));
    };
    const expected = {
      Test: { kind: 'OPERATOR', id: null, name: 'Operator' },
      'of the owner': { kind: 'PERSON', id: owner.id, name: 'Owner' },
      'of the admin': { kind: 'PERSON', id: admin.id, name: 'ADMIN' },
    };
    expect(await creators()).to.deep.equal(expected);
    const remove = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { member { id } } }';
    expect(codeOf(await owner.graphql(remove, { input: { id: admin.id } }))).to.equal(null);
    await owner.graphql(rotate, { input: { id: ofAdmin } });
    expect(await creators()).to.deep.equal(expected);

    // Keys from before it was kept: the audit log knows, and of who was removed it has the e-mail.
    const runner = server.app.database.manager.connection.createQueryRunner();
    await new KeyMakers1790000000021().down(runner);
    await new KeyMakers1790000000021().up(runner);
    await runner.release();
    expect(await creators()).to.deep.equal({
      ...expected,
      'of the admin': { kind: 'PERSON', id: admin.id, name: admin.email },
    });
  });

  it('that are made up are refused before any query', async () => {
    const asked = async (work: () => Promise<void>) =>
      (await server.tap.statementsOf(work)).filter((text) => text.includes('api_keys'));
    const none = await asked(async () => {
      const madeUp = `iozen_live_${'a'.repeat(32)}`;
      for (const key of [madeUp, 'x', `${tenant.key}x`]) expect(await statusOf(key)).to.equal(401);
    });
    expect(none).to.deep.equal([]);
    const some = await asked(async () => void expect(await statusOf(tenant.key)).to.equal(200));
    expect(some).to.not.deep.equal([]);
  });

  it('are shown once, at their creation, and kept as a hash', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const input = {
      name: 'Sync',
      scopes: ['read:contacts'],
      expiresAt: '2999-01-01T00:00:00.000Z',
      allowedCidrs: ['192.0.2.0/24'],
    };
    const made = (await admin.graphql(create, { input })).body.data.createApiKey;
    expect(made.apiKey).to.deep.equal({
      id: made.apiKey.id,
      hint: `${made.secret.slice(0, 15)}…`,
      documentsOnly: false,
      ...input,
    });
    const list = await admin.graphql('{ apiKeys { totalCount nodes { id name hint scopes lastUsedAt revokedAt } } }');
    expect(list.body.data.apiKeys.totalCount).to.equal(2);
    expect(list.body.data.apiKeys.nodes[0].id).to.equal(made.apiKey.id);
    expect(JSON.stringify(list.body)).not.to.include(made.secret);
  });

  it('never mint, list, rotate or revoke keys, whatever their scopes, nor do Members', async () => {
    const key = clientOf(server.url, tenant.key);
    const member = await memberOf(server.app, tenant, 'MEMBER');
    const id = (await server.app.apiKeys.list(await operator(server.app, tenant.workspaceId), page)).rows[0]?.id;
    for (const caller of [key, member]) {
      const answers = [
        await caller.graphql(create, { input: { name: 'x', scopes: ['read:contacts'] } }),
        await caller.graphql(rotate, { input: { id } }),
        await caller.graphql(revoke, { input: { id } }),
        await caller.graphql('{ apiKeys { nodes { id } } }'),
      ];
      expect(answers.map(codeOf)).to.deep.equal(Array<string>(4).fill('insufficient_role'));
    }
    expect(await statusOf(tenant.key)).to.equal(200);
  });

  it('cannot be made, changed or seen from another workspace', async () => {
    const other = await memberOf(server.app, await createTenant(server.app), 'OWNER');
    const id = (await server.app.apiKeys.list(await operator(server.app, tenant.workspaceId), page)).rows[0]?.id;
    expect(codeOf(await other.graphql(rotate, { input: { id } }))).to.equal('resource_not_found');
    expect(codeOf(await other.graphql(revoke, { input: { id } }))).to.equal('resource_not_found');
    const seen = (await other.graphql('{ apiKeys { nodes { id } } }')).body.data.apiKeys.nodes as { id: string }[];
    expect(seen.map((node) => node.id)).not.to.include(id);
  });

  it('are counted under a lock: 50 made at once at the edge of the plan make exactly the allowed number', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const input = { name: 'One of many', scopes: ['read:contacts'] };
    const answers = await Promise.all(Array.from({ length: 50 }, async () => admin.graphql(create, { input })));
    const codes = answers.map(codeOf);
    expect(codes.filter((code) => code === null)).to.have.length(9);
    expect(codes.filter((code) => code === 'plan_limit_exceeded')).to.have.length(41);
    const refused = answers.find((answer) => codeOf(answer) === 'plan_limit_exceeded');
    expect(refused?.body.errors[0].extensions.details).to.deep.equal({ resource: 'api_keys', current: 10, max: 10 });
  });

  it('count towards the plan only while they live', async () => {
    const pro = await createTenant(server.app, 'PRO');
    const owner = await memberOf(server.app, pro, 'OWNER');
    const make = async (name: string) => owner.graphql(create, { input: { name, scopes: ['read:contacts'] } });
    const [second, third] = [await make('second'), await make('third')];
    expect(codeOf(await make('fourth'))).to.equal('plan_limit_exceeded');
    await owner.graphql(revoke, { input: { id: second.body.data.createApiKey.apiKey.id } });
    expect(codeOf(await make('fourth'))).to.equal(null);
    const expired = third.body.data.createApiKey.apiKey.id;
    await server.app.database.manager.query('update api_keys set expires_at = now() where id = $1', [expired]);
    expect(codeOf(await make('fifth'))).to.equal(null);
  });

  it('stop at their expiry', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const expiresAt = new Date(Date.now() + 2_500).toISOString();
    const made = await admin.graphql(create, { input: { name: 'Brief', scopes: ['read:intake-bots'], expiresAt } });
    const { secret } = made.body.data.createApiKey;
    expect(await statusOf(secret)).to.equal(200);
    await wait(Date.parse(expiresAt) - Date.now() + 5);
    expect(await statusOf(secret)).to.equal(401);
    const past = { name: 'Past', scopes: ['read:intake-bots'], expiresAt: '2020-01-01T00:00:00.000Z' };
    expect((await admin.graphql(create, { input: past })).body.errors[0].extensions.details.issues).to.deep.equal([
      { path: 'expiresAt', code: 'out_of_range', message: 'must be in the future' },
    ]);
  });

  it('work from their ranges only', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const allowedCidrs = ['203.0.113.0/24', '2001:db8::/32'];
    const input = { name: 'Bound', scopes: ['read:intake-bots'], allowedCidrs };
    const { secret } = (await admin.graphql(create, { input })).body.data.createApiKey;
    const from = async (address: string) => statusOf(secret, server.url, { 'X-Forwarded-For': address });
    expect(await from('203.0.113.9')).to.equal(200);
    expect(await from('2001:db8::9')).to.equal(200);
    expect(await from('203.0.114.9')).to.equal(401);
    expect(await statusOf(secret)).to.equal(401);
    const wrong = await admin.graphql(create, { input: { ...input, allowedCidrs: ['203.0.113.0'] } });
    expect(wrong.body.errors[0].extensions.details.issues[0]).to.include({
      path: 'allowedCidrs.0',
      code: 'bad_format',
    });
  });

  it('rotate: the old secret works beside the new one until the overlap ends, and both share one limit', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const id = (await server.app.apiKeys.list(await operator(server.app, tenant.workspaceId), page)).rows[0]?.id;
    const turn = async (overlapSeconds?: number) =>
      (await admin.graphql(rotate, { input: { id, overlapSeconds } })).body.data.rotateApiKey.secret as string;
    const second = await turn(1);
    const rotatedAtMs = Date.now();
    expect(await statusOf(tenant.key)).to.equal(200);
    const left = await clientOf(server.url, second).rest('GET', '/intake-bots');
    expect(left.headers.get('x-ratelimit-remaining')).to.equal('498');
    await wait(rotatedAtMs + 1_010 - Date.now());
    expect(await statusOf(tenant.key)).to.equal(401);
    const third = await turn(0);
    expect(await statusOf(second)).to.equal(401);
    expect(await statusOf(third)).to.equal(200);
    await admin.graphql(revoke, { input: { id } });
    expect((await admin.graphql(rotate, { input: { id } })).body.errors[0].extensions.details).to.deep.equal({
      reason: 'api_key_ended',
    });
  });

  it('keep every promise of an overlap through later rotations, until they are revoked', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const id = (await server.app.apiKeys.list(await operator(server.app, tenant.workspaceId), page)).rows[0]?.id;
    const turn = async (overlapSeconds: number) =>
      (await admin.graphql(rotate, { input: { id, overlapSeconds } })).body.data.rotateApiKey.secret as string;
    const statuses = async (...secrets: string[]) => await Promise.all(secrets.map(async (one) => statusOf(one)));
    const first = tenant.key;
    const second = await turn(604_800);
    const third = await turn(604_800);
    expect(await statuses(first, second, third)).to.deep.equal([200, 200, 200]);
    // One that ends at once ends that one alone.
    const fourth = await turn(0);
    expect(await statuses(first, second, third, fourth)).to.deep.equal([200, 200, 401, 200]);
    const fifth = await turn(1);
    const sixth = await turn(604_800);
    await wait(1_010);
    expect(await statuses(first, second, fourth, fifth, sixth)).to.deep.equal([200, 200, 401, 200, 200]);
    // They are one key, with one budget, that counts once towards the plan.
    const left = await clientOf(server.url, sixth).rest('GET', '/intake-bots');
    expect(Number(left.headers.get('x-ratelimit-remaining'))).to.be.below(490);
    expect((await admin.graphql('{ workspace { usage { apiKeys } } }')).body.data.workspace.usage.apiKeys).to.equal(1);
    const [seventh, eighth] = [await turn(604_800), await turn(604_800)];
    const refused = await admin.graphql(rotate, { input: { id, overlapSeconds: 60 } });
    expect(refused.body.errors[0].extensions).to.deep.include({
      code: 'conflict',
      details: { reason: 'too_many_secrets' },
    });
    const all = [first, second, fifth, sixth, seventh, eighth];
    expect(await statuses(...all)).to.deep.equal(all.map(() => 200));
    const ninth = await turn(0);
    await admin.graphql(revoke, { input: { id } });
    expect(await statuses(...all, ninth)).to.deep.equal([...all, ninth].map(() => 401));
  });

  it('promise no overlap past their own end', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const input = { name: 'Ends soon', scopes: ['read:intake-bots'], expiresAt };
    const { apiKey } = (await admin.graphql(create, { input })).body.data.createApiKey;
    const rotated = await admin.graphql(`mutation { rotateApiKey(input: { id: "${apiKey.id}" }) {
      apiKey { previousUntil expiresAt } } }`);
    expect(rotated.body.data.rotateApiKey.apiKey).to.deep.equal({ previousUntil: expiresAt, expiresAt });
  });

  it('are made and rotated 30 times an hour, so that new ones are no way around the limits', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const make = async () => await admin.graphql(create, { input: { name: 'Churned', scopes: ['read:intake-bots'] } });
    for (let made = 0; made < 29; made += 1) {
      const id: string = (await make()).body.data.createApiKey.apiKey.id;
      await admin.graphql(revoke, { input: { id } });
    }
    // What the plan refuses is not counted, what is done at once is.
    const answers = await Promise.all(Array.from({ length: 12 }, make));
    const codes = answers.map(codeOf);
    expect(codes.filter((code) => code === null)).to.have.length(1);
    expect(codes.filter((code) => code === 'rate_limit_exceeded')).to.have.length(11);
    const refused = answers.find((answer) => codeOf(answer) !== null);
    expect(refused?.body.errors[0].extensions.details.retry_after).to.be.within(3_500, 3_600);
    const kept = answers.find((answer) => codeOf(answer) === null);
    const id: string = kept?.body.data.createApiKey.apiKey.id;
    expect(codeOf(await admin.graphql(rotate, { input: { id } }))).to.equal('rate_limit_exceeded');
    // Ending one is never refused, and operators are not counted.
    expect(codeOf(await admin.graphql(revoke, { input: { id } }))).to.equal(null);
    await server.app.apiKeys.create(await operator(server.app, tenant.workspaceId), () =>
      validate(CreateApiKey, { name: 'By hand', scopes: ['read:contacts'] }, 'snake_case'),
    );
    await server.app.database.manager.query(
      "update api_key_changes set at = array(select one - interval '1 hour' from unnest(at) one) where workspace_id = $1",
      [tenant.workspaceId],
    );
    expect(codeOf(await make())).to.equal(null);
  });

  it('remember when they were last used without a write per request', async () => {
    const { apiKeys } = server.app;
    const written = async (work: () => Promise<unknown>) =>
      (await server.tap.statementsOf(work)).filter((text) => text.includes('last_used_at = used.at'));
    const used = async () => {
      for (let index = 0; index < 20; index += 1) await statusOf(tenant.key);
    };
    expect(await written(used)).to.deep.equal([]);
    expect(await written(async () => await apiKeys.stop())).to.have.length(1);
    const [key] = (await apiKeys.list(await operator(server.app, tenant.workspaceId), page)).rows;
    expect(Date.now() - (key?.lastUsedAt?.getTime() ?? 0)).to.be.lessThan(5_000);
  });

  describe('that end', () => {
    let second: TestServer;

    before(async () => {
      second = await startServer({ role: 'api', beside: server });
    });

    after(async () => {
      await second.stop();
    });

    async function ends(act: () => Promise<unknown>, status: number): Promise<void> {
      expect(await statusOf(tenant.key, second.url)).to.equal(200);
      await act();
      const endedAtMs = Date.now();
      while ((await statusOf(tenant.key, second.url)) !== status) {
        expect(Date.now() - endedAtMs, 'milliseconds after the end').to.be.lessThan(1_000);
      }
    }

    const revokeFirst = async () => {
      const actor = await operator(server.app, tenant.workspaceId);
      const [key] = (await server.app.apiKeys.list(actor, page)).rows;
      await server.app.apiKeys.revoke(actor, key?.id ?? '');
    };

    it('are refused in another process within a second of their revocation', async () => {
      await ends(revokeFirst, 401);
    });

    it('are refused in another process within a second of a change of plan or archiving', async () => {
      await ends(async () => server.app.workspaces.change(tenant.workspaceId, { plan: 'FREE' }), 403);
      tenant = await createTenant(server.app);
      await ends(async () => server.app.workspaces.change(tenant.workspaceId, { archived: true }), 403);
    });

    it('are remembered in a process that no signal reaches, for as long as look-ups are', async () => {
      const deaf = await startServer({ role: 'api', beside: server });
      try {
        // It has left the channel: every notification to it is lost from here on.
        await deaf.app.notifications.stop();
        expect(await statusOf(tenant.key, deaf.url)).to.equal(200);
        await revokeFirst();
        await wait(300);
        expect(await statusOf(tenant.key, deaf.url)).to.equal(200);
      } finally {
        await deaf.stop();
      }
    });

    it('close the streams they opened: at once in every process, and later without a signal', async () => {
      const { apiKeys, sessions, trustedDocuments } = second.app;
      const origin = { requestId: 'stream', address: null };
      const actor = await apiKeys.authenticate(tenant.key, origin);
      const stays = await createTenant(server.app);
      const other = await apiKeys.authenticate(stays.key, origin);
      const deafSignals = { on: () => () => undefined, onReconnect: () => undefined } as never;
      const deaf = new RevocationWatch(apiKeys, sessions, trustedDocuments, deafSignals, createLog('silent'), 400);
      const ended: string[] = [];
      const closed = new Promise<void>((resolve) => {
        second.app.revocations.onEnded(actor, () => {
          ended.push('told');
          resolve();
        });
      });
      second.app.revocations.onEnded(other, () => ended.push('wrong'));
      const found = new Promise<void>((resolve) => {
        deaf.onEnded(actor, () => {
          ended.push('found');
          resolve();
        });
      });
      const startMs = performance.now();
      await revokeFirst();
      await closed;
      expect(performance.now() - startMs).to.be.lessThan(1_000);
      await found;
      expect(ended).to.deep.equal(['told', 'found']);
      await deaf.stop();
    });
  });

  it('that were looked up while they were revoked are not remembered', async () => {
    const { apiKeys } = server.app;
    const actor = await operator(server.app, tenant.workspaceId);
    const { secret, apiKey } = await apiKeys.create(actor, () =>
      validate(CreateApiKey, { name: 'Raced', scopes: ['read:intake-bots'] }, 'snake_case'),
    );
    const { read, answer } = server.tap.answerLate((text) => text.includes('k.previous_hash = $1'));
    const origin = { requestId: '', address: null };
    const before = apiKeys.authenticate(secret, origin);
    await read;
    await apiKeys.revoke(actor, apiKey.id);
    answer();
    await before;
    const after = await apiKeys.authenticate(secret, origin).then(
      () => 'let in',
      () => 'refused',
    );
    expect(after).to.equal('refused');
  });
});

const page = { limit: 10, cursor: null, direction: 'older' } as const;
