import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { memberOf } from '../../dist/test/support/people.js';
import { Console, picture } from './support.ts';

const password = 'a password of theirs';

describe('console: what is not theirs, and why', () => {
  let pages: Console;
  afterEach(async () => {
    await pages.close();
    expect(pages.faults).to.deep.equal([]);
  });

  /** The reason that stands beside a button that cannot be used. */
  const reasonOf = async (page: Page, name: string) => {
    // An empty list has its first step as a button, too.
    const button = page.getByRole('button', { name }).first();
    expect(await button.getAttribute('aria-disabled')).to.equal('true');
    await button.focus();
    return await page.getByRole('tooltip').filter({ visible: true }).innerText();
  };

  it('a Member sees that keys are for Owners and Admins', async () => {
    pages = await Console.open();
    const { email } = await memberOf(pages.server.app, pages.tenant, 'MEMBER');
    const page = await pages.signedIn({}, { email, password });
    await picture(page, 'overview-member');
    await page.getByRole('link', { name: 'API keys' }).click();
    await page.getByRole('heading', { name: 'This is for Owners and Admins' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.tagName)).to.equal('H1');
    expect(await reasonOf(page, 'Create key')).to.equal('Owners and Admins do this. You are a Member.');
    await picture(page, 'api-keys-member');
  });

  it('on a plan without an API, the plan is the reason', async () => {
    pages = await Console.open({ plan: 'FREE' });
    const page = await pages.signedIn({ width: 375 });
    await picture(page, 'overview-free-375');
    await page.goto('/console/settings/api-keys');
    expect(await reasonOf(page, 'Create key')).to.include('Free has no API.');
    await picture(page, 'api-keys-free-375');
  });

  it('where all keys of the plan are in use, the page says so before one is tried', async () => {
    pages = await Console.open({ plan: 'PRO' });
    const owner = await pages.owner();
    for (const name of ['Two', 'Three']) {
      const input = { name, scopes: ['read:contacts'] };
      await owner.graphql('mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }', {
        input,
      });
    }
    const page = await pages.signedIn();
    await page.goto('/console/settings/api-keys');
    await page.getByText('3 of 3 on Pro').waitFor();
    expect(await reasonOf(page, 'Create key')).to.include('All 3 keys of Pro are in use.');
  });
});
