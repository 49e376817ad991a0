/** `/attribution.js` on a page of a customer's, which stands at another origin than the server. */
import { expect } from 'chai';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot } from '../../dist/test/support/factories.js';
import { Console } from './support.ts';

const dayMs = 86_400_000;

interface Attribution extends Record<string, unknown> {
  first_seen_at: string;
  last_seen_at: string;
}
interface Snippet {
  get(): Attribution;
  consent(given: Record<string, unknown>): void;
}

describe('/attribution.js', () => {
  let pages: Console;
  let site: Server;
  let origin: string;
  let context: BrowserContext;
  let page: Page;
  /** Whatever left the browser. */
  let asked: string[];

  before(async () => {
    pages = await Console.open();
    // The tag as the docs of this server have it.
    const docs = await pages.visitor();
    await docs.goto('/docs/integrations/attribution');
    const tag = (await docs.locator('code', { hasText: 'integrity=' }).textContent()) ?? '';
    const integrity = /integrity="([^"]+)"/.exec(tag)?.[1] ?? '';
    expect(integrity).to.match(/^sha384-/);
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>Demo</title>
      <script src="${pages.server.url}/attribution.js" integrity="${integrity}" crossorigin="anonymous"></script>`;
    site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html));
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    await docs.context().close();
  });
  after(async () => {
    await pages.close();
    site.close();
  });
  beforeEach(async () => {
    page = await pages.visitor();
    context = page.context();
    asked = [];
    context.on('request', (request) => {
      if (!request.url().startsWith('data:')) asked.push(request.url());
    });
  });
  afterEach(async () => await context.close());

  const visit = async (path: string, on = page) => void (await on.goto(origin + path, { waitUntil: 'networkidle' }));
  const get = async (on = page): Promise<Attribution> =>
    await on.evaluate(() => (window as unknown as { iozenAttribution: Snippet }).iozenAttribution.get());
  const consent = async (given: Record<string, unknown>) =>
    await page.evaluate(
      (said) => (window as unknown as { iozenAttribution: Snippet }).iozenAttribution.consent(said),
      given,
    );
  /** All that the page and the browser keep of it. */
  const kept = async () => ({
    local: await page.evaluate(() => ({ ...localStorage })),
    session: await page.evaluate(() => ({ ...sessionStorage })),
    databases: await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)),
    cookies: (await context.cookies()).map(({ name }) => name),
  });
  const nothing = { local: {}, session: {}, databases: [], cookies: [] };
  const granted = { ad_user_data: 'granted', ad_personalization: 'denied' };

  it('gives what came with the click, which a submission takes as it is', async () => {
    await visit('/before?email=ada@example.com');
    const click = '?utm_source=Google&gclid=EAIaIQ_x-Y~z.0&name=Ada&utm_term=a%20b&li_fat_id=&fbclid=IwAR2';
    await page.evaluate((to) => location.assign(to), `/demo${click}#part`);
    await page.waitForURL(/demo/);
    await page.waitForLoadState('networkidle');
    await page.evaluate(() => {
      document.cookie = '_fbc=fb.1.1700000000000.IwAR2';
      document.cookie = '_fbp=fb.1.1.2';
      document.cookie = '_ttp=3';
      document.cookie = 'other_ttp=4';
    });
    await consent(granted);
    const attribution = await get();
    const { first_seen_at: first, last_seen_at: last, ...rest } = attribution;
    expect(rest).to.deep.equal({
      utm_source: 'Google',
      gclid: 'EAIaIQ_x-Y~z.0',
      utm_term: 'a b',
      fbclid: 'IwAR2',
      landing_page: `${origin}/demo?utm_source=Google&gclid=EAIaIQ_x-Y%7Ez.0&utm_term=a+b&li_fat_id=&fbclid=IwAR2`,
      referrer: `${origin}/before`,
      fbc: 'fb.1.1700000000000.IwAR2',
      fbp: 'fb.1.1.2',
      ttp: '3',
      consent: granted,
    });
    expect([first, Date.now() - Date.parse(first) < 60_000]).to.deep.equal([last, true]);
    const { server, tenant } = pages;
    const bot = await createBot(server.app, tenant.workspaceId);
    const key = clientOf(server.url, tenant.key);
    const data = { full_name: 'Ada', email: 'ada@example.com' };
    const made = await key.rest('POST', `/intake-bots/${bot.id}/submissions`, { data, attribution });
    const { body } = await key.graphql(`{ submission(id: "${made.body.data.submission.id}") {
      attribution { gclid fbc dropped consent { adUserData adPersonalization } }
    } }`);
    expect(body.data.submission.attribution).to.deep.equal({
      gclid: 'EAIaIQ_x-Y~z.0',
      fbc: 'fb.1.1700000000000.IwAR2',
      dropped: [],
      consent: { adUserData: 'granted', adPersonalization: 'denied' },
    });
  });

  it('keeps the first sight over a reload and a second visit, once that is granted', async () => {
    await visit('/demo?gclid=one&utm_source=google');
    const first = await get();
    await consent(granted);
    await page.reload();
    const reloaded = await get();
    expect(reloaded).to.deep.include({ gclid: 'one', first_seen_at: first.first_seen_at, consent: granted });
    expect(Date.parse(reloaded.last_seen_at)).to.be.greaterThan(Date.parse(first.last_seen_at));
    await page.close();
    page = await context.newPage();
    for (const path of ['/pricing', '/pricing?utm_source=newsletter']) {
      await visit(path);
      const second = await get();
      expect(second, path).to.deep.equal({ ...first, consent: granted, last_seen_at: second.last_seen_at });
      expect(Date.parse(second.last_seen_at), path).to.be.greaterThan(Date.parse(reloaded.last_seen_at));
    }
  });

  it('lets a newer click take the place of an older one, with its own first sight', async () => {
    await visit('/demo?gbraid=one&utm_source=google');
    await consent(granted);
    const older = await get();
    await page.evaluate(() => (document.cookie = '_fbc=fb.1.1.older'));
    await visit('/other?fbclid=two');
    const newer = await get();
    expect(newer).to.deep.equal({
      fbclid: 'two',
      landing_page: `${origin}/other?fbclid=two`,
      first_seen_at: newer.first_seen_at,
      last_seen_at: newer.first_seen_at,
      consent: granted,
    });
    expect(Date.parse(newer.first_seen_at)).to.be.greaterThan(Date.parse(older.first_seen_at));
    await visit('/other?fbclid=three');
    expect(await get()).to.deep.include({ fbclid: 'three' });
    await visit('/form');
    expect(await get()).to.deep.include({ fbclid: 'three', landing_page: `${origin}/other?fbclid=three` });
  });

  it('stores nothing before consent, and after a denial keeps nothing anywhere', async () => {
    await visit('/demo?gclid=one');
    expect([(await get())['gclid'], await kept()]).to.deep.equal(['one', nothing]);
    await consent({ limited_use: true });
    expect([(await get())['gclid'], await kept()]).to.deep.equal(['one', nothing]);
    await visit('/form');
    expect(await get()).not.to.have.any.keys('gclid', 'consent');
    await visit('/demo?gclid=two');
    await consent(granted);
    expect(Object.keys((await kept()).local)).to.deep.equal(['iozenAttribution']);
    for (const given of ['denied', 'no', true, undefined]) {
      await consent(granted);
      await consent({ ad_user_data: given });
      expect(await get(), String(given)).to.deep.equal({ consent: { ...granted, ad_user_data: 'denied' } });
      expect(await kept(), String(given)).to.deep.equal(nothing);
    }
    await visit('/form');
    expect(await get()).not.to.have.any.keys('gclid', 'consent');
    expect(await kept()).to.deep.equal(nothing);
  });

  it('keeps it for 90 days and no longer', async () => {
    const at = Date.now();
    await page.clock.install({ time: at });
    await visit('/demo?gclid=one');
    await consent(granted);
    await page.clock.setFixedTime(at + 89 * dayMs);
    await visit('/form');
    expect(await get()).to.deep.include({ gclid: 'one', consent: granted });
    await page.clock.setFixedTime(at + 91 * dayMs);
    await visit('/form');
    expect(await get()).not.to.have.any.keys('gclid', 'consent');
    expect(await kept()).to.deep.equal(nothing);
  });

  it('works where storage is forbidden, for as long as the page stands', async () => {
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        get: () => {
          throw new Error('forbidden');
        },
      });
    });
    await visit('/demo?gclid=one');
    await consent(granted);
    expect(await get()).to.deep.include({ gclid: 'one', consent: granted });
  });

  it('sends nothing anywhere by itself', async () => {
    await visit('/demo?gclid=one&fbclid=two');
    await consent(granted);
    await get();
    await page.reload({ waitUntil: 'networkidle' });
    await consent({ ad_user_data: 'denied' });
    await page.close({ runBeforeUnload: true });
    const others = asked.filter((url) => url !== `${origin}/demo?gclid=one&fbclid=two`);
    expect([...new Set(others)]).to.deep.equal([`${pages.server.url}/attribution.js`]);
  });
});
