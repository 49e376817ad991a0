import { expect } from 'chai';
import { codeOf, personAt, signIn, useSite } from '../support/people.js';

describe('sign-in', () => {
  const site = useSite();

  it('says the same, in the same time, whether the account exists or not', async () => {
    const times: Record<string, number[]> = { known: [], unknown: [] };
    const texts = new Set<string>();
    for (let round = 0; round < 6; round += 1) {
      for (const kind of ['known', 'unknown'] as const) {
        const email = kind === 'known' ? site.tenant.owner.email : `nobody.${round}@example.com`;
        const startMs = performance.now();
        const answer = await signIn(personAt(site.server.url, `198.51.100.${round}`), email, 'wrong');
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
    const thief = personAt(site.server.url, '203.0.113.7');
    const codes = new Set<string | null>();
    const tries = Array.from({ length: 10 }, async () => signIn(thief, site.tenant.owner.email, 'wrong'));
    for (const answer of await Promise.all(tries)) codes.add(codeOf(answer));
    expect([...codes]).to.deep.equal(['invalid_credentials']);
    const locked = await signIn(thief, site.tenant.owner.email, site.tenant.owner.password);
    expect(codeOf(locked)).to.equal('rate_limit_exceeded');
    expect(locked.body.errors[0].extensions.details.retry_after).to.be.within(890, 900);
    expect(thief.cookie).to.equal(null);
    const owner = personAt(site.server.url, '203.0.113.8');
    expect(codeOf(await signIn(owner, site.tenant.owner.email, site.tenant.owner.password))).to.equal(null);
  }).timeout(30_000);

  it('keeps nobody waiting behind a flood from another address, and holds few of the flood', async () => {
    const flood = personAt(site.server.url, '203.0.113.20');
    let checked = 0;
    const tries = Array.from({ length: 60 }, async (_, index) => {
      const code = codeOf(await signIn(flood, `flood.${index}@example.com`, 'wrong'));
      if (code === 'invalid_credentials') checked += 1;
      return code;
    });
    const owner = personAt(site.server.url, '203.0.113.21');
    expect(codeOf(await signIn(owner, site.tenant.owner.email, site.tenant.owner.password))).to.equal(null);
    // Those of the four places, and a few that took one over meanwhile; of sixty, were they all in one line.
    expect(checked).to.be.below(20);
    const codes = await Promise.all(tries);
    expect(new Set(codes)).to.deep.equal(new Set(['invalid_credentials', 'rate_limit_exceeded']));
    expect(codes.filter((code) => code === 'rate_limit_exceeded').length).to.be.above(0);
  });

  it('locks an e-mail that has no account just so', async () => {
    const person = personAt(site.server.url, '203.0.113.9');
    const tries = Array.from({ length: 11 }, async () => signIn(person, 'nobody.at.all@example.com', 'wrong'));
    const codes = (await Promise.all(tries)).map(codeOf);
    expect(codes.filter((code) => code === 'invalid_credentials')).to.have.length(10);
    expect(codes.filter((code) => code === 'rate_limit_exceeded')).to.have.length(1);
  }).timeout(30_000);

  it('counts a whole IPv6 network as one address', async () => {
    const attempt = async (address: string) =>
      site.server.app.accounts
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
      codeOf(await signIn(personAt(site.server.url, `198.18.0.${index}`), site.tenant.owner.email, 'wrong'));
    const codes = await Promise.all(Array.from({ length: 11 }, async (_, index) => wrong(index)));
    expect(new Set(codes)).to.deep.equal(new Set(['invalid_credentials']));
    const startMs = performance.now();
    const owner = personAt(site.server.url, '198.18.1.1');
    expect(codeOf(await signIn(owner, site.tenant.owner.email, site.tenant.owner.password))).to.equal(null);
    expect(performance.now() - startMs).to.be.at.least(1_400);
  });

  it('forgets failures once the owner is in', async () => {
    const owner = personAt(site.server.url, '203.0.113.10');
    for (let round = 0; round < 2; round += 1) {
      await Promise.all(Array.from({ length: 6 }, async () => signIn(owner, site.tenant.owner.email, 'wrong')));
      expect(codeOf(await signIn(owner, site.tenant.owner.email, site.tenant.owner.password))).to.equal(null);
    }
  }).timeout(40_000);
});
