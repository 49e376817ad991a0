import { expect } from 'chai';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { codeOf, memberOf, type Person } from '../support/people.js';

const turned = (on: boolean) =>
  `mutation { updateWorkspace(input: { agentsMayConnect: ${on} }) { workspace { name agentsMayConnect } } }`;

describe('the switch for agents', () => {
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

  /** What a door reads of the key's workspace. */
  const mayConnect = async () => {
    const origin = { requestId: 'r', address: '127.0.0.1' };
    return (await server.app.apiKeys.authenticate(tenant.key, origin)).workspace.agentsMayConnect;
  };

  it('is on until an Owner turns it off, which the doors hear of at once and the audit log keeps', async () => {
    expect(await mayConnect()).to.equal(true);
    const { name } = (await owner.graphql('{ workspace { name } }')).body.data.workspace;
    expect((await owner.graphql(turned(false))).body.data.updateWorkspace.workspace).to.deep.equal({
      name,
      agentsMayConnect: false,
    });
    const deadline = Date.now() + 10_000;
    while ((await mayConnect()) && Date.now() < deadline) await new Promise((done) => setTimeout(done, 10));
    expect(await mayConnect()).to.equal(false);
    await owner.graphql(turned(false));
    await owner.graphql(turned(true));
    const log = '{ auditLog(filter: { action: ["workspace.agents_switched"] }) { nodes { subjectId details } } }';
    expect((await owner.graphql(log)).body.data.auditLog.nodes).to.deep.equal([
      { subjectId: tenant.workspaceId, details: { agents_may_connect: true } },
      { subjectId: tenant.workspaceId, details: { agents_may_connect: false } },
    ]);
  });

  it('is an Owner’s: an Admin may rename the workspace, and not turn it', async () => {
    const admin = await memberOf(server.app, tenant, 'ADMIN');
    const refused = await admin.graphql(turned(false));
    expect(refused.body.errors[0].extensions).to.deep.include({
      code: 'insufficient_role',
      details: { required: 'OWNER', granted: 'ADMIN' },
    });
    expect(codeOf(await clientOf(server.url, tenant.key).graphql(turned(false)))).to.equal('insufficient_role');
    const both = 'mutation { updateWorkspace(input: { name: "X", agentsMayConnect: false }) { workspace { name } } }';
    expect(codeOf(await admin.graphql(both))).to.equal('insufficient_role');
    expect(
      codeOf(await admin.graphql('mutation { updateWorkspace(input: { name: "Y" }) { workspace { id } } }')),
    ).to.equal(null);
    const { workspace } = (await admin.graphql('{ workspace { name agentsMayConnect } }')).body.data;
    expect(workspace).to.deep.equal({ name: 'Y', agentsMayConnect: true });
  });

  it('is on for a workspace that the release before makes beside this one', async () => {
    const { manager } = server.app.database;
    await manager.query(
      `insert into workspaces (id, name, plan, stored_bytes, created_at, updated_at)
       values ('w-of-before', 'Before', 'PRO', 0, now(), now())`,
    );
    expect((await server.app.workspaces.find('w-of-before')).agentsMayConnect).to.equal(true);
  });
});
