import { expect } from 'chai';
import type { Account, Load } from './load.js';

/** Fails where a promise to clients or receivers was broken, with what broke it. */
export function expectKept(account: Account, { broken }: Load): void {
  const { lost, repeated, unasked, disordered, wrong, crowded, undelivered } = account;
  const found = { lost, repeated, unasked, disordered, wrong, crowded, broken };
  for (const [what, cases] of Object.entries(found)) expect(cases.slice(0, 10), what).to.deep.equal([]);
  expect(undelivered, 'undelivered').to.equal(0);
  expect(account.changes.length).to.be.greaterThan(50);
}

export function storyOf({ changes, lost, duplicates }: Account, { refusals, followers }: Load): string {
  const asked = refusals.filter(({ answers }) => answers.length > 0).length;
  const again = followers.map(({ connections }) => connections - 1).join(' and ');
  return `${changes.length} changes, ${lost.length} lost, ${duplicates} deliveries repeated, ${asked} changes asked for again, followers connected again ${again} times`;
}
