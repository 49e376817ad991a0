import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import type { SharedIntakeBot } from '../../dist/src/intake-bots/intake-bot.service.js';
import { Console, picture, themes, widths } from './support.ts';

describe('console: webhooks', () => {
  let pages: Console;
  let page: Page;
  let receiver: Receiver;
  let bot: SharedIntakeBot;
  let status = 200;

  before(async () => {
    pages = await Console.open({ env: { WEBHOOK_RETRY_DELAYS: '1h' } });
    receiver = await Receiver.start();
    receiver.answer = (response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`{"status":${status}}`);
    };
    bot = await createBot(pages.server.app, pages.tenant.workspaceId);
    page = await pages.signedIn();
  });
  after(async () => {
    await pages.close();
    await receiver.stop();
  });
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  const query = async (text: string, values: unknown[]) =>
    await pages.server.app.database.pool.query<{ id: string }>(text, values);

  async function endpointAt(path: string, more: object = {}): Promise<string> {
    const { rest } = clientOf(pages.server.url, pages.tenant.key);
    const url = receiver.url.replace('/hook', path);
    const { body } = await rest('POST', '/webhooks', { url, events: ['submission.completed'], ...more });
    return body.data.webhook.id;
  }
  async function paused(endpointId: string): Promise<void> {
    const { rest } = clientOf(pages.server.url, pages.tenant.key);
    while ((await rest('GET', `/webhooks/${endpointId}`)).body.data.webhook.status !== 'paused') await setTimeout(20);
  }
  const submit = async () => await createSubmission(pages.server.app, bot, { status: 'COMPLETED' });

  /** What attempts of the last day came to, an hour each, as if they had been sent. */
  async function sent(endpointId: string, hours: readonly (readonly [delivered: number, failed: number])[]) {
    const text = `
      insert into webhook_endpoint_stats (endpoint_id, at, delivered, failed, durations)
      select $1, date_trunc('hour', now()) - make_interval(hours => $2::int), $3, $4, array_fill(0, array[20]) || array[$3::int + $4::int]
      on conflict do nothing
    `;
    for (const [at, [delivered, failed]] of hours.entries()) {
      await query(text, [endpointId, hours.length - 1 - at, delivered, failed]);
    }
  }

  it('says what will be here, and lists each endpoint with how it does', async () => {
    await page.goto('/console/settings/webhooks');
    await page.getByText('No endpoint listens yet').waitFor();
    await picture(page, 'webhooks-empty');

    const gone = await endpointAt('/hooks/iozen', { description: 'CRM sync' });
    status = 410;
    await submit();
    await receiver.arrived(1);
    await paused(gone);
    await submit();
    status = 200;
    const well = await endpointAt('/in', { description: 'Warehouse' });
    await submit();
    await receiver.arrived(2);
    await sent(
      well,
      Array.from({ length: 24 }, (_, hour) => [20 + ((hour * 7) % 13), 0]),
    );
    await sent(
      gone,
      Array.from({ length: 24 }, (_, hour) => [Math.max(0, 30 - hour), hour > 15 ? 24 - hour : 0]),
    );

    await page.goto('/console/settings/webhooks');
    await page.getByText(/is paused since .*: it answered 410 Gone/).waitFor();
    await page.getByText('3 events are held').waitFor();
    await page.getByRole('link', { name: 'See why it fails' }).waitFor();
  });

  it('previews what an endpoint would be sent, adds it, and shows its secret this once', async () => {
    await page.goto('/console/settings/webhooks');
    await page.getByRole('link', { name: 'Add endpoint' }).click();
    await page.getByLabel('URL').fill(receiver.url.replace('/hook', '/made'));
    await page.getByLabel('Description').fill('Orders');
    await page.getByLabel('submission.completed', { exact: true }).check();
    await page.getByRole('button', { name: 'Add header' }).click();
    await page.getByLabel('Name of header 1').fill('X-Token');
    await page.getByLabel('Value of header 1').fill('t0ps3cret');
    await page.getByLabel('One at a time, in order').check();
    const preview = page.getByRole('group', { name: 'Payload' });
    await preview.getByText('"ai_summary"').waitFor();
    await page.getByLabel('Payload query').fill('fragment on Submission { nonsense }');
    await page
      .getByText(/nonsense/)
      .last()
      .waitFor();
    await page.getByLabel('Payload query').fill('fragment on Submission { id status }');
    await page.getByText('as your query selects of it').waitFor();
    await preview.getByText('"status"').waitFor();
    expect(await preview.textContent()).to.not.include('ai_summary');
    await page.getByRole('tab', { name: 'JSON Schema' }).click();
    await page.getByRole('group', { name: 'JSON Schema' }).getByText('"properties"').first().waitFor();

    await page.getByRole('button', { name: 'Add endpoint' }).click();
    await page.getByRole('heading', { level: 1, name: 'Endpoint added' }).waitFor();
    const secret = (await page.getByRole('group', { name: 'New secret' }).locator('code').textContent()) ?? '';
    expect(secret).to.match(/^whsec_/);
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('The secret is not shown again').waitFor();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('tab', { name: 'Ruby' }).click();
    await page.getByRole('group', { name: 'Receiver in Ruby' }).getByText('IOZEN_WEBHOOK_SECRET').waitFor();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('heading', { level: 1, name: /made$/ }).waitFor();
    await page.getByText('X-Token: •••').waitFor();
    await page.getByText('one, in order').waitFor();
    expect(await page.content())
      .to.not.include(secret)
      .and.not.include('t0ps3cret');
  });

  it('shows what is wrong at the field that it is wrong with', async () => {
    await page.goto('/console/settings/webhooks/new');
    await page.getByLabel('URL').fill('http://example.com/plain');
    await page.getByRole('button', { name: 'Add header' }).click();
    await page.getByLabel('Name of header 1').fill('Host');
    await page.getByLabel('Value of header 1').fill('example.org');
    await page.getByRole('button', { name: 'Add endpoint' }).click();
    await page.getByText('Host May not be set.').waitFor();
    await picture(page, 'webhook-new-refused');
  });

  it('sends a test event, and shows the whole attempt', async () => {
    const id = await endpointAt('/test');
    await page.goto(`/console/settings/webhooks/${id}/test`);
    await page.getByRole('button', { name: 'Send test event' }).click();
    await page.getByText(/answered 200 after/).waitFor();
    await page.getByRole('group', { name: 'Answer' }).getByText('200').waitFor();
    await page.getByText('Try it on your machine').click();
    await page.getByText(/iozen listen/).waitFor();
  });

  it('follows deliveries as they happen, pauses, and resumes with what was held', async () => {
    const id = await endpointAt('/live');
    await page.goto(`/console/settings/webhooks/${id}`);
    await page.getByText('Nothing was sent to it yet').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await submit();
    await page.getByRole('table', { name: 'Deliveries' }).getByText('Delivered').waitFor();

    await page.getByRole('button', { name: 'More about this endpoint' }).click();
    await page.getByRole('menuitem', { name: 'Pause' }).click();
    await page.getByRole('button', { name: 'Pause endpoint' }).click();
    await page.getByText('is paused since').waitFor();
    await submit();
    await page.reload();
    await page.getByText('1 event is held').waitFor();
    const before = receiver.received.length;
    await page.getByRole('link', { name: 'Resume' }).click();
    await page.getByText('has 1 event held since').waitFor();
    await page.getByRole('button', { name: 'Resume and send 1 event' }).click();
    await receiver.arrived(before + 1);
    await page.getByRole('main').getByText('Active').waitFor();
  });

  it('rotates the secret with an overlap', async () => {
    const id = await endpointAt('/rotated');
    await page.goto(`/console/settings/webhooks/${id}/secret`);
    await page.getByLabel('The secret so far signs beside it for').selectOption('An hour');
    await page.getByRole('button', { name: 'Rotate secret' }).click();
    await page
      .getByRole('group', { name: 'New secret' })
      .getByText(/^whsec_/)
      .waitFor();
    await page.getByText('The secret before it signs, too, until').waitFor();
    await page.getByRole('button', { name: 'I have copied it' }).click();
  });

  it('deletes an endpoint, naming what ends', async () => {
    const id = await endpointAt('/ends');
    await page.goto(`/console/settings/webhooks/${id}/delete`);
    await page.getByText('a new endpoint has a new secret').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Keep endpoint');
    await page.getByRole('button', { name: 'Delete endpoint' }).click();
    await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
    await page.goto(`/console/settings/webhooks/${id}`);
    await page.getByText('There is no such endpoint').waitFor();
  });

  for (const theme of themes) {
    for (const width of widths) {
      it(`looks as it should, ${theme}, ${width} px wide`, async () => {
        const other = await pages.again(page.context(), { theme, width });
        const path = `${theme}-${width}`;
        await other.goto('/console/settings/webhooks');
        await other.getByText('Warehouse').waitFor();
        await other.getByRole('link', { name: 'See why it fails' }).waitFor();
        await picture(other, `webhooks-${path}`);
        await other.getByRole('link', { name: /hooks.iozen/ }).click();
        await other.getByRole('table', { name: 'Deliveries' }).waitFor();
        await picture(other, `webhook-${path}`);
        await other.getByRole('link', { name: 'Send test event' }).click();
        await other.getByRole('button', { name: 'Send test event' }).click();
        await other.getByText(/answered 200 after/).waitFor();
        await picture(other, `webhook-test-${path}`);
        await other.getByRole('button', { name: 'Close' }).click();
        await other.getByRole('link', { name: 'Resume' }).click();
        await other.getByText('events held since').waitFor();
        await picture(other, `webhook-resume-${path}`);
        await other.goto('/console/settings/webhooks/new');
        await other.getByLabel('contact.created', { exact: true }).check();
        await other.getByRole('group', { name: 'Payload' }).waitFor();
        await other.getByRole('button', { name: 'Add header' }).click();
        await picture(other, `webhook-new-${path}`);
        await other.context().close();
      });
    }
  }
});
