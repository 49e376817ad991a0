import { expect } from 'chai';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { broken, Console, drawn, inEachLook, themes } from './support.ts';

const pictures = join(import.meta.dirname, '../../test-results/docs');

/** One page of each kind. */
const kinds = [
  '/docs',
  '/docs/webhooks',
  '/docs/limits',
  '/docs/integrations/attribution',
  '/docs/agents',
  '/docs/reference/rest',
  '/docs/reference/graphql',
  '/docs/reference/graphql/mutations/createWebhookEndpoint',
  '/docs/reference/graphql/types/webhooks',
  '/docs/reference/events',
  '/docs/nothing/here',
];

describe('the docs site in a browser', () => {
  let console: Console;
  let page: Page;

  before(async () => {
    console = await Console.open();
    page = await console.visitor();
  });
  after(async () => await console.close());
  afterEach(() => expect(console.faults.splice(0)).to.deep.equal([]));

  for (const path of kinds) {
    it(`breaks no rule of WCAG that a program can judge: ${path}`, async () => {
      await page.goto(path);
      // What a long page repeats is judged a few times, as a judge takes a minute for all of it.
      await page.evaluate(() => {
        for (const link of document.querySelectorAll('#menu li:nth-child(n + 4)')) link.remove();
        for (const section of document.querySelectorAll('main section:nth-of-type(n + 4)')) section.remove();
        for (const row of document.querySelectorAll('tr:nth-child(n + 8)')) row.remove();
      });
      const faults: string[] = [];
      await inEachLook(page, async ({ theme, width }) => {
        for (const fault of await broken(page, { theme })) faults.push(`${theme}, ${width} px: ${fault}`);
      });
      expect(faults).to.deep.equal([]);
    });
  }

  for (const path of ['/docs/limits', ...kinds.filter((kind) => kind.startsWith('/docs/reference'))]) {
    it(`breaks none from its first line to its last: ${path}`, async function () {
      // A judge takes a minute for the longest of them: once, as each look of a page's kinds of parts is judged above.
      this.timeout(300_000);
      await page.goto(path);
      expect(await broken(page)).to.deep.equal([]);
    });
  }

  it('looks as it should in each theme, at 1280 px and at 390 px', async function () {
    this.timeout(180_000);
    mkdirSync(pictures, { recursive: true });
    for (const path of kinds) {
      await page.goto(path);
      for (const theme of themes) {
        await page.emulateMedia({ colorScheme: theme });
        for (const width of [1280, 390]) {
          // As tall as a picture that somebody looks at: the reference of REST has a hundred screens.
          await page.setViewportSize({ width, height: 2_000 });
          await drawn(page);
          const { width: searchWidth = 0 } = (await page.getByRole('combobox').boundingBox()) ?? {};
          expect(searchWidth, `${path} has no room to search`).to.be.at.least(200);
          const name = `${path.slice('/docs'.length).replaceAll('/', '-') || '-home'}-${theme}-${width}.png`.slice(1);
          await page.screenshot({ path: join(pictures, name) });
          expect(await page.evaluate(() => document.documentElement.scrollWidth), name).to.be.at.most(width);
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('breaks no name, and is never wider than the window, at 1280 px and at 390 px', async function () {
    this.timeout(180_000);
    await page.goto('/docs/reference/graphql/queries/viewer');
    const links = await page.locator('#menu a').evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).pathname));
    const groups = await page.goto('/docs/reference/graphql').then(async () => {
      return await page.locator('main a').evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).pathname));
    });
    const paths = [...new Set([...links, ...groups])].filter((path) => path.startsWith('/docs'));
    expect(paths).to.have.length.of.at.least(110);
    const faults: string[] = [];
    let names = 0;
    for (const path of paths) {
      await page.goto(path);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 800 });
        const seen = await namesOn(page);
        names += seen.count;
        if (seen.width > width) faults.push(`${path} is ${seen.width} px wide at ${width} px`);
        for (const name of seen.broken) faults.push(`${path} breaks ${name} at ${width} px`);
      }
    }
    expect(names).to.be.greaterThan(10_000);
    expect(faults).to.deep.equal([]);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('finds what is searched for, by keyboard', async () => {
    await page.goto('/docs');
    await page.keyboard.press('/');
    await page.keyboard.type('redelivr');
    await page.getByRole('option', { name: 'redeliver GraphQL mutation' }).waitFor();
    expect(await broken(page)).to.deep.equal([]);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/docs/reference/graphql/mutations/redeliver');
    for (const [words, title, path] of [
      ['create submission', 'Create submission', '/docs/reference/rest#createSubmission'],
      ['rate limits', 'Rate limits', '/docs/rate-limits'],
      ['contact.created', 'contact.created', '/docs/reference/events#contactcreated'],
    ] as const) {
      await page.getByRole('combobox').fill(words);
      await page.locator(`#found a[href="${path}"]`, { hasText: title }).click();
      await page.waitForURL(`**${path}`);
    }
  });

  it('copies what a block shows, as it is', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto('/docs/reference/rest#listIntakeBots');
    const block = page
      .locator('section', { has: page.locator('#listIntakeBots') })
      .locator('figure')
      .first();
    await block.getByRole('button', { name: 'Copy' }).click();
    await block.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(async () => await navigator.clipboard.readText());
    expect(copied).to.match(/^curl --fail-with-body .*\\\n {2}"\$IOZEN_URL\/api\/v1\/intake-bots/);
    expect(copied).to.equal(`${await block.locator('code').textContent()}\n`);
  });

  it('opens an operation in the explorer', async () => {
    await page.goto('/docs/reference/graphql/queries/intakeBots');
    await page.getByRole('link', { name: 'Open in explorer' }).click();
    await page.getByText('query IntakeBots').waitFor();
  });

  it('keeps to the theme that was chosen', async () => {
    await page.goto('/docs');
    await page.getByRole('button', { name: 'Theme: system' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.goto('/docs/errors');
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).to.equal('dark');
    // By which the console goes, too.
    expect(await page.evaluate(() => localStorage.getItem('iozen-theme'))).to.equal('dark');
  });

  it('has a menu on a phone whose last link can be reached, and that is closed where it was opened', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto('/docs/errors');
    await page.getByRole('button', { name: 'Menu' }).click();
    const menu = page.getByRole('navigation', { name: 'Documentation' });
    await menu.getByRole('link', { name: 'Console' }).hover();
    expect(await broken(page)).to.deep.equal([]);
    await page.getByRole('button', { name: 'Menu' }).click();
    await menu.waitFor({ state: 'hidden' });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('is read without a script: menu, refusals and links', async () => {
    const context = await page
      .context()
      .browser()
      ?.newContext({
        baseURL: console.server.url,
        javaScriptEnabled: false,
        viewport: { width: 390, height: 800 },
      });
    const plain = (await context?.newPage()) ?? expect.fail('no page');
    await plain.goto('/docs/reference/rest');
    await plain.getByRole('button', { name: 'Menu' }).click();
    await plain.getByRole('link', { name: 'Rate limits' }).click();
    await plain.getByRole('heading', { name: /^Rate limits/, level: 1 }).waitFor();
    expect(await plain.getByRole('button', { name: 'Copy' }).count()).to.equal(0);
    await context?.close();
  });
});

/** A name is code without a space; it is broken when it stands on more than one line. */
const namesOn = async (page: Page) =>
  await page.evaluate(() => {
    const shown = [...document.querySelectorAll('main code:not(pre code):not(.words), main code.words span')];
    return {
      count: shown.length,
      width: document.documentElement.scrollWidth,
      broken: shown
        .filter((name) => new Set([...name.getClientRects()].map(({ top }) => Math.round(top))).size > 1)
        .map(({ textContent }) => textContent),
    };
  });
