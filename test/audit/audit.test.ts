import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { AuditDigestService } from '../../src/audit/audit-digest.service.js';
import { newId } from '../../src/platform/id.js';
import type { Valid } from '../../src/platform/validate.js';
import type { UpdateWebhookEndpoint } from '../../src/webhooks/endpoints/endpoint.input.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { codeOf, memberOf, personAt, signIn, type Person } from '../support/people.js';
import { iozen } from '../support/process.js';

const log = `query ($filter: AuditEntryFilter) {
  auditLog(filter: $filter, first: 100) { totalCount nodes { action actorKind actorId subjectId address details } } }`;

interface Entry {
  action: string;
  actorKind: string;
  actorId: string;
  subjectId: string;
  address: string | null;
  details: object;
}

describe('audit log', () => {
  let server: TestServer;
  let tenant: Tenant;
  let owner: Person;

  before(async () => {
    server = await startServer({ role: 'api' });
  });

  beforeEach(async () => {
    tenant = await createTenant(server.app);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });

  after(async () => {
    await server.stop();
  });

  const entries = async (filter: object = {}) =>
    (await owner.graphql(log, { filter })).body.data.auditLog.nodes as Entry[];
  const sql = async (text: string, values: unknown[] = []) =>
    server.app.database.manager.query<unknown[]>(text, values);

  async function callEverything(): Promise<void> {
    const call = async (mutation: string) => {
      const answer = await owner.graphql(`mutation { ${mutation} }`);
      expect(codeOf(answer), mutation).to.equal(null);
      return answer.body.data;
    };
    const { id } = await memberOf(server.app, tenant, 'MEMBER');
    await call('updateWorkspace(input: { name: "Renamed" }) { workspace { id } }');
    await call(`inviteMember(input: { email: "x.${tenant.workspaceId}@example.com" }) { link }`);
    await call(`updateMemberRole(input: { id: "${id}", role: ADMIN }) { member { id } }`);
    await call(`removeMember(input: { id: "${id}" }) { member { id } }`);
    const made = await call('createApiKey(input: { name: "K", scopes: ["read:contacts"] }) { apiKey { id } }');
    const key = made.createApiKey.apiKey.id;
    await call(`rotateApiKey(input: { id: "${key}" }) { secret }`);
    await call(`revokeApiKey(input: { id: "${key}" }) { apiKey { id } }`);
    await call(
      `changePassword(input: { currentPassword: "${tenant.owner.password}", newPassword: "a new password" }) { viewer { role } }`,
    );
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
  }

  it('tells of every change of keys, members and plan: who, what, to which thing, from where', async () => {
    await callEverything();
    const told = await entries();
    expect(told.map(({ action }) => action).toReversed()).to.deep.equal([
      'workspace.created',
      'member.joined',
      'api_key.created',
      'member.signed_in',
      'member.joined',
      'workspace.updated',
      'member.invited',
      'member.role_changed',
      'member.removed',
      'api_key.created',
      'api_key.rotated',
      'api_key.revoked',
      'member.password_changed',
      'workspace.plan_changed',
    ]);
    const [changed] = await entries({ action: ['member.role_changed'] });
    expect(changed).to.deep.include({
      actorKind: 'user',
      actorId: tenant.owner.id,
      address: '127.0.0.1',
      details: { from: 'MEMBER', to: 'ADMIN' },
    });
    expect((await entries({ action: ['workspace.plan_changed'] }))[0]).to.deep.include({
      actorKind: 'operator',
      subjectId: tenant.workspaceId,
      details: { plan: 'PRO', previous_plan: 'BUSINESS' },
    });
    expect(JSON.stringify(told)).not.to.match(/iozen_live|password"|whsec_/);
  });

  it('tells of what is sent once more, of what is deleted for good, and of what programs are trusted with', async () => {
    const call = async (mutation: string) => {
      const answer = await owner.graphql(`mutation { ${mutation} }`);
      expect(codeOf(answer), mutation).to.equal(null);
      return answer.body.data;
    };
    const bot = await createBot(server.app, tenant.workspaceId);
    const [first, second] = [await createSubmission(server.app, bot), await createSubmission(server.app, bot)];
    const made = await call(
      'createWebhookEndpoint(input: { url: "http://127.0.0.1:9/", events: ["submission.completed"] }) { webhookEndpoint { id } }',
    );
    const endpoint: string = made.createWebhookEndpoint.webhookEndpoint.id;
    await call(`updateWebhookEndpoint(input: { id: "${endpoint}", url: "http://127.0.0.1:9/moved",
      customHeaders: { Authorization: "hush" } }) { webhookEndpoint { id } }`);
    const [event] = await server.app.database.manager.query<{ id: string }[]>(
      "select id from events where subject_id = $1 and type = 'submission.completed'",
      [first.id],
    );
    const delivery = newId('webhookDelivery');
    await sql('insert into webhook_open_deliveries (endpoint_id, id, event_id) values ($2, $1, $3)', [
      delivery,
      endpoint,
      event?.id,
    ]);
    await call(`redeliver(input: { deliveryId: "${delivery}" }) { webhookDelivery { id } }`);
    const range = `endpointId: "${endpoint}", since: "2026-01-01T00:00:00Z"`;
    await call(`startReplay(input: { ${range}, dryRun: true }) { replay { id } }`);
    const started = await call(`startReplay(input: { ${range} }) { replay { id } }`);
    const replay: string = started.startReplay.replay.id;
    await call(`cancelReplay(input: { id: "${replay}" }) { replay { id } }`);
    await call(`cancelReplay(input: { id: "${replay}" }) { replay { id } }`);
    await call(`deleteSubmission(input: { id: "${second.id}" }) { submission { id } }`);
    const contact = async (email: string): Promise<string> =>
      (await call(`createContact(input: { email: "${email}" }) { contact { id } }`)).createContact.contact.id;
    const [kept, dropped] = [await contact('kept@example.com'), await contact('dropped@example.com')];
    await call(`mergeContacts(input: { id: "${kept}", duplicateId: "${dropped}" }) { contact { id } }`);
    await call(`deleteContact(input: { id: "${kept}" }) { contact { id } }`);
    const documents = 'documents: ["{ viewer { role } }"]';
    const trusted = await call(`trustDocuments(input: { ${documents} }) { documentIds }`);
    await call(`trustDocuments(input: { ${documents} }) { documentIds }`);
    const [documentId] = trusted.trustDocuments.documentIds as string[];
    for (let times = 0; times < 2; times += 1) {
      await call(`distrustDocuments(input: { documentIds: ["${documentId}"] }) { documentIds }`);
    }
    const told = (await entries()).toReversed();
    const from = told.findIndex(({ action }) => action === 'webhook_endpoint.created') + 1;
    expect(told.slice(from).map(({ action, subjectId }) => [action, subjectId])).to.deep.equal([
      ['webhook_endpoint.updated', endpoint],
      ['webhook_delivery.redelivered', delivery],
      ['replay.started', replay],
      ['replay.cancelled', replay],
      ['submission.deleted', second.id],
      ['contact.merged', kept],
      ['contact.deleted', kept],
      ['trusted_documents.added', tenant.workspaceId],
      ['trusted_documents.removed', tenant.workspaceId],
    ]);
    expect(told.at(-1)?.details).to.deep.equal({ document_ids: [documentId] });
    expect(told[from]?.details).to.deep.equal({ changes: ['url', 'customHeaders'], url: 'http://127.0.0.1:9/moved' });
    expect(told.find(({ action }) => action === 'replay.started')?.details).to.deep.include({
      endpoint_id: endpoint,
      types: ['submission.completed'],
    });
    // What is erased must not stay here: entries are never changed.
    expect(JSON.stringify(told)).not.to.match(/kept@|dropped@/);
  });

  it('tells of a change of an endpoint which of its settings changed, whichever it was', async () => {
    const changes: Record<keyof Valid<typeof UpdateWebhookEndpoint>, unknown> = {
      url: 'http://127.0.0.1:9/moved',
      events: ['contact.created'],
      description: 'Moved',
      customHeaders: { Authorization: 'hush' },
      payloadQuery: 'fragment on Contact { id }',
      maxConcurrency: 1,
    };
    const made = await owner.graphql(
      'mutation { createWebhookEndpoint(input: { url: "http://127.0.0.1:9/", events: ["submission.completed"] }) { webhookEndpoint { id } } }',
    );
    const { id } = made.body.data.createWebhookEndpoint.webhookEndpoint;
    const update =
      'mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { webhookEndpoint { id } } }';
    for (const [name, value] of Object.entries(changes)) {
      expect(codeOf(await owner.graphql(update, { input: { id, [name]: value } })), name).to.equal(null);
      const [told] = await entries({ action: ['webhook_endpoint.updated'] });
      expect(told?.details).to.deep.include({ changes: [name] });
    }
  });

  it('tells of sign-ins of Owners and Admins, and nothing of what strangers try', async () => {
    const before = (await entries()).length;
    const { email, password } = tenant.owner;
    for (const [who, word] of [
      [email, 'wrong'],
      ['nobody@example.com', password],
      [email, password],
    ] as const) {
      await signIn(personAt(server.url), who, word);
    }
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    await memberOf(server.app, tenant, 'MEMBER');
    const told = (await entries()).toReversed().slice(before);
    expect(told.map(({ action, actorId }) => [action, actorId])).to.deep.equal([
      ['member.signed_in', tenant.owner.id],
      ['member.joined', 'operator'],
      ['member.signed_in', admin.id],
      ['member.joined', 'operator'],
    ]);
    expect(told[0]?.address).to.equal('127.0.0.1');
  });

  it('commits with the change, and is not there without it', async () => {
    const before = (await entries()).length;
    const actor = await server.app.apiKeys.authenticate(tenant.key, { requestId: '', address: null });
    const failing = server.app.database.transaction(async (tx) => {
      await server.app.audit.record(tx, actor, 'workspace.updated', tenant.workspaceId);
      throw new Error('no');
    });
    await failing.catch(() => undefined);
    expect(await entries()).to.have.length(before);
    expect(await server.app.audit.verify(tenant.workspaceId)).to.include({ ok: true, rows: before });
  });

  it('is for Owners and Admins only, and of their workspace', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    expect(codeOf(await admin.graphql(log))).to.equal(null);
    const member = await memberOf(server.app, tenant, 'MEMBER');
    expect(codeOf(await member.graphql(log))).to.equal('insufficient_role');
    expect(codeOf(await clientOf(server.url, tenant.key).graphql(log))).to.equal('insufficient_role');
    const other = await createTenant(server.app);
    const stranger = await memberOf(server.app, other, 'OWNER');
    const seen = (await stranger.graphql(log)).body.data.auditLog.nodes as Entry[];
    expect(seen.map(({ action }) => action)).to.deep.equal([
      'member.signed_in',
      'api_key.created',
      'member.joined',
      'workspace.created',
    ]);
  });

  it('is one chain whatever happens at once', async () => {
    const rename = async (index: number) =>
      owner.graphql(`mutation { updateWorkspace(input: { name: "Name ${index}" }) { workspace { id } } }`);
    await Promise.all(Array.from({ length: 30 }, async (_, index) => rename(index)));
    expect(await server.app.audit.verify(tenant.workspaceId)).to.include({ rows: 34, length: 34, ok: true });
  });

  const tampering: [how: string, text: string, firstBad: string | ((ids: string[]) => string | undefined)][] = [
    ['an altered detail', `update audit_entries set details = '{"to":"OWNER"}' where number = 2 and`, (ids) => ids[1]],
    ['another actor', `update audit_entries set actor_id = 'somebody' where number = 3 and`, (ids) => ids[2]],
    [
      'another time',
      `update audit_entries set created_at = created_at - interval '1 hour' where number = 1 and`,
      (ids) => ids[0],
    ],
    ['a row taken out', 'delete from audit_entries where number = 2 and', (ids) => ids[2]],
    ['the last row taken out', 'delete from audit_entries where number = 14 and', 'end'],
    ['the first row taken out', 'delete from audit_entries where number = 1 and', (ids) => ids[1]],
    ['all rows taken out', 'delete from audit_entries where', 'end'],
  ];
  for (const [how, text, firstBad] of tampering) {
    it(`notices ${how}`, async () => {
      await callEverything();
      const rows = await server.app.database.manager.query<{ id: string }[]>(
        'select id from audit_entries where workspace_id = $1 order by number',
        [tenant.workspaceId],
      );
      const wanted = typeof firstBad === 'string' ? firstBad : firstBad(rows.map(({ id }) => id));
      expect(await server.app.audit.verify(tenant.workspaceId)).to.include({ rows: 14, ok: true, firstBad: null });
      await sql(`${text} workspace_id = $1`, [tenant.workspaceId]);
      expect(await server.app.audit.verify(tenant.workspaceId)).to.include({ ok: false, firstBad: wanted });
    });
  }

  it('notices an end cut off so well that the chain says it was never longer', async () => {
    await callEverything();
    await sql('delete from audit_entries where number = 14 and workspace_id = $1', [tenant.workspaceId]);
    await sql(
      `update audit_chains c set length = 13, last_mac = e.mac from audit_entries e
       where e.workspace_id = c.workspace_id and e.number = 13 and c.workspace_id = $1`,
      [tenant.workspaceId],
    );
    expect(await server.app.audit.verify(tenant.workspaceId)).to.include({ ok: false, firstBad: 'end' });
  });

  /** The log as it stands, and how to make it stand so again. */
  async function remembered(): Promise<{
    length: number;
    head: string;
    putBack: (withCount?: boolean) => Promise<void>;
  }> {
    const { manager } = server.app.database;
    const chainOf = 'select length::int as length, last_at, last_mac, mac from audit_chains where workspace_id = $1';
    const [chain] = await manager.query<{ length: number; last_at: Date; last_mac: string; mac: string }[]>(chainOf, [
      tenant.workspaceId,
    ]);
    if (chain === undefined) throw new Error('no chain');
    const { length, last_at: lastAt, last_mac: head, mac } = chain;
    const putBack = async (withCount = false) => {
      const values = [tenant.workspaceId, length];
      await sql('delete from audit_entries where workspace_id = $1 and number > $2', values);
      await sql('update audit_chains set length = $2, last_at = $3, last_mac = $4, mac = $5 where workspace_id = $1', [
        ...values,
        lastAt,
        head,
        mac,
      ]);
      if (withCount) await sql('update audit_lengths set length = $2 where workspace_id = $1', values);
    };
    return { length, head, putBack };
  }

  const rename = async (name: string) =>
    await owner.graphql(`mutation { updateWorkspace(input: { name: "${name}" }) { workspace { id } } }`);

  it('notices that all of it was taken out, chain and all, also once it grows anew', async () => {
    for (const table of ['audit_entries', 'audit_chains', 'audit_lengths']) {
      await sql(`delete from ${table} where workspace_id = $1`, [tenant.workspaceId]);
    }
    const { audit } = server.app;
    expect(await audit.verify(tenant.workspaceId)).to.include({ rows: 0, ok: false, firstBad: 'end' });
    await rename('After');
    const [first] = await entries();
    expect(first?.action).to.equal('workspace.updated');
    expect(await audit.verify(tenant.workspaceId)).to.include({ rows: 1, ok: false });
  });

  it('notices an older end that was put back, with the entries since and without them', async () => {
    const before = await remembered();
    await rename('First');
    await rename('Second');
    const [second, first] = await server.app.database.manager.query<{ id: string }[]>(
      'select id from audit_entries where workspace_id = $1 order by number desc limit 2',
      [tenant.workspaceId],
    );
    const after = await remembered();
    await sql('update audit_chains c set length = $2, last_mac = $3, mac = $4 where workspace_id = $1', [
      tenant.workspaceId,
      before.length,
      before.head,
      // Signed by us, as it once was.
      server.app.secrets.sign(JSON.stringify(['audit end', tenant.workspaceId, before.length, before.head])),
    ]);
    const { audit } = server.app;
    expect(second).not.to.equal(undefined);
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: false, firstBad: first?.id });
    await before.putBack();
    expect(await audit.verify(tenant.workspaceId)).to.include({ rows: before.length, ok: false, firstBad: 'end' });
    expect(after.length).to.equal(before.length + 2);
  });

  it('notices by an end that was kept what was put back so well that the database holds no trace of more', async () => {
    const { audit } = server.app;
    const before = await remembered();
    await rename('Hidden');
    const { length, head } = await audit.verify(tenant.workspaceId);
    const kept = { length, head: head ?? '' };
    expect(await audit.verify(tenant.workspaceId, kept)).to.include({ ok: true });
    await before.putBack(true);
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: true });
    expect(await audit.verify(tenant.workspaceId, kept)).to.include({ ok: false, firstBad: 'end' });
    // Nor does another entry in its place help.
    await rename('Instead');
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: true, length });
    const [instead] = await server.app.database.manager.query<{ id: string }[]>(
      'select id from audit_entries where workspace_id = $1 and number = $2',
      [tenant.workspaceId, length],
    );
    expect(await audit.verify(tenant.workspaceId, kept)).to.include({ ok: false, firstBad: instead?.id });
    expect(await audit.verify(tenant.workspaceId, before)).to.include({ ok: true });
  });

  it('leaves one line a day of all chains in the log, which nobody who writes to the database reaches', async () => {
    const lines: { text: string; told: Record<string, unknown> }[] = [];
    const write = (told: Record<string, unknown>, text: string) => void lines.push({ text, told });
    const { database, secrets, audit } = server.app;
    const digests = new AuditDigestService(database, secrets, { info: write, error: write } as never);
    const day = (number: number) => new Date(Date.UTC(2099, 0, number, 0, 17));
    const before = await remembered();
    const first = await digests.make(day(1));
    expect(await digests.make(day(1))).to.equal(null);
    expect(lines).to.deep.equal([{ text: 'audit digest', told: first }]);
    expect(first?.workspaces).to.be.greaterThan(1);
    await rename('Later');
    const second = await digests.make(day(2));
    expect(second).to.include({ day: '2099-01-02', workspaces: 1 });
    expect(await digests.recompute(null)).to.deep.equal({ ...second, ok: true, firstBad: null });
    expect(await digests.recompute('2099-01-01')).to.deep.equal({ ...first, ok: true, firstBad: null });
    expect(await digests.recompute('2099-01-03')).to.equal(null);
    // Put back further than a digest: it is noticed by the ends that are kept with it, and the next digest says whose.
    await before.putBack(true);
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: false, firstBad: 'end' });
    await digests.make(day(3));
    expect(lines.at(-1)?.text).to.equal('audit logs are shorter than a digest says');
    expect(lines.at(-1)?.told).to.deep.equal({ workspaces: [tenant.workspaceId] });
    // Without those ends the log alone knows: the digest comes out as another.
    await sql("delete from audit_heads where workspace_id = $1 and day = '2099-01-02'", [tenant.workspaceId]);
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: true });
    const again = await digests.recompute('2099-01-02');
    expect(again).to.include({ ok: false, firstBad: '2099-01-02' });
    expect(again?.digest).not.to.equal(second?.digest);
    const env = { DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
    const { code, stdout, stderr } = await iozen(['audit', 'digest', '--day', '2099-01-01', '--json'], env);
    expect(JSON.parse(stdout)).to.deep.equal({ ...first, ok: false, first_bad: '2099-01-02' });
    expect([code, stderr]).to.deep.equal([1, 'The chain of digests is broken at 2099-01-02.\n']);
  });

  it('holds nothing that somebody made too long', async () => {
    const { audit, database } = server.app;
    const actor = await operator(server.app, tenant.workspaceId);
    await database.transaction(async (tx) =>
      audit.record(tx, actor, 'workspace.updated', tenant.workspaceId, { name: 'x'.repeat(20_000) }),
    );
    expect((await entries())[0]?.details).to.deep.equal({ omitted: '20011 characters' });
    expect(await audit.verify(tenant.workspaceId)).to.include({ ok: true });
  });

  it('is verified by `iozen audit verify`, which says what to keep, and checks what was kept', async () => {
    const env = { DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
    const words = ['audit', 'verify', '--workspace', tenant.workspaceId, '--json'];
    const { length, head } = await remembered();
    const ends = await Promise.all([
      iozen([...words, '--length', String(length), '--head', head], env),
      iozen([...words, '--length', String(length), '--head', `${head}0`], env),
      iozen([...words, '--length', String(length)], env),
    ]);
    expect(ends.map(({ code }) => code)).to.deep.equal([0, 1, 2]);
    expect(JSON.parse(ends[0]?.stdout ?? '')).to.deep.equal({ rows: 4, length, head, ok: true, first_bad: null });
  });

  it('says while it is verified how many entries of how many were read', async () => {
    const told: number[][] = [];
    const { length } = await server.app.audit.verify(tenant.workspaceId, null, (...far) => told.push(far));
    expect(told).to.deep.equal([[length, length]]);
  });

  it('names a key that SECRETS_KEY lacks as that', async () => {
    const env = { DATABASE_URL: server.databaseUrl, SECRETS_KEY: randomBytes(32).toString('base64') };
    const words = ['audit', 'verify', '--workspace', tenant.workspaceId, '--json'];
    const { code, stdout, stderr } = await iozen(words, env);
    const { head } = await remembered();
    const missing = head.split('.')[0];
    const told = JSON.parse(stdout) as { first_bad: string };
    expect(told).to.include({ rows: 1, ok: false, missing_key: missing });
    expect(code).to.equal(1);
    expect(stderr).to.equal(
      `SECRETS_KEY has no key with the fingerprint ${missing}, which signed ${told.first_bad}: put it back.\n`,
    );
  });

  it('fails `iozen audit verify` where it is broken, so that a nightly job notices', async () => {
    await sql(`update audit_entries set details = '{"to":"OWNER"}' where number = 2 and workspace_id = $1`, [
      tenant.workspaceId,
    ]);
    const env = { DATABASE_URL: server.databaseUrl, SECRETS_KEY: server.secretsKey };
    const { code, stdout, stderr } = await iozen(['audit', 'verify', '--workspace', tenant.workspaceId, '--json'], env);
    const { first_bad: firstBad, ...rest } = JSON.parse(stdout) as { first_bad: string; rows: number; ok: boolean };
    expect({ code, ...rest }).to.include({ code: 1, rows: 2, length: 4, ok: false });
    expect(stderr).to.equal(`The log is broken at ${firstBad}.\n`);
  });
});
