import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { memberOf } from '../../dist/test/support/people.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import type { SharedIntakeBot } from '../../dist/src/intake-bots/intake-bot.service.js';
import { Console, picture, pictures } from './support.ts';

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
    await page.getByText('Host may not be set.').waitFor();
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
    await page.getByText('1 event is held').waitFor();
    const before = receiver.received.length;
    await page.getByRole('link', { name: 'Resume' }).click();
    await page.getByText('has 1 event held since').waitFor();
    await page.getByRole('button', { name: 'Resume and send 1 event' }).click();
    await receiver.arrived(before + 1);
    await page.getByRole('main').getByText('Active').waitFor();
  });

  it('replays what happened since a delivery: counted first, followed as it goes, and stopped', async () => {
    const id = await endpointAt('/again');
    const before = receiver.received.length;
    for (let made = 0; made < 4; made += 1) await submit();
    await receiver.until(
      () => receiver.received.slice(before).filter(({ path }) => path === '/again').length === 4,
      10_000,
      () => 'not all came',
    );
    await page.goto(`/console/settings/webhooks/${id}`);
    // The newest first: since the third, two.
    await page.getByRole('link', { name: 'Replay since this submission.completed' }).nth(1).click();
    expect(await page.getByLabel('Everything').isChecked()).to.equal(true);
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByText('2 events', { exact: true }).waitFor();
    await page.getByLabel('What failed').check();
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByText('0 events', { exact: true }).waitFor();
    await page.getByLabel('Everything').check();
    await page.getByLabel('From').fill('2026-01-01T00:00:00');
    await page.getByRole('button', { name: 'Count them' }).click();
    await page.getByText(/^\d+ events$/).waitFor();
    await page.getByLabel('How fast').selectOption('1 a second');
    await page.getByRole('button', { name: /^Replay \d+ events$/ }).click();
    await page.getByRole('dialog').getByRole('progressbar', { name: 'Replayed' }).waitFor();
    await page
      .getByRole('dialog')
      .getByText(/^1 of \d+/)
      .waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('progressbar', { name: 'Replayed' }).waitFor();
    await page.getByRole('button', { name: 'Stop replay' }).click();
    await page.getByText('Stopped', { exact: true }).waitFor();
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

  it('changes an endpoint, whose headers stay unless they are given anew', async () => {
    const id = await endpointAt('/edited');
    await page.goto(`/console/settings/webhooks/${id}/edit`);
    await page.getByRole('button', { name: 'Add header' }).click();
    await page.getByLabel('Name of header 1').fill('X-Token');
    await page.getByLabel('Value of header 1').fill('abc');
    await page.getByLabel('Description').fill('Edited');
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByText('What you changed is not saved.').waitFor();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('button', { name: 'Save endpoint' }).click();
    await page.getByText('X-Token: •••').waitFor();

    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByText('X-Token: •••').waitFor();
    await page.getByLabel('contact.created', { exact: true }).check();
    await page.getByLabel('URL').fill('https://elsewhere.example/hook');
    await page.getByText('it gets none of them unless you give them again').waitFor();
    await page.getByLabel('URL').fill(receiver.url.replace('/hook', '/edited'));
    await page.getByRole('button', { name: 'Save endpoint' }).click();
    await page.getByRole('heading', { level: 1, name: /edited$/ }).waitFor();
    await page.getByText('contact.created').waitFor();
    await page.getByText('X-Token: •••').waitFor();
  });

  it('says of an address that names nothing that there is none, with a way back', async () => {
    for (const address of ['', '/edit', '/test']) {
      await page.goto(`/console/settings/webhooks/cabcdefghijklmnopqrstuvwx${address}`);
      await page.getByText('There is no such endpoint').first().waitFor();
    }
    await page.goto('/console/settings/webhooks/nonsense');
    await page.getByRole('link', { name: 'See all endpoints' }).click();
    await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();
  });

  it('costs at most six points to see, and fits 320 px', async () => {
    const [id] = (await query('select id from webhook_endpoints where deleted_at is null limit 1', [])).rows;
    for (const address of ['', '/new', `/${id?.id}`, `/${id?.id}/edit`, `/${id?.id}/replay`]) {
      const other = await pages.again(page.context());
      const answers: Promise<{ extensions?: { cost?: { points: number } } }>[] = [];
      other.on('response', (response) => {
        if (response.url().endsWith('/graphql')) answers.push(response.json());
      });
      const asked = other.waitForResponse((response) => response.url().endsWith('/graphql'));
      await other.goto(`/console/settings/webhooks${address}`);
      await asked;
      await other.waitForFunction(() => document.querySelector('.skeleton, [aria-busy="true"]') === null);
      const points = (await Promise.all(answers)).reduce(
        (sum, { extensions }) => sum + (extensions?.cost?.points ?? 0),
        0,
      );
      expect(points, address).to.be.within(1, 6);
      await other.setViewportSize({ width: 320, height: 640 });
      expect(await other.evaluate(() => document.documentElement.scrollWidth), address).to.equal(320);
      await other.context().close();
    }
  });

  it('tells a Member whom it is for', async () => {
    const { email } = await memberOf(pages.server.app, pages.tenant, 'MEMBER');
    const member = await pages.signedIn({ width: 375 }, { email, password: 'a password of theirs' });
    await member.goto('/console/settings/webhooks');
    await member.getByRole('heading', { name: 'This is for Owners and Admins' }).waitFor();
    await picture(member, 'webhooks-member');
    await member.goto('/console/settings/webhooks/new');
    await member.getByText('Owners and Admins do this.').waitFor();
    await member.goto('/console/settings/webhooks/cabcdefghijklmnopqrstuvwx');
    await member.getByRole('heading', { name: 'This is for Owners and Admins' }).waitFor();
    await member.context().close();
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

  it('looks as it should in each theme and width', async () => {
    const other = await pages.again(page.context());
    await other.goto('/console/settings/webhooks');
    await other.getByText('Warehouse').waitFor();
    await other.getByRole('link', { name: 'See why it fails' }).waitFor();
    await pictures(other, 'webhooks');
    await other.getByRole('link', { name: /hooks.iozen/ }).click();
    await other.getByRole('table', { name: 'Deliveries' }).waitFor();
    await pictures(other, 'webhook');
    await other.getByRole('link', { name: 'Send test event' }).click();
    await other.getByRole('button', { name: 'Send test event' }).click();
    await other.getByText(/answered 200 after/).waitFor();
    await pictures(other, 'webhook-test');
    await other.getByRole('button', { name: 'Close' }).click();
    await other.getByRole('link', { name: 'Resume' }).click();
    await other.getByText('events held since').waitFor();
    await pictures(other, 'webhook-resume');
    await other.getByRole('button', { name: 'Keep it paused' }).click();
    await other.getByRole('link', { name: 'Replay events' }).click();
    await other.getByLabel('Everything').check();
    await other.getByRole('button', { name: 'Count them' }).click();
    await other.getByLabel('How fast').waitFor();
    await pictures(other, 'webhook-replay');
    await other.goto('/console/settings/webhooks/new');
    await other.getByLabel('contact.created', { exact: true }).check();
    await other.getByRole('group', { name: 'Payload' }).waitFor();
    await other.getByRole('button', { name: 'Add header' }).click();
    await pictures(other, 'webhook-new');
    await other.context().close();
  });
});

describe('console: webhooks where the plan has none', () => {
  it('says so, and what would change it', async () => {
    const pages = await Console.open({ plan: 'FREE' });
    const page = await pages.signedIn();
    await page.goto('/console/settings/webhooks');
    await page.getByText('Free has no webhooks.').first().waitFor();
    await picture(page, 'webhooks-free');
    await page.goto('/console/settings/webhooks/new');
    await page.getByText('A plan with them, which the operator sets').waitFor();
    expect(pages.faults).to.deep.equal([]);
    await pages.close();
  });
});
