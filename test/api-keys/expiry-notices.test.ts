import { expect } from 'chai';
import { expiryNoticesQueue, tellOfExpiringKeys } from '../../src/api-keys/expiry-notices.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { jobsOn } from '../support/jobs.js';
import { codeOf, memberOf, type Person } from '../support/people.js';

const day = 86_400_000;

describe('the notice that an API key expires', () => {
  let server: TestServer;
  let tenant: Tenant;
  let owner: Person;
  const now = Date.now();

  before(async () => {
    server = await startServer();
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });
  after(async () => await server.stop());

  const keyFor = async (name: string, days: number | null): Promise<string> => {
    const expiresAt = days === null ? null : new Date(now + days * day).toISOString();
    const { body } = await owner.graphql(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }',
      { input: { name, scopes: ['read:contacts'], expiresAt } },
    );
    return body.data.createApiKey.apiKey.id;
  };
  /** What the notices say once the chore ran, so many days from now, the oldest first. */
  const toldIn = async (days: number): Promise<{ kind: string; text: string; params: object }[]> => {
    await tellOfExpiringKeys(server.app, new Date(now + days * day));
    const { body } = await owner.graphql('{ workspace { notices { nodes { kind text params } } } }');
    return body.data.workspace.notices.nodes.toReversed();
  };
  const change = async (mutation: string) =>
    expect(codeOf(await owner.graphql(`mutation { ${mutation} }`))).to.equal(null);

  it('comes 14 and 3 days before, once each, with the name of the key', async () => {
    const id = await keyFor('Zapier "two"', 20);
    const params = { api_key_id: id, name: 'Zapier "two"', expires_at: new Date(now + 20 * day).toISOString() };
    expect(await toldIn(0)).to.deep.equal([]);
    expect(await toldIn(6 - 1 / 24)).to.deep.equal([]);
    const [first, ...others] = await toldIn(6);
    expect(first).to.deep.include({ kind: 'api_key_expiring', params });
    expect(first?.text).to.match(/^The API key "Zapier "two"" \(iozen_live_\w{4}…\) expires in 14 days, on 20\d\d-/);
    expect(others).to.deep.equal([]);
    for (const days of [6 + 1 / 24, 10, 17 - 1 / 24]) expect(await toldIn(days)).to.have.length(1);
    const [, second] = await toldIn(17);
    expect(second).to.deep.include({ kind: 'api_key_expiring', params });
    expect(second?.text).to.include('expires in 3 days, on');
    for (const days of [17 + 1 / 24, 19.9, 20, 21, 40]) expect(await toldIn(days)).to.have.length(2);
  });

  it('comes once where nobody looked for a while, and tells the days that are left', async () => {
    await keyFor('Late', 20);
    const told = await toldIn(18.5);
    expect(told.map(({ text }) => /in \d+ days?/.exec(text)?.[0])).to.deep.equal(['in 2 days']);
  });

  it('comes once however many processes look at the same moment', async () => {
    await Promise.all(['A', 'B', 'C'].map(async (name) => keyFor(name, 20)));
    const at = new Date(now + 7 * day);
    await Promise.all(Array.from({ length: 4 }, async () => tellOfExpiringKeys(server.app, at)));
    expect(await toldIn(7)).to.have.length(3);
  });

  it('does not come of keys that were revoked, last, have ended, or were made for a shorter time', async () => {
    const revoked = await keyFor('Revoked', 20);
    await change(`revokeApiKey(input: { id: "${revoked}" }) { apiKey { id } }`);
    await keyFor('Lasting', null);
    await keyFor('Ended', 1);
    await keyFor('For ten days', 10);
    expect(await toldIn(5)).to.deep.equal([]);
    expect((await toldIn(7)).map(({ params }) => params)).to.have.nested.property('[0].name', 'For ten days');
  });

  it('does not come of secrets that end after a rotation, nor once more because of one', async () => {
    const [lasting, ending] = [await keyFor('Lasting', null), await keyFor('Ending', 20)];
    const rotate = async (id: string) =>
      await change(`rotateApiKey(input: { id: "${id}", overlapSeconds: 604800 }) { secret }`);
    await rotate(lasting);
    expect(await toldIn(6)).to.have.length(1);
    await rotate(ending);
    expect(await toldIn(6 + 1 / 24)).to.have.length(1);
  });

  it('does not come to a workspace that is archived', async () => {
    const elsewhere = await createTenant(server.app);
    const input = { name: 'Kept', scopes: ['read:contacts'] as const, allowedCidrs: [], documentsOnly: false };
    await server.app.database.transaction(async (tx) =>
      server.app.apiKeys.insert(tx, elsewhere.workspaceId, {
        ...input,
        scopes: [...input.scopes],
        expiresAt: new Date(now + 20 * day),
      }),
    );
    await server.app.workspaces.change(elsewhere.workspaceId, { archived: true });
    await tellOfExpiringKeys(server.app, new Date(now + 7 * day));
    const { rows } = await server.app.database.pool.query('select from notices where workspace_id = $1', [
      elsewhere.workspaceId,
    ]);
    expect(rows).to.deep.equal([]);
  });

  it('is looked for every hour', async () => {
    const schedules = await jobsOn(server.app.database.pool).getSchedules(expiryNoticesQueue.name);
    expect(schedules.map(({ cron }) => cron)).to.deep.equal(['11 * * * *']);
  });
});
