import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import { newId } from '../../dist/src/platform/id.js';
import { Console, picture, themes, widths } from './support.ts';

const insertFinished = `
  with told as (
    insert into events (id, workspace_id, type, subject_id, body, created_at)
    values ($1, $2, $3, 'c', $4, now())
  ), placed as (
    insert into event_positions (event_id, workspace_id, type) values ($1, $2, $3)
  )
  insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms,
    response_body, event_type)
  values ($5, $6, $1, now(), 1, $7, $8, $9, 42, $10, $3)
`;

describe('console: deliveries', () => {
  let pages: Console;
  let page: Page;
  let receiver: Receiver;
  let endpointId: string;

  before(async () => {
    pages = await Console.open({ env: { WEBHOOK_RETRY_DELAYS: '1s,5m,1h' } });
    receiver = await Receiver.start();
    receiver.answer = (response, { path }) => {
      const [status, body] = path === '/crm' ? [200, '{"ok":true}'] : [503, '{"error":"maintenance","until":"14:12"}'];
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    };
    endpointId = await endpointAt('/crm', ['submission.completed', 'contact.created']);
    await endpointAt('/failing', ['submission.completed']);
    page = await pages.signedIn();
  });
  after(async () => {
    await pages.close();
    await receiver.stop();
  });
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  async function endpointAt(path: string, events: string[]): Promise<string> {
    const { rest } = clientOf(pages.server.url, pages.tenant.key);
    const { body } = await rest('POST', '/webhooks', { url: receiver.url.replace('/hook', path), events });
    return body.data.webhook.id;
  }

  async function finished(
    ended: string,
    status: number | null,
    text = '{}',
    type = 'contact.updated',
  ): Promise<string> {
    const id = newId('webhookDelivery');
    const outcome = status === null ? 'timeout' : status < 300 ? 'success' : 'http_error';
    const event = `evt_${newId('event')}`;
    const body = JSON.stringify({ id: event, type, created_at: new Date().toISOString(), data: { contact: { text } } });
    const values = [
      event,
      pages.tenant.workspaceId,
      type,
      body,
      id,
      endpointId,
      ended,
      outcome,
      status,
      Buffer.from('ok'),
    ];
    await pages.server.app.database.pool.query(insertFinished, values);
    return id;
  }

  it('begins with what will be here, then lists what was sent', async () => {
    await page.goto('/console/deliveries');
    await page.getByText('Nothing was sent yet').waitFor();
    await picture(page, 'deliveries-empty');
    const bot = await createBot(pages.server.app, pages.tenant.workspaceId);
    for (let n = 0; n < 60; n += 1) {
      const [ended, status] = n % 7 === 0 ? (['exhausted', 500] as const) : (['delivered', 200] as const);
      await finished(ended, status);
    }
    await createSubmission(pages.server.app, bot, { status: 'COMPLETED' });
    // To the one that fails twice, to the other once.
    await receiver.arrived(4);
    await page.goto('/console/deliveries');
    await page.getByRole('link', { name: 'submission.completed' }).first().waitFor();
    await picture(page, 'deliveries');
  });

  it('tells on a page why a delivery failed', async () => {
    await page.goto('/console/deliveries?status=retrying');
    await page.getByRole('link', { name: 'submission.completed' }).first().click();
    await page.getByRole('heading', { level: 2, name: /answered 503 Service Unavailable after/ }).waitFor();
    await page.getByText(/Attempt 2 of 4. The next one is at/).waitFor();
  });

  for (const theme of themes) {
    for (const width of widths) {
      it(`looks as it should, ${theme}, ${width} px wide`, async () => {
        const other = await pages.again(page.context(), { theme, width });
        const path = `${theme}-${width}`;
        await other.goto(`/console/deliveries?status=exhausted&type=contact.updated&endpoint=${endpointId}&from=-24h`);
        await other.getByRole('link', { name: 'contact.updated' }).first().waitFor();
        await picture(other, `deliveries-filtered-${path}`);
        await other.goto('/console/deliveries?q=nothing%20has%20this');
        await other.getByText('Nothing').first().waitFor();
        await picture(other, `deliveries-none-${path}`);
        await other.goto(new URL(page.url()).pathname);
        await other.getByText('Where the time went').waitFor();
        await picture(other, `delivery-${path}`);
        await other.context().close();
      });
    }
  }
});
