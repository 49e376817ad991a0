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
    await page.getByText('Line 2 must be a range such as 203.0.113.0/24.').waitFor();
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

  it('makes a key for an agent, of read scopes for 30 days, and gives what to paste for each of four', async () => {
    await page.goto('/console/settings/api-keys');
    await page.getByRole('link', { name: 'Connect an agent' }).click();
    await heading('Create an API key for an agent');
    await page.getByText('goes to the maker of its model').waitFor();
    await page.getByLabel('Name').fill('Ada’s editor');
    await page.getByRole('button', { name: 'Create key' }).click();
    await heading('Key created: Ada’s editor');
    const secret = (await page.getByRole('group', { name: 'New key' }).locator('code').textContent()) ?? '';
    const url = `${pages.server.url}/mcp?read_only=true`;
    const headers = { Authorization: `Bearer ${secret}` };
    const pasted = async (client: string) => {
      await page.getByRole('tab', { name: client }).click();
      return (await page.getByRole('group', { name: `Configuration for ${client}` }).textContent()) ?? '';
    };
    expect(await pasted('Claude Code')).to.equal(
      `claude mcp add --scope user --transport http iozen '${url}' \\\n  --header 'Authorization: Bearer ${secret}'`,
    );
    expect(JSON.parse(await pasted('Cursor'))).to.deep.equal({ mcpServers: { iozen: { url, headers } } });
    expect(JSON.parse(await pasted('VS Code'))).to.deep.equal({ servers: { iozen: { type: 'http', url, headers } } });
    expect(await pasted('Codex')).to.equal(
      `[mcp_servers.iozen]\nurl = "${url}"\nhttp_headers = { Authorization = "Bearer ${secret}" }`,
    );
    const me = (await (await fetch(`${pages.server.url}/api/v1/me`, { headers })).json()) as {
      data: { me: { key: { scopes: string[]; expires_at: string } } };
    };
    expect(me.data.me.key.scopes).to.deep.equal([
      'read:intake-bots',
      'read:submissions',
      'read:contacts',
      'read:records',
    ]);
    expect((Date.parse(me.data.me.key.expires_at) - Date.now()) / 86_400_000).to.be.within(29.9, 30);
    await pictures(page, 'api-key-agent-created');
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('link', { name: 'Ada’s editor', exact: true }).waitFor();
    expect(await page.content()).to.not.include(secret);
  });

  it('says of a key that may write what its agent is offered, and of a workspace that agents are shut out of it', async () => {
    const owner = await pages.owner();
    const turn = async (on: boolean) => {
      const turned = `mutation { updateWorkspace(input: { agentsMayConnect: ${on} }) { workspace { id } } }`;
      expect((await owner.graphql(turned)).body).to.not.have.property('errors');
    };
    await turn(false);
    await page.goto('/console/settings/api-keys/new');
    await page.getByRole('button', { name: 'For an agent' }).click();
    await page.getByText('At present agents are shut out of this workspace').waitFor();
    await turn(true);
    await page.getByLabel('Name').fill('Writer');
    await page.getByLabel('Write bots').check();
    expect(await page.getByLabel('Expires').inputValue()).to.equal('30');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('This key may do more than read').waitFor();
    const text = await page.getByRole('group', { name: 'Configuration for Claude Code' }).textContent();
    expect(text).to.include(`'${pages.server.url}/mcp'`);
    await page.getByRole('button', { name: 'I have copied it' }).click();
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
      await other.goto('/console/settings/api-keys/new/agent');
      await other.getByText('goes to the maker of its model').waitFor();
      await pictures(other, 'api-key-agent-new');
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
