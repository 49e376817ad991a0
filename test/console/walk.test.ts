import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf, type Client } from '../../dist/test/support/client.js';
import { createBot } from '../../dist/test/support/factories.js';
import { Receiver, type Received } from '../../dist/test/support/receiver.js';
import { verifyWebhook } from '../../dist/packages/webhooks/src/index.js';
import { broken, Console, inEachLook, shoot } from './support.ts';

/** Pictures of each step, in both themes and widths; and `console.png`, which the README shows: see `console:picture`. */
const folder = join(import.meta.dirname, '../../test-results/walk');

describe('console: the whole walk, from sign-in to a revoked key', () => {
  let pages: Console;
  let page: Page;
  let receiver: Receiver;
  let isBroken = false;
  let botId: string;
  let program: Client;
  let secret: string;
  let delivery: string;
  let hasStopped = false;

  before(async () => {
    // A delivery has ended after three attempts, in a second.
    pages = await Console.open({ env: { WEBHOOK_RETRY_DELAYS: '200ms,400ms' } });
    receiver = await Receiver.start();
    receiver.answer = (response) => {
      const [status, body] = isBroken ? [503, '{"error":"maintenance","until":"14:12"}'] : [200, '{"received":true}'];
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    ({ id: botId } = await createBot(pages.server.app, pages.tenant.workspaceId));
    const owner = await pages.owner();
    await owner.graphql('mutation { updateWorkspace(input: { name: "Acme" }) { workspace { id } } }');
    page = await pages.visitor();
    mkdirSync(folder, { recursive: true });
  });
  after(async () => {
    await pages.close();
    await receiver.stop();
  });
  beforeEach(function () {
    // Whoever fell at one step cannot take the next.
    if (hasStopped) this.skip();
  });
  afterEach(function () {
    hasStopped ||= this.currentTest?.state === 'failed';
    expect(pages.faults.splice(0)).to.deep.equal([]);
  });

  let steps = 0;
  /** Pictures of where the walk is, of which no look may be broken. */
  async function see(name: string): Promise<void> {
    const step = String(++steps).padStart(2, '0');
    await inEachLook(page, async ({ theme, width }) => {
      expect(await broken(page, { theme }), `${name}, ${theme}, ${width} px`).to.deep.equal([]);
      await shoot(page, join(folder, `${step}-${name}-${theme}-${width}.png`));
    });
  }
  const link = async (name: string | RegExp) => await page.getByRole('link', { name }).first().click();
  const press = async (name: string | RegExp) => await page.getByRole('button', { name }).click();
  const heading = async (name: string | RegExp) => await page.getByRole('heading', { name }).waitFor();
  const shownSecret = async (name: string) =>
    (await page.getByRole('group', { name }).locator('code').textContent()) ?? '';
  const submit = async (name: string) => {
    const data = { full_name: name, email: `${name.split(' ')[0]?.toLowerCase()}@example.com`, topic: 'Sales' };
    const { status } = await program.rest('POST', `/intake-bots/${botId}/submissions`, { data });
    expect(status).to.equal(200);
  };
  const verified = ({ headers, body }: Received, by = secret) => verifyWebhook(body, headers, by);

  it('signs in', async () => {
    await page.goto('/console');
    await page.getByLabel('E-mail').waitFor();
    await see('sign-in');
    await pages.signIn(page);
    await page.getByText(/of 3 done/).waitFor();
    await see('overview');
    expect(await page.evaluate(() => document.cookie)).to.equal('');
  });

  it('creates a key, with which REST answers', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).click();
    await link('Create key');
    await page.getByLabel('Name').fill('Orders');
    await press('All');
    await see('key-form');
    await press('Create key');
    await heading('Key created: Orders');
    await see('key-created');
    program = clientOf(pages.server.url, await shownSecret('New key'));
    await press('I have copied it');
    const { status, body } = await program.rest('GET', '/intake-bots');
    expect([status, body.data.intake_bots[0].id]).to.deep.equal([200, botId]);
  });

  it('registers an endpoint', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Webhooks' }).click();
    await link('Add endpoint');
    await page.getByLabel('URL').fill(receiver.url);
    await page.getByLabel('Description').fill('CRM sync');
    await page.getByLabel('submission.completed').first().check();
    await see('endpoint-form');
    await press('Add endpoint');
    await heading('Endpoint added');
    await see('endpoint-added');
    secret = await shownSecret('New secret');
    await press('I have copied it');
    await page.getByText('Nothing was sent to it yet').waitFor();
  });

  it('sees a submission over REST arrive at the endpoint, live', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'Deliveries' }).click();
    await page.getByText('Nothing was sent yet').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await submit('Ada Lovelace');
    const row = page.getByRole('row').filter({ hasText: 'submission.completed' });
    await row.getByText('Delivered').waitFor();
    await see('delivery-live');
    const [first] = await receiver.arrived(1);
    expect(first && verified(first).type).to.equal('submission.completed');
  });

  it('reads on the page of a delivery why it failed', async () => {
    isBroken = true;
    await submit('Grace Hopper');
    await page.getByRole('row').filter({ hasText: 'Failed' }).getByRole('link').click();
    await page.getByRole('heading', { name: /answered 503 Service Unavailable after/ }).waitFor();
    await page.getByText('All 3 attempts failed').waitFor();
    await page.getByText('maintenance').first().waitFor();
    await see('why-it-failed');
    await page.screenshot({ path: join(folder, 'console.png') });
    delivery = page.url();
  });

  it('is warned, in a banner and by a notice', async () => {
    await submit('Katherine Johnson');
    await receiver.arrived(7);
    await page.getByRole('navigation').getByRole('link', { name: 'Webhooks' }).click();
    await page.getByText(/failed 6 times in a row/).waitFor();
    await see('endpoint-warning');
    await page.getByRole('navigation').getByRole('link', { name: 'Overview' }).click();
    const notices = page.getByRole('list', { name: 'Notices' });
    await notices.getByText('5').first().waitFor();
    await notices.getByRole('link', { name: 'Go to the endpoint' }).waitFor();
    await see('notice');
  });

  it('mends the receiver, and redelivers', async () => {
    isBroken = false;
    await page.goto(delivery);
    await press('Redeliver now');
    await page.getByText('Delivered at the first attempt').waitFor();
    await see('redelivered');
    expect(page.url()).to.not.equal(delivery);
    const [again, ...before] = (await receiver.arrived(8)).toReversed();
    expect(again && verified(again).id).to.be.oneOf(before.map((one) => verified(one).id));
  });

  it('replays, with progress', async () => {
    for (const name of ['Dorothy Vaughan', 'Mary Jackson', 'Annie Easley']) await submit(name);
    const before = (await receiver.arrived(11)).length;
    await page.getByRole('navigation').getByRole('link', { name: 'Webhooks' }).click();
    await link(/\/hook$/);
    await link('Replay events');
    await page.getByLabel('Everything').check();
    await press('Count them');
    await page.getByLabel('How fast').selectOption('1 a second');
    await see('replay-counted');
    await press('Replay 6 events');
    const progress = page.getByRole('progressbar', { name: 'Replayed' }).first();
    await progress.waitFor();
    await see('replay-progress');
    await page.getByText('6 of 6').first().waitFor();
    await page.getByText('Done').first().waitFor();
    await receiver.arrived(before + 6);
    await press('Close');
  });

  it('rotates the secret, and what comes then is signed with the new one', async () => {
    await press('More about this endpoint');
    await page.getByRole('menuitem', { name: 'Rotate secret' }).click();
    await page.getByLabel('The secret so far signs beside it for').selectOption('Not at all: it stops at once');
    await see('rotate-secret');
    await press('Rotate secret');
    await heading('New signing secret');
    await see('secret-rotated');
    const old = secret;
    secret = await shownSecret('New secret');
    await press('I have copied it');
    const before = receiver.received.length;
    await submit('Joan Clarke');
    const last = (await receiver.arrived(before + 1)).at(-1) ?? expect.fail('nothing came');
    expect(verified(last).type).to.equal('submission.completed');
    expect(() => verified(last, old)).to.throw();
  });

  it('revokes the key, and REST refuses', async () => {
    await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).click();
    await link('Revoke Orders');
    await see('revoke-key');
    await press('Revoke key');
    await page.getByText('Orders is revoked.').waitFor();
    await see('key-revoked');
    expect((await program.rest('GET', '/intake-bots')).status).to.equal(401);
  });
});
