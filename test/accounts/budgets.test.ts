import { expect } from 'chai';
import { roles } from '../../src/platform/actor.js';
import { clientOf } from '../support/client.js';
import { codeOf, memberOf, personAt, signIn, useSite, type Person } from '../support/people.js';

describe('budgets', () => {
  const site = useSite();

  /** Ten points a call, and nothing is run. */
  const dear = '{ contacts(first: 100) { nodes { submissions(first: 49) { nodes { id } } } } }';
  const costOnly = { 'X-Cost-Only': 'true' };

  /** Points that passed before the first refusal. */
  async function spend(person: Pick<Person, 'graphql'>): Promise<number> {
    for (let points = 0; ;) {
      const answer = await person.graphql(dear, {}, costOnly);
      if (codeOf(answer) === 'rate_limit_exceeded') return points;
      expect(codeOf(answer)).to.equal(null);
      points += answer.body.extensions.cost.points as number;
    }
  }

  it('belong to a person, however many sessions they have', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const again = personAt(site.server.url);
    await signIn(again, site.tenant.owner.email, site.tenant.owner.password);
    expect(again.cookie).not.to.equal(owner.cookie);
    const first = await owner.graphql(dear, {}, costOnly);
    expect(first.headers.get('x-ratelimit-limit')).to.equal('500');
    const told = await again.graphql('{ rateLimit { limit remaining } }');
    expect(told.body.data.rateLimit).to.deep.equal({ limit: 500, remaining: 489 });
    expect(await spend(owner)).to.equal(480);
    expect(codeOf(await again.graphql(dear, {}, costOnly))).to.equal('rate_limit_exceeded');
    const third = await memberOf(site.server.app, site.tenant, 'OWNER');
    expect(codeOf(await third.graphql(dear, {}, costOnly))).to.equal('rate_limit_exceeded');
  });

  it('of the people of a workspace end together at 2,500 a minute; a key keeps its own whole', async () => {
    const { app } = site.server;
    const people: Person[] = [];
    for (const role of roles) people.push(await memberOf(app, site.tenant, role));
    for (let index = people.length; index < 6; index += 1) {
      const account = {
        workspaceId: site.tenant.workspaceId,
        email: `${index}.${site.tenant.owner.email}`,
        name: 'One of many',
        role: 'MEMBER',
        password: 'a password of theirs',
      } as const;
      await app.database.transaction(async (tx) => app.accounts.create(tx, account));
      const person = personAt(site.server.url);
      await signIn(person, account.email, account.password);
      people.push(person);
    }
    const [last, fifth, ...others] = people.toReversed();
    if (last === undefined || fifth === undefined) throw new Error('nobody');
    let spent = 0;
    for (const person of others) spent += await spend(person);
    for (; spent < 2_490; spent += 10) await fifth.graphql(dear, {}, costOnly);
    const cheap = '{ rateLimit { limit } }';
    for (; spent < 2_495; spent += 1) expect(codeOf(await fifth.graphql(cheap))).to.equal(null);
    // There are five left, and what is refused takes nothing from anybody.
    for (let times = 0; times < 2; times += 1) {
      const refused = await last.graphql(dear, {}, costOnly);
      expect(codeOf(refused)).to.equal('rate_limit_exceeded');
      expect(refused.body.errors[0].extensions.details.retry_after).to.be.within(1, 61);
      expect(refused.headers.get('x-ratelimit-remaining')).to.equal('500');
    }
    for (; spent < 2_500; spent += 1) expect(codeOf(await last.graphql(cheap))).to.equal(null);
    expect(codeOf(await last.graphql(cheap))).to.equal('rate_limit_exceeded');
    expect(await spend(clientOf(site.server.url, site.tenant.key))).to.equal(500);
  });
});
