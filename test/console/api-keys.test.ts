import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { Console, picture, pictures, themes, widths } from './support.ts';

describe('console: API keys', () => {
  let pages: Console;
  let page: Page;

  before(async () => {
    pages = await Console.open();
    page = await pages.signedIn();
  });
  after(async () => await pages.close());
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  const heading = async (name: string | RegExp) => await page.getByRole('heading', { name }).waitFor();

  it('creates a key that works at once, and shows it this once', async () => {
    await page.goto('/console/settings/api-keys');
    await page.getByRole('link', { name: 'Create key' }).click();
    await heading('Create an API key');
    await page.getByLabel('Name').fill('Orders');
    await page.getByRole('button', { name: 'Read everything' }).click();
    await page.getByRole('button', { name: 'Create key' }).click();
    await heading('Key created: Orders');
    await picture(page, 'api-key-created');
    const secret = (await page.getByRole('group', { name: 'New key' }).locator('code').textContent()) ?? '';
    const call = async () =>
      await fetch(`${pages.server.url}/api/v1/intake-bots`, { headers: { Authorization: `Bearer ${secret}` } });
    expect((await call()).status).to.equal(200);

    await page.keyboard.press('Escape');
    await page.getByText('The key is not shown again').waitFor();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('link', { name: 'Orders', exact: true }).waitFor();
    expect(await page.content()).to.not.include(secret);
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Create key');
  });

  it('shows what is wrong at the field that it is wrong with', async () => {
    await page.goto('/console/settings/api-keys/new');
    await page.getByText('Where from, and what alone').click();
    await page.getByLabel('Allowed addresses').fill('203.0.113.0/24\nnonsense');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Line 2 Must be a range such as 203.0.113.0/24.').waitFor();
    const name = page.getByLabel('Name');
    expect(await name.getAttribute('aria-invalid')).to.equal('true');
    expect(await name.evaluate((input) => input === document.activeElement)).to.equal(true);
  });

  it('asks before what was typed is lost', async () => {
    await page.goto('/console/settings/api-keys');
    await page.getByRole('link', { name: 'Create key' }).click();
    await page.getByLabel('Name').fill('Half typed');
    await page.goBack();
    await page.getByText('What you typed is not saved.').waitFor();
    await page.getByRole('button', { name: 'Go back' }).click();
    expect(await page.getByLabel('Name').inputValue()).to.equal('Half typed');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Close anyway' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(new URL(page.url()).pathname).to.equal('/console/settings/api-keys');
  });

  it('rotates a key with an overlap, and revokes it', async () => {
    await page.goto('/console/settings/api-keys');
    await page.getByRole('link', { name: 'Rotate Orders' }).click();
    await page.getByLabel('The secret so far works on for').selectOption('An hour');
    await page.getByRole('button', { name: 'Rotate key' }).click();
    await heading('New secret: Orders');
    const secret = (await page.getByRole('group', { name: 'New key' }).locator('code').textContent()) ?? '';
    await page.getByRole('button', { name: 'I have copied it' }).click();

    await page.getByRole('link', { name: 'Revoke Orders' }).click();
    await page.getByText('Read submissions').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Keep key');
    await page.getByRole('button', { name: 'Revoke key' }).click();
    await page.getByText('Orders is revoked.').waitFor();
    const { status } = await fetch(`${pages.server.url}/api/v1/intake-bots`, {
      headers: { Authorization: `Bearer ${secret}` },
    });
    expect(status).to.equal(401);
    await page.getByText('1 ended key').waitFor();
  });

  describe('with keys of all kinds', () => {
    const createKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }`;
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

    before(async () => {
      const owner = await pages.owner();
      const read = ['read:submissions', 'read:contacts'];
      for (const input of [
        { name: 'Warehouse export', scopes: read, expiresAt: inDays(3), allowedCidrs: ['203.0.113.0/24'] },
        { name: 'Production intake', scopes: ['read:intake-bots', 'write:intake-bots'], expiresAt: inDays(300) },
        { name: `\u202eturned round\u202c and ${'long '.repeat(16)}`.trim(), scopes: read, documentsOnly: true },
      ]) {
        expect((await owner.graphql(createKey, { input })).body).to.not.have.property('errors');
      }
    });

    it('shows what cannot be seen in a name', async () => {
      await page.goto('/console/settings/api-keys');
      await page.getByText('RLO').waitFor();
    });
    it('looks as it should in each theme and width', async () => {
      const other = await pages.again(page.context());
      const visitor = await pages.visitor();
      await visitor.goto('/console');
      await visitor.getByLabel('E-mail').waitFor();
      await pictures(visitor, 'sign-in');
      await visitor.context().close();
      await other.goto('/console');
      await other.getByText('Submissions this month').waitFor();
      await pictures(other, 'overview');
      await other.goto('/console/settings/api-keys');
      await other.getByText('1 ended key').click();
      await pictures(other, 'api-keys');
      await other.getByRole('link', { name: 'Create key' }).click();
      await other.getByLabel('Name').waitFor();
      await pictures(other, 'api-key-new');
      await other.goto('/console/settings/api-keys');
      await other.getByRole('link', { name: 'Warehouse export', exact: true }).click();
      await other.getByText('Begins with').waitFor();
      await pictures(other, 'api-key');
      await other.getByRole('link', { name: 'Revoke', exact: true }).last().click();
      await other.getByText('Within a second').waitFor();
      await pictures(other, 'api-key-revoke');
      await other.context().close();
    });

    for (const theme of themes) {
      for (const width of widths) {
        it(`has a menu of the account that looks as it should, ${theme}, ${width} px wide`, async () => {
          const other = await pages.again(page.context(), { theme, width });
          await other.goto('/console');
          await other.getByRole('button', { name: width === 375 ? 'Account' : '@example.com' }).click();
          await picture(other, `account-menu-${theme}-${width}`);
          await other.context().close();
        });
      }
    }
  });
});
