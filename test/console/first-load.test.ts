import { expect } from 'chai';
import type { Response } from 'playwright-core';
import { Console } from './support.ts';

const bytesMax = 190_000;

describe('console: first load', () => {
  let pages: Console;

  before(async () => (pages = await Console.open()));
  after(async () => await pages.close());

  it('takes at most 190 kB of scripts in Brotli, from the first page until the overview is idle', async () => {
    const page = await pages.visitor();
    const scripts = new Map<string, Response>();
    page.on('response', (response) => {
      // Led to sign-in, the browser asks once more for what it has.
      const isNew = !scripts.has(response.url());
      if (isNew && response.request().resourceType() === 'script') scripts.set(response.url(), response);
    });
    await pages.signIn(page);
    await page.getByText('Live', { exact: true }).waitFor();
    await page.waitForLoadState('networkidle');
    const sizes = await Promise.all(
      [...scripts].map(async ([url, response]) => {
        expect((await response.allHeaders())['content-encoding'], url).to.equal('br');
        const { responseBodySize } = await response.request().sizes();
        return { script: url.slice(url.lastIndexOf('/') + 1), bytes: responseBodySize };
      }),
    );
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    console.table([...sizes.toSorted((one, other) => other.bytes - one.bytes), { script: 'all', bytes: total }]);
    expect(total).to.be.at.most(bytesMax);
    expect(pages.faults).to.deep.equal([]);
  });
});
