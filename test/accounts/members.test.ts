import { expect } from 'chai';
import { createTenant } from '../support/app.js';
import { codeOf, memberOf, personAt, signIn, useSite, viewer } from '../support/people.js';

describe('members', () => {
  const site = useSite();

  const invite = 'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { link token } }';
  const accept =
    'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { viewer { role user { email } } } }';
  const setRole = 'mutation ($input: UpdateMemberRoleInput!) { updateMemberRole(input: $input) { member { role } } }';
  const remove = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { member { id } } }';
  const transfer =
    'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { member { role } } }';

  it('join by a link that works once, and are signed in', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const made = await admin.graphql(invite, { input: { email: 'New@Example.com', role: 'MEMBER' } });
    const { link, token } = made.body.data.inviteMember;
    expect(link).to.equal(`${site.server.url}/accept-invitation?token=${token}`);
    const joining = personAt(site.server.url);
    const input = { token, name: 'New', password: 'long enough' };
    const joined = await joining.graphql(accept, { input });
    expect(joined.body.data.acceptInvitation.viewer).to.deep.equal({
      role: 'MEMBER',
      user: { email: 'new@example.com' },
    });
    expect((await joining.graphql(viewer)).body.data.viewer.role).to.equal('MEMBER');
    expect(codeOf(await personAt(site.server.url).graphql(accept, { input }))).to.equal('resource_not_found');
  });

  it('cannot join by a link that is 7 days old, or that a newer one replaced', async () => {
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const email = `slow.${site.tenant.workspaceId}@example.com`;
    const make = async () => (await admin.graphql(invite, { input: { email } })).body.data.inviteMember.token;
    const first = await make();
    const second = await make();
    const join = async (token: string) =>
      codeOf(await personAt(site.server.url).graphql(accept, { input: { token, name: 'S', password: 'long enough' } }));
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
    expect(codeOf(await personAt(site.server.url).graphql(accept, { input }))).to.equal('resource_not_found');
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
    const elsewhere = await createTenant(site.server.app);
    const admin = await memberOf(site.server.app, site.tenant, 'ADMIN');
    const made = await admin.graphql(invite, { input: { email: elsewhere.owner.email } });
    const input = { token: made.body.data.inviteMember.token, name: 'X', password: 'long enough' };
    const refused = await personAt(site.server.url).graphql(accept, { input });
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
    const back = personAt(site.server.url);
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
    const again = personAt(site.server.url);
    await signIn(again, member.email, 'a password of theirs');
    expect((await again.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
    await owner.graphql(remove, { input: { id: member.id } });
    expect(codeOf(await again.graphql(viewer))).to.equal('authentication_required');
    expect(codeOf(await signIn(personAt(site.server.url), member.email, 'a password of theirs'))).to.equal(
      'invalid_credentials',
    );
  });

  it('hand over ownership: the Owner becomes an Admin and goes on with a new session', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const member = await memberOf(site.server.app, site.tenant, 'MEMBER');
    const before = owner.cookie;
    const answer = await owner.graphql(transfer, { input: { id: member.id } });
    expect(answer.body.data.transferOwnership.member.role).to.equal('OWNER');
    expect((await owner.graphql(viewer)).body.data.viewer.role).to.equal('ADMIN');
    expect(owner.cookie).not.to.equal(before);
    const old = Object.assign(personAt(site.server.url), { cookie: before });
    expect(codeOf(await old.graphql(viewer))).to.equal('authentication_required');
  });
});
