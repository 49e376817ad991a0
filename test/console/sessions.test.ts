import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { Console } from './support.ts';

describe('console: sessions and what happens meanwhile', () => {
  let pages: Console;

  before(async () => (pages = await Console.open()));
  after(async () => await pages.close());
  afterEach(() => expect(pages.faults.splice(0)).to.deep.equal([]));

  const submit = async () => {
    const { app } = pages.server;
    await createSubmission(app, await createBot(app, pages.tenant.workspaceId));
  };
  const submissions = (page: Page) => page.getByRole('meter', { name: 'Submissions this month' });

  it('leads to sign-in when the session ends elsewhere, and back to the same address', async () => {
    const page = await pages.signedIn();
    await page.goto('/console/settings/api-keys?first=look');
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    await pages.endSessions();
    await page.getByRole('link', { name: 'Create key' }).waitFor();
    await page.goto('/console/settings/api-keys?first=look');
    await page.getByLabel('Password').waitFor();
    expect(new URL(page.url()).search).to.equal('?next=%2Fsettings%2Fapi-keys%3Ffirst%3Dlook');
    await page.getByLabel('E-mail').fill(pages.tenant.owner.email);
    await page.getByLabel('Password').fill(pages.tenant.owner.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'API keys' }).waitFor();
    expect(page.url()).to.match(/\/console\/settings\/api-keys\?first=look$/);
    await page.context().close();
  });

  it('leads to sign-in at once where the page is followed live', async () => {
    const page = await pages.signedIn();
    await page.getByText('Live', { exact: true }).waitFor();
    await pages.endSessions();
    await page.getByLabel('Password').waitFor();
    await page.context().close();
  });

  it('shows what happens while it is looked at, over one socket', async () => {
    const page = await pages.signedIn();
    await page.getByText('Live', { exact: true }).waitFor();
    const sockets: string[] = [];
    page.on('websocket', (socket) => sockets.push(socket.url()));
    await page.reload();
    await page.getByText('Live', { exact: true }).waitFor();
    const before = Number(await submissions(page).getAttribute('aria-valuenow'));
    await submit();
    await page.locator(`[role=meter][aria-label="Submissions this month"][aria-valuenow="${before + 1}"]`).waitFor();
    expect(sockets).to.have.length(1);
    await page.context().close();
  });

  it('has no socket while nobody looks, and reads anew when somebody does again', async () => {
    const page = await pages.signedIn();
    await page.getByText('Live', { exact: true }).waitFor();
    const before = Number(await submissions(page).getAttribute('aria-valuenow'));
    const look = async (isHidden: boolean) =>
      await page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await look(true);
    await page.getByText('Live', { exact: true }).waitFor({ state: 'detached' });
    await submit();
    await look(false);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.locator(`[role=meter][aria-label="Submissions this month"][aria-valuenow="${before + 1}"]`).waitFor();
    await page.context().close();
  });

  it('is live again soon after the server was started anew, and missed nothing', async () => {
    const page = await pages.signedIn();
    await page.getByText('Live', { exact: true }).waitFor();
    const before = Number(await submissions(page).getAttribute('aria-valuenow'));
    await pages.restart(async () => await page.getByText('Reconnecting…').waitFor());
    await submit();
    await page.getByText('Live', { exact: true }).waitFor({ timeout: 5_000 });
    await page.locator(`[role=meter][aria-label="Submissions this month"][aria-valuenow="${before + 1}"]`).waitFor();
    await page.context().close();
  });
});
