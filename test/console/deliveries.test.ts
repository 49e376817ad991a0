import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { memberOf } from '../../dist/test/support/people.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import { newId } from '../../dist/src/platform/id.js';
import { Console, picture, pictures } from './support.ts';

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
  let failing: string;
  let bot: Awaited<ReturnType<typeof createBot>>;

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
    text = '',
    type = 'contact.updated',
    answer = 'ok',
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
      Buffer.from(answer),
    ];
    await pages.server.app.database.pool.query(insertFinished, values);
    return id;
  }

  const rows = (type: string) => page.getByRole('link', { name: type, exact: true });

  it('begins with what will be here, then lists what was sent', async () => {
    await page.goto('/console/deliveries');
    await page.getByText('Nothing was sent yet').waitFor();
    await picture(page, 'deliveries-empty');
    bot = await createBot(pages.server.app, pages.tenant.workspaceId);
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

  it('filters by what the address says, and takes each filter away again', async () => {
    await page.goto('/console/deliveries?status=exhausted&code=5xx');
    await rows('contact.updated').first().waitFor();
    expect(await rows('contact.updated').count()).to.equal(9);
    await page.getByLabel('Event', { exact: true }).selectOption('contact.created');
    await page.getByText('Nothing fits').waitFor();
    expect(new URL(page.url()).search).to.equal('?status=exhausted&code=5xx&type=contact.created');
    await page.getByRole('link', { name: 'Any event' }).click();
    await rows('contact.updated').first().waitFor();
    await page.getByRole('link', { name: 'Clear all' }).click();
    await rows('submission.completed').first().waitFor();
    expect(new URL(page.url()).search).to.equal('');
  });

  it('searches what was sent and answered, says how far it looked, and opens what an id names', async () => {
    const [, second] = await Promise.all([finished('delivered', 200, 'Needle in it'), finished('delivered', 200)]);
    const box = page.getByRole('searchbox', { name: 'Search' });
    await box.fill('needle IN');
    await box.press('Enter');
    await page.getByText('Searched through everything that is kept').waitFor();
    expect(await rows('contact.updated').count()).to.equal(1);
    expect(new URL(page.url()).search).to.equal('?q=needle+IN');
    await box.fill(` ${second} `);
    await box.press('Enter');
    await page.waitForURL(`**/console/deliveries/${second}`);
    await page.getByRole('heading', { name: 'The event' }).waitFor();
    const event = await page.locator('code', { hasText: /^evt_/ }).innerText();
    await page.goBack();
    await box.fill(event);
    await box.press('Enter');
    await page.waitForURL(`**/console/deliveries/${second}`);
  });

  it('goes on where a search ended before it had looked through everything', async () => {
    const { pool } = pages.server.app.database;
    const long = 'ль и нь '.repeat(64_000);
    for (let count = 0; count < 240; count += 1) await finished('delivered', 200, '', 'contact.updated', long);
    await page.goto('/console/deliveries?q=%D0%BE%D0%B1%D1%8A%D1%91%D0%BC');
    await page.getByText('Nothing found so far').waitFor();
    await picture(page, 'deliveries-searched-to');
    await page.getByRole('link', { name: 'Search further back' }).click();
    await page.waitForURL(/[?&]after=/);
    await page.getByText(/Searched (back to|through)|Nothing fits/).waitFor();
    await pool.query('delete from webhook_attempts where length(response_body) > 100000');
  });

  it('announces what is new, and moves no row under the pointer', async () => {
    await page.goto('/console/deliveries');
    const first = rows('contact.updated').first();
    await first.waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByRole('table').hover();
    const top = await page.getByRole('row').nth(1).innerText();
    await createSubmission(pages.server.app, bot, { status: 'COMPLETED' });
    const fresh = page.getByRole('button', { name: /^[23] new$/ });
    await fresh.waitFor();
    expect(await page.getByRole('row').nth(1).innerText()).to.equal(top);
    await fresh.click();
    await page
      .getByRole('row')
      .nth(1)
      .getByText('submission.completed')
      .or(page.getByRole('row').nth(2).getByText('submission.completed'))
      .first()
      .waitFor();
  });

  it('tells on a page why a delivery failed', async () => {
    await page.goto('/console/deliveries?status=retrying');
    await rows('submission.completed').last().click();
    await page.getByRole('heading', { level: 2, name: /answered 503 Service Unavailable after/ }).waitFor();
    await page.getByText(/Attempt 2 of 4. The next one is at/).waitFor();
    await page.getByRole('link', { name: /^Attempt 1:/ }).click();
    expect(new URL(page.url()).search).to.equal('?attempt=1');
    await page.getByRole('button', { name: 'Copy as cURL' }).click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command)
      .to.match(/^curl -i /)
      .and.include("'X-IoZen-Attempt: 1'")
      .and.not.include('whsec_');
    await page.getByRole('link', { name: 'Open submission' }).waitFor();
    failing = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  });

  it('redelivers a failed one with one press, and a delivered one after a question', async () => {
    const from = page.url();
    await page.getByRole('button', { name: 'Redeliver now' }).click();
    await page.waitForURL((url) => url.pathname !== new URL(from).pathname);
    await page.getByText('Sent once more').waitFor();
    await page
      .getByRole('link', { name: /^\d\d:\d\d$/ })
      .first()
      .waitFor();

    await page.goto('/console/deliveries?status=delivered&type=submission.completed');
    await rows('submission.completed').first().click();
    await page.getByText('Delivered at the first attempt').waitFor();
    await page.getByRole('link', { name: 'Redeliver…' }).click();
    await page.getByText(/This is already delivered: .* answered 200/).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Cancel');
    await picture(page, 'delivery-redeliver');
    const asked = page.url();
    await page.getByRole('button', { name: 'Redeliver anyway' }).click();
    await page.waitForURL((url) => !asked.includes(url.pathname));
    await page.getByText('Delivered at the first attempt').waitFor();
  });

  it('says why one cannot be sent once more', async () => {
    const aged = await finished('exhausted', null);
    await pages.server.app.database.pool.query(
      'delete from event_positions where event_id = (select event_id from webhook_attempts where delivery_id = $1)',
      [aged],
    );
    await page.goto(`/console/deliveries/${aged}`);
    await page.getByText('It has aged out').first().waitFor();
    expect(await page.getByRole('button', { name: 'Redeliver now' }).getAttribute('aria-disabled')).to.equal('true');
    await picture(page, 'delivery-aged-out');
  });

  it('shows what strangers wrote as text alone', async () => {
    const evil = `<script>document.title='pwned'</script>\u202e\u0000\u0007"\u2066`;
    const id = await finished('exhausted', 500, evil, 'contact.updated', evil.replace('\0', ''));
    await page.goto(`/console/deliveries/${id}`);
    await page.getByText('RLO').first().waitFor();
    expect(await page.title()).to.equal('contact.updated · ioZen');
    await picture(page, 'delivery-strangers');
  });

  it('says so where an address names nothing, and leads back', async () => {
    await page.goto('/console/deliveries/cmx00000000d00000000000000');
    await page.getByRole('heading', { name: 'There is no such delivery' }).waitFor();
    await picture(page, 'delivery-none');
    await page.getByRole('link', { name: 'See all deliveries' }).click();
    await rows('contact.updated').first().waitFor();
  });

  it('reads the first view of each page for at most 6 points', async () => {
    for (const path of [
      '/console/deliveries',
      '/console/deliveries?q=ok',
      `/console/deliveries/${await finished('delivered', 200)}`,
    ]) {
      const other = await pages.again(page.context());
      let points = 0;
      other.on('response', (response) => {
        if (response.url().endsWith('/graphql'))
          void response.json().then(({ extensions }) => void (points += extensions.cost.points));
      });
      await other.goto(path);
      await other.locator('main').getByText('contact.updated').filter({ visible: true }).first().waitFor();
      await other.waitForLoadState('networkidle');
      expect(points, path).to.be.within(1, 6);
      await other.context().close();
    }
  });

  it('tells a Member that deliveries are for Owners and Admins', async () => {
    const { email } = await memberOf(pages.server.app, pages.tenant, 'MEMBER');
    const member = await pages.signedIn({}, { email, password: 'a password of theirs' });
    await member.goto('/console/deliveries');
    await member.getByRole('heading', { name: 'This is for Owners and Admins' }).waitFor();
    await picture(member, 'deliveries-member');
    await member.context().close();
  });

  it('looks as it should in each theme and width', async () => {
    const other = await pages.again(page.context());
    await other.goto(`/console/deliveries?status=exhausted&type=contact.updated&endpoint=${endpointId}&from=-24h`);
    await other.getByRole('link', { name: 'contact.updated' }).first().waitFor();
    await pictures(other, 'deliveries-filtered');
    await other.goto('/console/deliveries?q=nothing%20has%20this');
    await other.getByText('Nothing').first().waitFor();
    await pictures(other, 'deliveries-none');
    await other.goto(`/console/deliveries/${failing}`);
    await other.getByText('Where the time went').waitFor();
    await pictures(other, 'delivery');
    await other.context().close();
  });
});
