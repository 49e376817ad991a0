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

  for (const theme of themes) {
    for (const width of widths) {
      it(`looks as it should, ${theme}, ${width} px wide`, async () => {
        const other = await pages.again(page.context(), { theme, width });
        const path = `${theme}-${width}`;
        await other.goto('/console/settings/webhooks');
        await other.getByText('Warehouse').waitFor();
        await other.getByRole('link', { name: 'See why it fails' }).waitFor();
        await picture(other, `webhooks-${path}`);
        await other.context().close();
      });
    }
  }
});
