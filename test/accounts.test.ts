import { expect } from 'chai';
import { hash } from 'node:crypto';
import { deleteEnded } from '../src/accounts/purge.js';
import { sessionCookieOn } from '../src/http/session.js';
import { createTenant, startServer, type Tenant, type TestServer } from './support/app.js';
import { codeOf, memberOf, personAt, signIn } from './support/people.js';

const viewer = '{ viewer { role user { id email } } }';

describe('accounts', () => {
  let server: TestServer;
  let tenant: Tenant;

  before(async () => {
    // Every test comes from an address of its own.
    server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
  });

  beforeEach(async () => {
    tenant = await createTenant(server.app);
  });

  after(async () => {
    await server.stop();
  });

  describe('sessions', () => {
    it('begin with a cookie that scripts cannot read and other sites do not send', async () => {
      const person = personAt(server.url, '192.0.2.1');
      const answer = await signIn(person, ` ${tenant.owner.email.toUpperCase()}`, tenant.owner.password);
      expect(answer.body.data.signIn.viewer).to.deep.equal({
        role: 'OWNER',
        user: { id: tenant.owner.id, email: tenant.owner.email },
        workspace: { id: tenant.workspaceId },
      });
      const [cookie = ''] = answer.headers.getSetCookie();
      expect(cookie).to.match(/^iozen_session=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax$/);
      expect((await person.graphql(viewer)).body.data.viewer.user.id).to.equal(tenant.owner.id);
    });

    it('bind the cookie to this host and to https wherever it is not plain http on this machine', () => {
      const written: string[] = [];
      const response = { setHeader: (_: string, value: string) => written.push(value) } as never;
      sessionCookieOn(response, 'https://api.example.com').set('t');
      sessionCookieOn(response, 'http://api.example.com').set('t');
      sessionCookieOn(response, 'http://localhost:4000').set('t');
      expect(written.map((cookie) => cookie.split('=')[0])).to.deep.equal([
        '__Host-iozen_session',
        '__Host-iozen_session',
        'iozen_session',
      ]);
      expect(written.map((cookie) => cookie.includes('; Secure'))).to.deep.equal([true, true, false]);
    });

    it('do not count without a header that other sites cannot send', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const get = async (headers: Record<string, string>) => {
        const url = `${server.url}/graphql?query=${encodeURIComponent('{ viewer { role } }')}`;
        const response = await fetch(url, { headers: { Cookie: owner.cookie ?? '', ...headers } });
        return { status: response.status, body: (await response.json()) as { data?: object; errors?: [] } };
      };
      expect((await get({ 'apollo-require-preflight': 'true' })).body.data).to.deep.equal({
        viewer: { role: 'OWNER' },
      });
      const refused = await get({});
      expect(refused.status).to.equal(403);
      expect(refused.body.errors).to.have.nested.property('[0].extensions.code', 'csrf_required');
    });

    it('open no REST', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const response = await fetch(`${server.url}/api/v1/intake-bots`, {
        headers: { Cookie: owner.cookie ?? '', 'Content-Type': 'application/json' },
      });
      expect(response.status).to.equal(401);
    });

    it('end with signOut', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const { cookie } = owner;
      expect((await owner.graphql('mutation { signOut { signedOut } }')).body.data.signOut.signedOut).to.equal(true);
      expect(owner.cookie).to.equal(null);
      owner.cookie = cookie;
      expect(codeOf(await owner.graphql(viewer))).to.equal('authentication_required');
    });

    it('end after 30 days without use and after 90 days in all', async () => {
      const day = 86_400_000;
      const cases: [createdDaysAgo: number, usedDaysAgo: number, alive: boolean][] = [
        [89, 29, true],
        [40, 31, false],
        [91, 0, false],
      ];
      for (const [created, used, alive] of cases) {
        const owner = await memberOf(server.app, tenant, 'OWNER');
        const ago = (days: number) => new Date(Date.now() - days * day);
        await server.app.database.manager.query(
          'update sessions set created_at = $1, last_used_at = $2 where user_id = $3',
          [ago(created), ago(used), owner.id],
        );
        expect(codeOf(await owner.graphql(viewer)), `${created} ${used}`).to.equal(
          alive ? null : 'authentication_required',
        );
        await server.app.database.manager.query('delete from sessions');
      }
    });

    it('and invitations that ended leave no row behind', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      await owner.graphql('mutation { inviteMember(input: { email: "gone@example.com" }) { link } }');
      await owner.graphql('mutation { inviteMember(input: { email: "coming@example.com" }) { link } }');
      const { manager } = server.app.database;
      await manager.query("update invitations set expires_at = now() where email = 'gone@example.com'");
      await memberOf(server.app, tenant, 'OWNER');
      await manager.query("update sessions set last_used_at = now() - interval '31 days' where hash = sha256($1)", [
        Buffer.from(owner.cookie?.split('=')[1] ?? ''),
      ]);
      await deleteEnded(server.app);
      const left = async (text: string, value: string) => (await manager.query<object[]>(text, [value])).length;
      expect(await left('select from sessions where user_id = $1', tenant.owner.id)).to.equal(1);
      expect(await left('select from invitations where workspace_id = $1', tenant.workspaceId)).to.equal(1);
    });

    it('slide: use is noted, to the hour', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const used = async () => {
        const [row] = await server.app.database.manager.query<{ at: Date }[]>(
          'select last_used_at as at from sessions where user_id = $1',
          [owner.id],
        );
        return row?.at.getTime() ?? 0;
      };
      await server.app.database.manager.query(
        "update sessions set last_used_at = now() - interval '2 hours' where user_id = $1",
        [owner.id],
      );
      await owner.graphql(viewer);
      const deadline = Date.now() + 2_000;
      while (Date.now() - (await used()) > 60_000) expect(Date.now()).to.be.lessThan(deadline);
    });
  });

  describe('sign-in', () => {
    it('says the same, in the same time, whether the account exists or not', async () => {
      const times: Record<string, number[]> = { known: [], unknown: [] };
      const texts = new Set<string>();
      for (let round = 0; round < 6; round += 1) {
        for (const kind of ['known', 'unknown'] as const) {
          const email = kind === 'known' ? tenant.owner.email : `nobody.${round}@example.com`;
          const startMs = performance.now();
          const answer = await signIn(personAt(server.url, `198.51.100.${round}`), email, 'wrong');
          times[kind]?.push(performance.now() - startMs);
          expect(codeOf(answer)).to.equal('invalid_credentials');
          texts.add(JSON.stringify({ ...answer.body, extensions: null }));
        }
      }
      expect(texts.size).to.equal(1);
      const median = (list: number[] = []) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;
      expect(median(times['known']) / median(times['unknown'])).to.be.within(0.5, 2);
    });

    it('locks an address out of the account after ten failures, and never the owner elsewhere', async () => {
      const thief = personAt(server.url, '203.0.113.7');
      const codes = new Set<string | null>();
      const tries = Array.from({ length: 10 }, async () => signIn(thief, tenant.owner.email, 'wrong'));
      for (const answer of await Promise.all(tries)) codes.add(codeOf(answer));
      expect([...codes]).to.deep.equal(['invalid_credentials']);
      const locked = await signIn(thief, tenant.owner.email, tenant.owner.password);
      expect(codeOf(locked)).to.equal('rate_limit_exceeded');
      expect(locked.body.errors[0].extensions.details.retry_after).to.be.within(890, 900);
      expect(thief.cookie).to.equal(null);
      const owner = personAt(server.url, '203.0.113.8');
      expect(codeOf(await signIn(owner, tenant.owner.email, tenant.owner.password))).to.equal(null);
    }).timeout(30_000);

    it('locks an e-mail that has no account just so', async () => {
      const person = personAt(server.url, '203.0.113.9');
      const tries = Array.from({ length: 11 }, async () => signIn(person, 'nobody.at.all@example.com', 'wrong'));
      const codes = (await Promise.all(tries)).map(codeOf);
      expect(codes.filter((code) => code === 'invalid_credentials')).to.have.length(10);
      expect(codes.filter((code) => code === 'rate_limit_exceeded')).to.have.length(1);
    }).timeout(30_000);

    it('counts a whole IPv6 network as one address', async () => {
      const attempt = async (address: string) =>
        server.app.accounts
          .signIn(() => ({ email: 'v6@example.com', password: 'wrong' }), { requestId: '', address })
          .then(
            () => null,
            (error: { code: string }) => error.code,
          );
      await Promise.all(Array.from({ length: 10 }, async (_, index) => attempt(`2001:db8:1:2::${index}`)));
      expect(await attempt('2001:db8:1:2:ffff::1')).to.equal('rate_limit_exceeded');
      expect(await attempt('2001:db8:1:3::1')).to.equal('invalid_credentials');
    }).timeout(30_000);

    it('is slowed down by failures from anywhere, and locked by none of them', async () => {
      const wrong = async (index: number) =>
        codeOf(await signIn(personAt(server.url, `198.18.0.${index}`), tenant.owner.email, 'wrong'));
      const codes = await Promise.all(Array.from({ length: 11 }, async (_, index) => wrong(index)));
      expect(new Set(codes)).to.deep.equal(new Set(['invalid_credentials']));
      const startMs = performance.now();
      const owner = personAt(server.url, '198.18.1.1');
      expect(codeOf(await signIn(owner, tenant.owner.email, tenant.owner.password))).to.equal(null);
      expect(performance.now() - startMs).to.be.at.least(1_400);
    });

    it('forgets failures once the owner is in', async () => {
      const owner = personAt(server.url, '203.0.113.10');
      for (let round = 0; round < 2; round += 1) {
        await Promise.all(Array.from({ length: 6 }, async () => signIn(owner, tenant.owner.email, 'wrong')));
        expect(codeOf(await signIn(owner, tenant.owner.email, tenant.owner.password))).to.equal(null);
      }
    }).timeout(40_000);
  });

  describe('members', () => {
    const invite = 'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { link token } }';
    const accept =
      'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { viewer { role user { email } } } }';
    const setRole = 'mutation ($input: UpdateMemberRoleInput!) { updateMemberRole(input: $input) { member { role } } }';
    const remove = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { member { id } } }';
    const transfer =
      'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { member { role } } }';

    it('join by a link that works once, and are signed in', async () => {
      const admin = await memberOf(server.app, tenant, 'ADMIN');
      const made = await admin.graphql(invite, { input: { email: 'New@Example.com', role: 'MEMBER' } });
      const { link, token } = made.body.data.inviteMember;
      expect(link).to.equal(`${server.url}/accept-invitation?token=${token}`);
      const joining = personAt(server.url);
      const input = { token, name: 'New', password: 'long enough' };
      const joined = await joining.graphql(accept, { input });
      expect(joined.body.data.acceptInvitation.viewer).to.deep.equal({
        role: 'MEMBER',
        user: { email: 'new@example.com' },
      });
      expect((await joining.graphql(viewer)).body.data.viewer.role).to.equal('MEMBER');
      expect(codeOf(await personAt(server.url).graphql(accept, { input }))).to.equal('resource_not_found');
    });

    it('cannot join by a link that is 7 days old, or that a newer one replaced', async () => {
      const admin = await memberOf(server.app, tenant, 'ADMIN');
      const email = `slow.${tenant.workspaceId}@example.com`;
      const make = async () => (await admin.graphql(invite, { input: { email } })).body.data.inviteMember.token;
      const first = await make();
      const second = await make();
      const join = async (token: string) =>
        codeOf(await personAt(server.url).graphql(accept, { input: { token, name: 'S', password: 'long enough' } }));
      expect(await join(first)).to.equal('resource_not_found');
      await server.app.database.manager.query('update invitations set expires_at = now() where email = $1', [email]);
      expect(await join(second)).to.equal('resource_not_found');
    });

    it('cannot join by a link that was revoked: it leaves the list and the audit log tells of it', async () => {
      const admin = await memberOf(server.app, tenant, 'ADMIN');
      const email = `late.${tenant.workspaceId}@example.com`;
      const { token, invitation } = (
        await admin.graphql(
          'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { token invitation { id } } }',
          { input: { email } },
        )
      ).body.data.inviteMember;
      const open = async () =>
        (await admin.graphql('{ invitations { totalCount nodes { id } } }')).body.data.invitations as object;
      expect(await open()).to.deep.equal({ totalCount: 1, nodes: [invitation] });
      const revoke =
        'mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { id } } }';
      const revoked = await admin.graphql(revoke, { input: invitation });
      expect(revoked.body.data.revokeInvitation).to.deep.equal({ invitation });
      expect(codeOf(await admin.graphql(revoke, { input: invitation }))).to.equal('resource_not_found');
      expect(await open()).to.deep.equal({ totalCount: 0, nodes: [] });
      const input = { token, name: 'L', password: 'long enough' };
      expect(codeOf(await personAt(server.url).graphql(accept, { input }))).to.equal('resource_not_found');
      const log = await admin.graphql('{ auditLog(first: 1) { nodes { action actorId subjectId details } } }');
      expect(log.body.data.auditLog.nodes).to.deep.equal([
        {
          action: 'invitation.revoked',
          actorId: admin.id,
          subjectId: invitation.id,
          details: { email, role: 'MEMBER' },
        },
      ]);
    });

    it('have one account each: an e-mail that has one elsewhere cannot join', async () => {
      const elsewhere = await createTenant(server.app);
      const admin = await memberOf(server.app, tenant, 'ADMIN');
      const made = await admin.graphql(invite, { input: { email: elsewhere.owner.email } });
      const input = { token: made.body.data.inviteMember.token, name: 'X', password: 'long enough' };
      const refused = await personAt(server.url).graphql(accept, { input });
      expect(refused.body.errors[0].extensions).to.deep.include({
        code: 'conflict',
        details: { reason: 'email_taken' },
      });
    });

    it('become or cease to be Owners by an Owner only', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const kept = await owner.graphql(
        'mutation { inviteMember(input: { email: "next@example.com", role: OWNER }) { invitation { id } } }',
      );
      const admin = await memberOf(server.app, tenant, 'ADMIN');
      const attempts = [
        await admin.graphql(setRole, { input: { id: admin.id, role: 'OWNER' } }),
        await admin.graphql(setRole, { input: { id: tenant.owner.id, role: 'MEMBER' } }),
        await admin.graphql(remove, { input: { id: tenant.owner.id } }),
        await admin.graphql(transfer, { input: { id: admin.id } }),
        await admin.graphql(invite, { input: { email: 'boss@example.com', role: 'OWNER' } }),
        await admin.graphql(
          'mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { id } } }',
          { input: { id: kept.body.data.inviteMember.invitation.id } },
        ),
      ];
      expect(attempts.map(codeOf)).to.deep.equal(Array<string>(6).fill('insufficient_role'));
    });

    it('always include an Owner, whoever leaves at the same time', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const alone = await owner.graphql(setRole, { input: { id: owner.id, role: 'MEMBER' } });
      expect(alone.body.errors[0].extensions.details).to.deep.equal({ reason: 'last_owner' });
      const second = await memberOf(server.app, tenant, 'ADMIN');
      await owner.graphql(setRole, { input: { id: second.id, role: 'OWNER' } });
      const back = personAt(server.url);
      await signIn(back, second.email, 'a password of theirs');
      const both = await Promise.all([
        owner.graphql(remove, { input: { id: owner.id } }),
        back.graphql(remove, { input: { id: second.id } }),
      ]);
      expect(both.map(codeOf)).to.have.members(['conflict', null]);
    });

    it('lose every session when their role changes or they are removed', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const member = await memberOf(server.app, tenant, 'MEMBER');
      await owner.graphql(setRole, { input: { id: member.id, role: 'ADMIN' } });
      expect(codeOf(await member.graphql(viewer))).to.equal('authentication_required');
      const again = personAt(server.url);
      await signIn(again, member.email, 'a password of theirs');
      expect((await again.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
      await owner.graphql(remove, { input: { id: member.id } });
      expect(codeOf(await again.graphql(viewer))).to.equal('authentication_required');
      expect(codeOf(await signIn(personAt(server.url), member.email, 'a password of theirs'))).to.equal(
        'invalid_credentials',
      );
    });

    it('hand over ownership: the Owner becomes an Admin and goes on with a new session', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const member = await memberOf(server.app, tenant, 'MEMBER');
      const before = owner.cookie;
      const answer = await owner.graphql(transfer, { input: { id: member.id } });
      expect(answer.body.data.transferOwnership.member.role).to.equal('OWNER');
      expect((await owner.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
      expect(owner.cookie).not.to.equal(before);
      const old = Object.assign(personAt(server.url), { cookie: before });
      expect(codeOf(await old.graphql(viewer))).to.equal('authentication_required');
    });
  });

  describe('passwords', () => {
    const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { role } } }';

    it('end every session when they change, and give the caller a new one', async () => {
      const [here, there] = [await memberOf(server.app, tenant, 'OWNER'), await memberOf(server.app, tenant, 'OWNER')];
      expect(codeOf(await there.graphql(viewer))).to.equal(null);
      const input = { currentPassword: tenant.owner.password, newPassword: 'another password' };
      expect(codeOf(await here.graphql(change, { input: { ...input, currentPassword: 'wrong' } }))).to.equal(
        'invalid_credentials',
      );
      expect(codeOf(await here.graphql(change, { input: { ...input, newPassword: 'short' } }))).to.equal(
        'validation_failed',
      );
      expect(codeOf(await here.graphql(change, { input }))).to.equal(null);
      expect(codeOf(await here.graphql(viewer))).to.equal(null);
      expect(codeOf(await there.graphql(viewer))).to.equal('authentication_required');
      expect(codeOf(await signIn(personAt(server.url), tenant.owner.email, 'another password'))).to.equal(null);
    });

    it('end every session when an operator resets them', async () => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      expect(codeOf(await owner.graphql(viewer))).to.equal(null);
      const { password } = await server.app.accounts.resetPassword(tenant.owner.email);
      expect(codeOf(await owner.graphql(viewer))).to.equal('authentication_required');
      expect(codeOf(await signIn(personAt(server.url), tenant.owner.email, password))).to.equal(null);
    });
  });

  it('leave nothing usable in a stolen database', async () => {
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const invite = 'mutation { inviteMember(input: { email: "dump@example.com" }) { token } }';
    const { token } = (await owner.graphql(invite)).body.data.inviteMember;
    const hook = `mutation { createWebhookEndpoint(input: {
      url: "http://127.0.0.1:9/", events: ["submission.completed"] }) { secret } }`;
    const secret: string | undefined = (await owner.graphql(hook)).body.data?.createWebhookEndpoint.secret;
    const dump = await dumpOf(server);
    const session = owner.cookie?.split('=')[1] ?? '';
    const secrets = [tenant.key, tenant.owner.password, session, token, ...(secret === undefined ? [] : [secret])];
    for (const text of secrets) {
      expect(text.length).to.be.greaterThan(20);
      for (const form of [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')]) {
        expect(dump.includes(form), form.slice(0, 8)).to.equal(false);
      }
    }
    // What it holds instead, so that the search is known to look in the right place.
    expect(dump).to.include(hash('sha256', tenant.key, 'hex'));
    expect(dump).to.include(hash('sha256', session, 'hex'));
    expect(dump).to.include(tenant.owner.email);
  });
});

/** Every row of every table, as text. */
async function dumpOf({ app }: TestServer): Promise<string> {
  const tables = await app.database.manager.query<{ name: string }[]>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) => app.database.manager.query(`select t::text from ${name} t`)),
  );
  return JSON.stringify(rows);
}
