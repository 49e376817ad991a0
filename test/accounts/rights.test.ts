import { expect } from 'chai';
import pg from 'pg';
import type { Role } from '../../src/platform/actor.js';
import { startServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { waitersFor } from '../support/locks.js';
import { codeOf, memberOf, personAt, signIn, useSite, viewer, type Person } from '../support/people.js';

const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { role } } }';
const setRole = 'mutation ($input: UpdateMemberRoleInput!) { updateMemberRole(input: $input) { member { role } } }';

describe('a right that ends while it is being used', () => {
  const site = useSite();
  let holder: pg.Client;

  beforeEach(async () => {
    holder = new pg.Client({ connectionString: site.server.databaseUrl });
    await holder.connect();
  });

  afterEach(async () => {
    await holder.end();
  });

  /** Holds back whatever changes rights in the workspace, from behind that lock on. */
  const hold = async (table: 'workspaces' | 'audit_chains') => {
    const id = table === 'workspaces' ? 'id' : 'workspace_id';
    await holder.query('begin');
    await holder.query(`select from ${table} where ${id} = $1 for update`, [site.tenant.workspaceId]);
  };
  const release = async () => await holder.query('commit');

  /** Until so many transactions wait for the lock that is held. One that did not wait has an answer, which is the failure to tell of. */
  async function waiting(count: number, ...under: Promise<{ body: unknown }>[]): Promise<void> {
    let early: unknown;
    for (const one of under) one.then(({ body }) => (early ??= body)).catch((error: unknown) => (early ??= error));
    for (;;) {
      if (early !== undefined) throw new Error(`answered without waiting: ${JSON.stringify(early)}`);
      if ((await waitersFor(holder)) === count) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  const sessionsOf = async (userId: string) =>
    (await site.server.app.database.manager.query<object[]>('select from sessions where user_id = $1', [userId]))
      .length;

  it('lets no sign-in begun with the old password outlive a change of it', async () => {
    const { email, password, id } = site.tenant.owner;
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const thief = personAt(site.server.url, '203.0.113.1');
    await hold('audit_chains');
    const changing = owner.graphql(change, { input: { currentPassword: password, newPassword: 'a better password' } });
    await waiting(1, changing);
    // The old password is right still, as far as can be seen.
    const stealing = signIn(thief, email, password);
    await waiting(2, changing, stealing);
    await release();
    expect(codeOf(await changing)).to.equal(null);
    expect(codeOf(await stealing)).to.equal('invalid_credentials');
    expect(thief.cookie).to.equal(null);
    expect(await sessionsOf(id)).to.equal(1);
    expect(codeOf(await owner.graphql(viewer))).to.equal(null);
  });

  it('lets none outlive a reset by an operator either', async () => {
    const { email, password, id } = site.tenant.owner;
    const thief = personAt(site.server.url, '203.0.113.2');
    await hold('audit_chains');
    const resetting = site.server.app.accounts.resetPassword(email);
    await waiting(1);
    const stealing = signIn(thief, email, password);
    await waiting(2, stealing);
    await release();
    await resetting;
    expect(codeOf(await stealing)).to.equal('invalid_credentials');
    expect(await sessionsOf(id)).to.equal(0);
  });

  it('ends every session got with the old password, however many try while it is changed', async () => {
    const { email, password, id } = site.tenant.owner;
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const changedIt = new AbortController();
    const thieves = Array.from({ length: 6 }, async (_, index) => {
      while (!changedIt.signal.aborted) {
        await signIn(personAt(site.server.url, `198.51.100.${index}`), email, password);
      }
    });
    const changed = await owner.graphql(change, { input: { currentPassword: password, newPassword: 'a better one' } });
    changedIt.abort();
    await Promise.all(thieves);
    expect(codeOf(changed)).to.equal(null);
    expect(await sessionsOf(id)).to.equal(1);
  });

  it('signs out everywhere also who is just signing in', async () => {
    const { email, password, id } = site.tenant.owner;
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const thief = personAt(site.server.url, '203.0.113.3');
    await hold('audit_chains');
    const stealing = signIn(thief, email, password);
    await waiting(1, stealing);
    const ending = owner.graphql('mutation { signOutEverywhere { sessionsEnded } }');
    await waiting(2, stealing, ending);
    await release();
    expect(codeOf(await stealing)).to.equal(null);
    expect((await ending).body.data.signOutEverywhere).to.deep.equal({ sessionsEnded: 1 });
    expect(codeOf(await thief.graphql(viewer))).to.equal('authentication_required');
    expect(await sessionsOf(id)).to.equal(1);
  });

  it('lets who knows an old password set no new one over a change under way', async () => {
    const { email, password } = site.tenant.owner;
    const [owner, thief] = [
      await memberOf(site.server.app, site.tenant, 'OWNER'),
      await memberOf(site.server.app, site.tenant, 'OWNER'),
    ];
    await hold('audit_chains');
    const first = owner.graphql(change, { input: { currentPassword: password, newPassword: 'the true owner' } });
    await waiting(1, first);
    const second = thief.graphql(change, { input: { currentPassword: password, newPassword: 'somebody else' } });
    await waiting(2, first, second);
    await release();
    expect([codeOf(await first), codeOf(await second)]).to.deep.equal([null, 'invalid_credentials']);
    expect(codeOf(await signIn(personAt(site.server.url), email, 'the true owner'))).to.equal(null);
  });

  it('grants, changes and ends nothing by somebody who was demoted just before', async () => {
    const { app } = site.server;
    const [owner, admin, member] = [
      await memberOf(app, site.tenant, 'OWNER'),
      await memberOf(app, site.tenant, 'ADMIN'),
      await memberOf(app, site.tenant, 'MEMBER'),
    ];
    const made = await owner.graphql(
      'mutation { inviteMember(input: { email: "open@example.com" }) { invitation { id } } }',
    );
    const invitation: string = made.body.data.inviteMember.invitation.id;
    const hooked = await owner.graphql(`mutation { createWebhookEndpoint(input: {
      url: "http://127.0.0.1:9/", events: ["contact.created"] }) { webhookEndpoint { id } } }`);
    const endpoint: string = hooked.body.data.createWebhookEndpoint.webhookEndpoint.id;
    const keys = await owner.graphql('{ apiKeys { nodes { id } } }');
    const key: string = keys.body.data.apiKeys.nodes[0].id;
    // A workspace has no more than six statements under way in one process.
    const beside = await startServer({ role: 'api', beside: site.server });
    const elsewhere = Object.assign(personAt(beside.url), { cookie: admin.cookie });
    await hold('workspaces');
    const demoting = owner.graphql(setRole, { input: { id: admin.id, role: 'MEMBER' } });
    await waiting(1, demoting);
    const tries = [
      'createApiKey(input: { name: "K", scopes: ["read:contacts"] }) { secret }',
      `rotateApiKey(input: { id: "${key}" }) { secret }`,
      `revokeApiKey(input: { id: "${key}" }) { apiKey { id } }`,
      'inviteMember(input: { email: "friend@example.com", role: ADMIN }) { link }',
      `revokeInvitation(input: { id: "${invitation}" }) { invitation { id } }`,
      `updateMemberRole(input: { id: "${member.id}", role: ADMIN }) { member { id } }`,
      `removeMember(input: { id: "${member.id}" }) { member { id } }`,
      'createWebhookEndpoint(input: { url: "http://127.0.0.1:9/mine", events: ["contact.created"] }) { secret }',
    ].map(async (mutation, index) => (index % 2 === 0 ? admin : elsewhere).graphql(`mutation { ${mutation} }`));
    await waiting(1 + tries.length, demoting, ...tries);
    await release();
    expect(codeOf(await demoting)).to.equal(null);
    const codes = (await Promise.all(tries)).map(codeOf);
    expect(codes).to.deep.equal(tries.map(() => 'authentication_required'));
    await beside.stop();
    const now = await owner.graphql(`{ apiKeys { nodes { id revokedAt } } invitations { nodes { id } }
      members { totalCount } webhookEndpoints { nodes { id } } }`);
    expect(now.body.data).to.deep.equal({
      apiKeys: { nodes: [{ id: key, revokedAt: null }] },
      invitations: { nodes: [{ id: invitation }] },
      members: { totalCount: 3 },
      webhookEndpoints: { nodes: [{ id: endpoint }] },
    });
    // What takes no lock of the workspace's finds the session gone as well.
    const told = await admin.graphql(
      'mutation { trustDocuments(input: { documents: ["{ __typename }"] }) { documentIds } }',
    );
    expect(codeOf(told)).to.equal('authentication_required');
  });

  it('deletes, merges and switches nothing by somebody whose demotion a process has not heard of', async () => {
    const { app } = site.server;
    const owner = await memberOf(app, site.tenant, 'OWNER');
    const [former] = await people('OWNER', 'former');
    const bot = await createBot(app, site.tenant.workspaceId);
    for (const name of ['one', 'two']) {
      await createSubmission(app, bot, { data: { full_name: name, email: `${name}@example.com` } });
    }
    const question = `{ contacts { nodes { id } } submissions { nodes { id } }
      viewer { workspace { name agentsMayConnect } } }`;
    const before = (await owner.graphql(question)).body.data;
    const [one, two] = before.contacts.nodes.map(({ id }: { id: string }) => id);
    const deaf = await startServer({ role: 'api', beside: site.server });
    try {
      const there = Object.assign(personAt(deaf.url), { cookie: former?.cookie ?? null });
      expect(codeOf(await there.graphql(viewer))).to.equal(null);
      // It has left the channel: every notification to it is lost from here on.
      await deaf.app.notifications.stop();
      expect(codeOf(await owner.graphql(setRole, { input: { id: former?.id, role: 'MEMBER' } }))).to.equal(null);
      expect(codeOf(await there.graphql(viewer)), 'remembered').to.equal(null);
      for (const mutation of [
        `deleteSubmission(input: { id: "${before.submissions.nodes[0].id}" }) { submission { id } }`,
        `mergeContacts(input: { id: "${one}", duplicateId: "${two}" }) { contact { id } }`,
        `deleteContact(input: { id: "${one}", eraseSubmissions: true }) { erasure { status } }`,
        'updateWorkspace(input: { agentsMayConnect: false }) { workspace { id } }',
        'updateWorkspace(input: { name: "Mine" }) { workspace { id } }',
      ]) {
        expect(codeOf(await there.graphql(`mutation { ${mutation} }`)), mutation).to.equal('authentication_required');
      }
    } finally {
      await deaf.stop();
    }
    expect((await owner.graphql(question)).body.data).to.deep.equal(before);
  });

  it('registers, changes and sends nothing by a key that was revoked just before', async () => {
    const { app } = site.server;
    const key = clientOf(site.server.url, site.tenant.key);
    const hook = (path: string) => ({ url: `http://127.0.0.1:9/${path}`, events: ['contact.created'] });
    const { body } = await key.rest('POST', '/webhooks', hook('old'));
    const endpoint: string = body.data.webhook.id;
    const actor = await app.apiKeys.authenticate(site.tenant.key, { requestId: '', address: null });
    await hold('audit_chains');
    const revoking = app.apiKeys.revoke(await operator(app, site.tenant.workspaceId), actor.id);
    await waiting(1);
    const tries = [
      key.rest('POST', '/webhooks', hook('new')),
      key.rest('PATCH', `/webhooks/${endpoint}`, { url: 'http://127.0.0.1:9/other' }),
      key.graphql(`mutation { startReplay(input: { endpointId: "${endpoint}", since: "2026-01-01T00:00:00Z" }) {
        replay { id } } }`),
      key.graphql(`mutation { rotateWebhookSecret(input: { id: "${endpoint}" }) { secret } }`),
    ];
    await waiting(1 + tries.length, ...tries);
    await release();
    await revoking;
    const codes = (await Promise.all(tries)).map(
      ({ body: told }) => told.error?.code ?? told.errors?.[0].extensions.code,
    );
    expect(codes).to.deep.equal(tries.map(() => 'authentication_required'));
    const owner = await memberOf(app, site.tenant, 'OWNER');
    const left = await owner.graphql('{ webhookEndpoints { nodes { url } } replays { totalCount } }');
    expect(left.body.data).to.deep.equal({
      webhookEndpoints: { nodes: [{ url: 'http://127.0.0.1:9/old' }] },
      replays: { totalCount: 0 },
    });
  });

  it('leaves an Owner when two demote each other at once', async () => {
    const { app } = site.server;
    for (let round = 0; round < 4; round += 1) {
      const first = await memberOf(app, site.tenant, 'OWNER');
      const [second] = await people('OWNER', `second.${round}`);
      if (second === undefined) throw new Error('nobody');
      const answers = await Promise.all([
        first.graphql(setRole, { input: { id: second.id, role: 'MEMBER' } }),
        second.graphql(setRole, { input: { id: first.id, role: 'MEMBER' } }),
      ]);
      expect(answers.map(codeOf)).to.have.members(['authentication_required', null]);
      const [count] = await app.database.manager.query<{ owners: number }[]>(
        "select count(*)::int as owners from users where workspace_id = $1 and role = 'OWNER'",
        [site.tenant.workspaceId],
      );
      expect(count?.owners).to.equal(1);
      await app.database.manager.query("update users set role = 'OWNER' where id = $1", [first.id]);
      await app.database.manager.query('delete from users where id = $1', [second.id]);
    }
  });

  async function people(role: Role, ...names: string[]): Promise<(Person & { id: string })[]> {
    const { app } = site.server;
    return await Promise.all(
      names.map(async (name) => {
        const email = `${name}.${site.tenant.owner.email}`;
        const account = { workspaceId: site.tenant.workspaceId, email, name, role, password: 'a password of theirs' };
        const { id } = await app.database.transaction(async (tx) => app.accounts.create(tx, account));
        const person = personAt(site.server.url);
        await signIn(person, email, account.password);
        return Object.assign(person, { id });
      }),
    );
  }

  it('ends in every process within a second', async () => {
    const second = await startServer({ role: 'api', beside: site.server });
    try {
      const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
      const ends: [how: string, mutation: (id: string) => string][] = [
        ['removed', (id) => `removeMember(input: { id: "${id}" }) { member { id } }`],
        ['demoted', (id) => `updateMemberRole(input: { id: "${id}", role: MEMBER }) { member { id } }`],
      ];
      for (const [how, mutation] of ends) {
        const [admin] = await people('ADMIN', how);
        const there = Object.assign(personAt(second.url), { cookie: admin?.cookie ?? null });
        expect(codeOf(await there.graphql(viewer))).to.equal(null);
        expect(codeOf(await owner.graphql(`mutation { ${mutation(admin?.id ?? '')} }`))).to.equal(null);
        const endedAtMs = performance.now();
        while (codeOf(await there.graphql(viewer)) !== 'authentication_required') {
          expect(performance.now() - endedAtMs, how).to.be.lessThan(1_000);
        }
      }
    } finally {
      await second.stop();
    }
  });
});
