import { AxeBuilder } from '@axe-core/playwright';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { Console, picture, themes, widths, type Look } from './support.ts';

const pointsMax = 6;

describe('console: bots, submissions, contacts and records', () => {
  let pages: Console;
  let page: Page;
  let bot: Awaited<ReturnType<typeof createBot>>;

  before(async () => {
    pages = await Console.open();
    const { server, tenant } = pages;
    bot = await createBot(server.app, tenant.workspaceId, {
      description: 'The first thing visitors see.',
      record_type: 'lead',
    });
    await createBot(server.app, tenant.workspaceId, { name: 'Job applications', status: 'DRAFT' });
    await createSubmission(server.app, bot);
    await createSubmission(server.app, bot, { status: 'IN_PROGRESS', data: { full_name: 'Grace Hopper' } });
    await createSubmission(server.app, bot, { is_test: true });
    page = await pages.signedIn();
  });
  after(async () => await pages.close());
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  const heading = async (name: string | RegExp) => await page.getByRole('heading', { name }).waitFor();

  for (const theme of themes) {
    for (const width of widths) {
      it(`looks as it should, ${theme}, ${width} px wide`, async () => {
        const look: Look = { theme, width };
        const other = await pages.again(page.context(), look);
        const shows = async (name: string, path: string, ready: string) => {
          await other.goto(`/console${path}`);
          await other.getByText(ready).first().waitFor();
          await picture(other, `${name}-${theme}-${width}`);
          const { violations } = await new AxeBuilder({ page: other })
            .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
            .analyze();
          expect(violations.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`)).to.deep.equal([]);
        };
        await shows('bots', '/bots', 'Contact us');
        await shows('bot', `/bots/${bot.id}`, 'Ada Lovelace');
        await shows('bot-filtered', `/bots/${bot.id}?kind=test&from=2020-01-01`, 'Ada Lovelace');
        await shows('bot-fields', `/bots/${bot.id}?show=fields`, 'full_name');
        await shows('bot-post', `/bots/${bot.id}?show=post`, 'curl');
        await shows('bot-pause', `/bots/${bot.id}/status/pause`, 'Keep it active');
        await shows('bot-missing', `/bots/nothing`, 'There is no such bot');
        await other.context().close();
      });
    }
  }
});
