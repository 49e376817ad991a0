import { expect } from 'chai';
import { createTenant } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { codeOf, memberOf, personAt, signIn, useSite, viewer } from '../support/people.js';

describe('members', () => {
  const site = useSite();
  let addresses = 0;
  /** Each from an address of their own, which has the points of some twenty accounts a minute. */
  const somebody = () => personAt(site.server.url, `198.51.100.${(addresses += 1)}`);

  const invite = 'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { link token } }';
  const accept =
    'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { viewer { role user { email } } } }';
  const setRole = 'mutation ($input: UpdateMemberRoleInput!) { updateMemberRole(input: $input) { member { role } } }';
  const remove =
    'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { member { id } apiKeysMade { id } } }';
  const transfer =
    'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { member { role } } }';

  it('join by a link that works once, and are signed in', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const made = await admin.graphql(invite, { input: { email: 'New@Example.com', role: 'MEMBER' } });
    const { link, token } = made.body.data.inviteMember;
    expect(link).to.equal(`${site.server.url}/console/invitation#${token}`);
    const joining = somebody();
    const input = { token, name: 'New', password: 'long enough' };
    const joined = await joining.graphql(accept, { input });
    expect(joined.body.data.acceptInvitation.viewer).to.deep.equal({
      role: 'MEMBER',
      user: { email: 'new@example.com' },
    });
    expect((await joining.graphql(viewer)).body.data.viewer.role).to.equal('MEMBER');
    expect(codeOf(await somebody().graphql(accept, { input }))).to.equal('resource_not_found');
  });

  it('cannot join by a link that is 7 days old, or that a newer one replaced', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const email = `slow.${site.tenant.workspaceId}@example.com`;
    const make = async () => (await admin.graphql(invite, { input: { email } })).body.data.inviteMember.token;
    const first = await make();
    const second = await make();
    const join = async (token: string) =>
      codeOf(await somebody().graphql(accept, { input: { token, name: 'S', password: 'long enough' } }));
    expect(await join(first)).to.equal('resource_not_found');
    await site.server.app.database.manager.query('update invitations set expires_at = now() where email = $1', [email]);
    expect(await join(second)).to.equal('resource_not_found');
  });

  it('cannot join by a link that was revoked: it leaves the list and the audit log tells of it', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const email = `late.${site.tenant.workspaceId}@example.com`;
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
    expect(codeOf(await somebody().graphql(accept, { input }))).to.equal('resource_not_found');
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

  it('cannot join by what somebody made who was removed or demoted since, unless they might make it still', async () => {
    const { app } = site.server;
    const owner = await memberOf(app, site.tenant, 'OWNER');
    const roles = ['OWNER', 'ADMIN', 'MEMBER'] as const;
    const cases = [
      ['removed', []],
      ['ADMIN', ['ADMIN', 'MEMBER']],
      ['MEMBER', []],
    ] as const;
    for (const [become, stay] of cases) {
      const account = {
        workspaceId: site.tenant.workspaceId,
        email: `${become}.${site.tenant.owner.email}`,
        name: 'Second Owner',
        role: 'OWNER',
        password: 'a password of theirs',
      } as const;
      const { id } = await app.database.transaction(async (tx) => app.accounts.create(tx, account));
      const second = somebody();
      await signIn(second, account.email, account.password);
      const emailOf = (role: string) => `${role}.${become}.${site.tenant.owner.email}`.toLowerCase();
      const tokens = new Map<string, string>();
      for (const role of roles) {
        const made = await second.graphql(invite, { input: { email: emailOf(role), role } });
        tokens.set(role, made.body.data.inviteMember.token);
      }
      const ended =
        become === 'removed'
          ? await owner.graphql(remove, { input: { id } })
          : await owner.graphql(setRole, { input: { id, role: become } });
      expect(codeOf(ended)).to.equal(null);
      const voided = roles.filter((role) => !(stay as readonly string[]).includes(role));
      const log = await owner.graphql(`{ auditLog(first: ${voided.length}, filter: { action: "invitation.voided" }) {
        nodes { details } } }`);
      expect(log.body.data.auditLog.nodes.map(({ details }: { details: object }) => details)).to.have.deep.members(
        voided.map((role) => ({ email: emailOf(role), role, invited_by: id })),
      );
      for (const role of roles) {
        const input = { token: tokens.get(role), name: 'Back', password: 'long enough' };
        const joined = codeOf(await somebody().graphql(accept, { input }));
        expect(joined, `${role} by one who is ${become}`).to.equal(voided.includes(role) ? 'resource_not_found' : null);
      }
    }
  });

  it('cannot join by what somebody made who is gone, even where the invitation was left behind', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const made = await admin.graphql(invite, { input: { email: `left.${site.tenant.owner.email}` } });
    // As a version did that knew nothing of this.
    await site.server.app.database.manager.query('delete from users where id = $1', [admin.id]);
    const input = { token: made.body.data.inviteMember.token, name: 'Back', password: 'long enough' };
    expect(codeOf(await somebody().graphql(accept, { input }))).to.equal('resource_not_found');
  });

  it("cannot, as Admins, end an Owner's invitation of an Owner by inviting them anew", async () => {
    const [owner, admin] = [
      await memberOf(site.server.app, site.tenant, 'OWNER'),
      await memberOf(site.server.app, site.tenant, 'ADMIN'),
    ];
    const email = `next.${site.tenant.owner.email}`;
    const made = await owner.graphql(invite, { input: { email, role: 'OWNER' } });
    expect(codeOf(await admin.graphql(invite, { input: { email } }))).to.equal('insufficient_role');
    const input = { token: made.body.data.inviteMember.token, name: 'Next', password: 'long enough' };
    expect((await somebody().graphql(accept, { input })).body.data.acceptInvitation.viewer.role).to.equal('OWNER');
  });

  it('are 1,000 at most, however many accept at once what was made while there was room', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    await site.server.app.database.manager.query(
      `insert into users (id, workspace_id, email, name, password_hash, role, created_at, updated_at)
       select 'c' || lpad(n::text, 24, '0'), $1, n || '.' || $2, 'One of many', '', 'MEMBER', now(), now()
       from generate_series(1, 997) n`,
      [site.tenant.workspaceId, site.tenant.owner.email],
    );
    const inputs = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const made = await owner.graphql(invite, { input: { email: `${name}.${site.tenant.owner.email}` } });
        return { token: made.body.data.inviteMember.token, name, password: 'long enough' };
      }),
    );
    const joining = inputs.map(async (input) => codeOf(await somebody().graphql(accept, { input })));
    const codes = await Promise.all(joining);
    expect(codes.filter((code) => code === null)).to.have.length(2);
    expect(codes.filter((code) => code === 'plan_limit_exceeded')).to.have.length(2);
  });

  it('leave behind keys that go on working, which their removal tells of', async () => {
    const { app } = site.server;
    const [owner, admin] = [await memberOf(app, site.tenant, 'OWNER'), await memberOf(app, site.tenant, 'ADMIN')];
    const create = async (by: Pick<typeof owner, 'graphql'>, name: string) =>
      (
        await by.graphql(`mutation { createApiKey(input: { name: "${name}", scopes: ["read:intake-bots"] }) {
          secret apiKey { id } } }`)
      ).body.data.createApiKey as { secret: string; apiKey: { id: string } };
    const [made, revoked, others, rotated] = [
      await create(admin, 'made'),
      await create(admin, 'revoked'),
      await create(owner, 'others'),
      await create(owner, 'rotated'),
    ];
    await admin.graphql(`mutation { rotateApiKey(input: { id: "${rotated.apiKey.id}" }) { secret } }`);
    await admin.graphql(`mutation { revokeApiKey(input: { id: "${revoked.apiKey.id}" }) { apiKey { id } } }`);
    const answer = await owner.graphql(remove, { input: { id: admin.id } });
    expect(answer.body.data.removeMember).to.deep.equal({
      member: { id: admin.id },
      apiKeysMade: [{ id: rotated.apiKey.id }, { id: made.apiKey.id }],
    });
    for (const { secret } of [made, others]) {
      expect((await clientOf(site.server.url, secret).rest('GET', '/intake-bots')).status).to.equal(200);
    }
  });

  it('have one account each: an e-mail that has one elsewhere cannot join', async () => {
    const elsewhere = await createTenant(site.server.app);
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const made = await admin.graphql(invite, { input: { email: elsewhere.owner.email } });
    const input = { token: made.body.data.inviteMember.token, name: 'X', password: 'long enough' };
    const refused = await somebody().graphql(accept, { input });
    expect(refused.body.errors[0].extensions).to.deep.include({
      code: 'conflict',
      details: { reason: 'email_taken' },
    });
  });

  it('become or cease to be Owners by an Owner only', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const kept = await owner.graphql(
      'mutation { inviteMember(input: { email: "next@example.com", role: OWNER }) { invitation { id } } }',
    );
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const attempts = [
      await admin.graphql(setRole, { input: { id: admin.id, role: 'OWNER' } }),
      await admin.graphql(setRole, { input: { id: site.tenant.owner.id, role: 'MEMBER' } }),
      await admin.graphql(remove, { input: { id: site.tenant.owner.id } }),
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
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const alone = await owner.graphql(setRole, { input: { id: owner.id, role: 'MEMBER' } });
    expect(alone.body.errors[0].extensions.details).to.deep.equal({ reason: 'last_owner' });
    const second = await memberOf(site.server.app, site.tenant, 'ADMIN');
    await owner.graphql(setRole, { input: { id: second.id, role: 'OWNER' } });
    const back = somebody();
    await signIn(back, second.email, 'a password of theirs');
    const both = await Promise.all([
      owner.graphql(remove, { input: { id: owner.id } }),
      back.graphql(remove, { input: { id: second.id } }),
    ]);
    expect(both.map(codeOf)).to.have.members(['conflict', null]);
  });

  it('lose every session when their role changes or they are removed', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const member = await memberOf(site.server.app, site.tenant, 'MEMBER');
    await owner.graphql(setRole, { input: { id: member.id, role: 'ADMIN' } });
    expect(codeOf(await member.graphql(viewer))).to.equal('authentication_required');
    const again = somebody();
    await signIn(again, member.email, 'a password of theirs');
    expect((await again.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
    await owner.graphql(remove, { input: { id: member.id } });
    expect(codeOf(await again.graphql(viewer))).to.equal('authentication_required');
    expect(codeOf(await signIn(somebody(), member.email, 'a password of theirs'))).to.equal('invalid_credentials');
  });

  it('hand over ownership: the Owner becomes an Admin and goes on with a new session', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const member = await memberOf(site.server.app, site.tenant, 'MEMBER');
    const before = owner.cookie;
    const answer = await owner.graphql(transfer, { input: { id: member.id } });
    expect(answer.body.data.transferOwnership.member.role).to.equal('OWNER');
    expect((await owner.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
    expect(owner.cookie).not.to.equal(before);
    const old = Object.assign(somebody(), { cookie: before });
    expect(codeOf(await old.graphql(viewer))).to.equal('authentication_required');
  });
});
