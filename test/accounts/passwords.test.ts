import { expect } from 'chai';
import { hashPassword, verifyPassword } from '../../src/accounts/password.js';
import { inAccount, WorkAccount } from '../../src/platform/work/work-account.js';
import { codeOf, memberOf, personAt, signIn, useSite, viewer } from '../support/people.js';

describe('passwords', () => {
  const site = useSite();

  const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { viewer { role } } }';

  it('end every session when they change, and give the caller a new one', async () => {
    const [here, there] = [
      await memberOf(site.server.app, site.tenant, 'OWNER'),
      await memberOf(site.server.app, site.tenant, 'OWNER'),
    ];
    expect(codeOf(await there.graphql(viewer))).to.equal(null);
    const input = { currentPassword: site.tenant.owner.password, newPassword: 'another password' };
    expect(codeOf(await here.graphql(change, { input: { ...input, currentPassword: 'wrong' } }))).to.equal(
      'invalid_credentials',
    );
    expect(codeOf(await here.graphql(change, { input: { ...input, newPassword: 'short' } }))).to.equal(
      'validation_failed',
    );
    expect(codeOf(await here.graphql(change, { input }))).to.equal(null);
    expect(codeOf(await here.graphql(viewer))).to.equal(null);
    expect(codeOf(await there.graphql(viewer))).to.equal('authentication_required');
    expect(codeOf(await signIn(personAt(site.server.url), site.tenant.owner.email, 'another password'))).to.equal(null);
  });

  it('end every session when an operator resets them', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    expect(codeOf(await owner.graphql(viewer))).to.equal(null);
    const { password } = await site.server.app.accounts.resetPassword(site.tenant.owner.email);
    expect(codeOf(await owner.graphql(viewer))).to.equal('authentication_required');
    expect(codeOf(await signIn(personAt(site.server.url), site.tenant.owner.email, password))).to.equal(null);
  });

  it('hold nobody up, however many marks one has that are to be composed', async () => {
    const kept = await hashPassword('long enough');
    const startMs = performance.now();
    const verdict = verifyPassword(`a${'\u0315\u0300'.repeat(50_000)}`, kept);
    expect(performance.now() - startMs).to.be.below(200);
    expect(await verdict).to.equal(false);
  });

  it('of a network that asks all the time come after those of networks that ask once in a while', async () => {
    const kept = await hashPassword('long enough');
    const checked: string[] = [];
    const check = async (network: string) => {
      const account = Object.assign(new WorkAccount(), { address: network });
      await inAccount(account, async () => verifyPassword('long enough', kept));
      checked.push(network);
    };
    await Promise.all(['flood', 'flood', 'flood', 'flood', 'flood', 'flood', 'flood', 'one', 'two'].map(check));
    // Two at most are at once: the flood's first ones, which came before the others.
    expect(checked.slice(0, 4)).to.include.members(['one', 'two']);
  });
});
