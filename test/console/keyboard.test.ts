import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import { Console } from './support.ts';

const stepsMax = 60;

describe('console: by keyboard alone', () => {
  let pages: Console;
  let page: Page;
  let receiver: Receiver;
  let endpointId: string;
  let status = 503;

  before(async () => {
    pages = await Console.open({ env: { WEBHOOK_RETRY_DELAYS: '10ms' } });
    receiver = await Receiver.start();
    receiver.answer = (response) => void response.writeHead(status).end();
    const { rest } = clientOf(pages.server.url, pages.tenant.key);
    const { body } = await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
    endpointId = body.data.webhook.id;
    const bot = await createBot(pages.server.app, pages.tenant.workspaceId);
    await createSubmission(pages.server.app, bot);
    await receiver.arrived(2);
    status = 200;
    for (let n = 0; n < 20; n += 1) await createSubmission(pages.server.app, bot);
    await receiver.arrived(22);
    page = await pages.signedIn();
  });
  after(async () => {
    await pages.close();
    await receiver.stop();
  });
  afterEach(() => expect(pages.faults.splice(0)).to.deep.equal([]));

  /** What has the focus, as somebody hears it. */
  const focused = async () =>
    await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      const label = element?.getAttribute('aria-label') ?? element?.labels?.[0]?.textContent;
      return (label ?? (element?.tagName === 'BODY' ? 'nothing' : element?.textContent) ?? '').trim();
    });
  /** Where the focus goes on the way to what is named. The parts of a date are one stop. */
  async function tabTo(name: string | RegExp): Promise<string[]> {
    const stops: string[] = [];
    for (let step = 0; step < stepsMax; step += 1) {
      await page.keyboard.press('Tab');
      const at = await focused();
      if (at !== stops.at(-1)) stops.push(at);
      if (typeof name === 'string' ? at === name : name.test(at)) return stops;
    }
    throw new Error(`${name} is not among ${stops.join(', ')}`);
  }
  async function isFocused(name: string | RegExp): Promise<void> {
    for (let tries = 0; tries < 100; tries += 1) {
      const at = await focused();
      if (typeof name === 'string' ? at === name : name.test(at)) return;
      await page.waitForTimeout(20);
    }
    throw new Error(`the focus is at ${await focused()}, not at ${name}`);
  }
  /** As far as one has to press before what a page is about, each time. */
  async function skipTo(path: string): Promise<void> {
    await page.goto(`/console${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForFunction(() => document.querySelector('.skeleton, [aria-busy="true"]') === null);
    expect(await tabTo('Skip to content')).to.deep.equal(['Skip to content']);
    await page.keyboard.press('Enter');
  }

  it('creates a key: the focus goes down the form, to the secret, and back', async () => {
    await skipTo('/settings/api-keys');
    expect(await tabTo('Create key')).to.deep.equal(['Connect an agent', 'Create key']);
    await page.keyboard.press('Enter');
    await isFocused('Name');
    await page.keyboard.type('By hand');
    const down = await tabTo('Create key');
    const presets = ['Read everything', 'For an agent', 'Send submissions in', 'Webhooks', 'All', 'None'];
    expect(down.slice(0, 7)).to.deep.equal([...presets, 'Read bots']);
    expect(down.slice(-4)).to.deep.equal(['Expires', 'Where from, and what alone', 'Cancel', 'Create key']);
    for (let step = 0; step < down.length - 7; step += 1) await page.keyboard.press('Shift+Tab');
    await isFocused('Read bots');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Key created: By hand' }).waitFor();
    await isFocused('Copy key');
    await page.keyboard.press('Enter');
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await tabTo('I have copied it')).to.deep.equal(['Download', 'I have copied it']);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).to.equal('Create key');
  });

  it('redelivers what failed: from the list to the delivery, to the new one, whose name is read out', async () => {
    await skipTo('/deliveries?status=exhausted');
    await tabTo('submission.completed');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /answered 503/ }).waitFor();
    await isFocused('submission.completed');
    const at = page.url();
    expect((await tabTo('Redeliver now')).at(-1)).to.equal('Redeliver now');
    await page.keyboard.press('Enter');
    await page.getByText('Delivered at the first attempt').waitFor();
    expect(page.url()).to.not.equal(at);
    await isFocused('submission.completed');
    await page.goBack();
    await page.waitForURL(at);
  });

  it('asks before it redelivers what has arrived, first at what does nothing, and comes back where one was', async () => {
    await skipTo('/deliveries?status=delivered');
    await tabTo('submission.completed');
    await page.keyboard.press('Enter');
    await page.getByText('Delivered at the first attempt').waitFor();
    await tabTo('Redeliver…');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await isFocused('Cancel');
    await page.keyboard.press('Escape');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    expect(await focused()).to.equal('Redeliver…');
    await page.keyboard.press('Enter');
    await isFocused('Cancel');
    expect(await tabTo('Redeliver anyway')).to.deep.equal(['Redeliver anyway']);
    const before = receiver.received.length;
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await receiver.arrived(before + 1);
    await isFocused('submission.completed');
  });

  it('starts a replay and cancels it: the focus goes down the dialog, and back to what opened it', async () => {
    await skipTo(`/settings/webhooks/${endpointId}`);
    await tabTo('Replay events');
    await page.keyboard.press('Enter');
    await isFocused('From');
    const down = await tabTo('Count them');
    expect(down).to.deep.equal(['From', 'To', 'What failed', 'Cancel', 'Count them']);
    for (let step = 0; step < 2; step += 1) await page.keyboard.press('Shift+Tab');
    await isFocused('What failed');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await isFocused('Everything');
    await tabTo('Count them');
    await page.keyboard.press('Enter');
    await page.getByText('21 events').first().waitFor();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Shift+Tab');
    await isFocused('How fast');
    await page.keyboard.press('Home');
    await page.getByText(/Takes about 21\ss/).waitFor();
    await tabTo('Replay 21 events');
    await page.keyboard.press('Enter');
    await page.getByRole('progressbar', { name: 'Replayed' }).first().waitFor();
    await isFocused('Stop replay');
    await page.keyboard.press('Enter');
    await page.getByText('Stopped', { exact: true }).first().waitFor();
    await isFocused('Close');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).to.equal('Replay events');
  });
});
