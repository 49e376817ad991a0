import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { showProgress } from '../../src/cli/progress.js';

describe('how far a long command is', () => {
  const shown = async (isTTY: boolean, firstAfterMs: number) => {
    const said: string[] = [];
    const out = { isTTY, columns: 80, write: (text: string) => said.push(text) };
    const progress = showProgress('audit verify', out, firstAfterMs);
    const tell = progress.counting('entries');
    tell(12_000, 40_000);
    await wait(20);
    const before = said.splice(0);
    progress.end();
    return [before, said];
  };

  it('is a line more in a pipe, and a line written anew on a terminal, which is taken away at the end', async () => {
    expect(await shown(false, 0)).to.deep.equal([['audit verify: 12,000 of 40,000 entries, 0 s\n'], []]);
    expect(await shown(true, 0)).to.deep.equal([['\raudit verify: 12,000 of 40,000 entries, 0 s\x1b[K'], ['\r\x1b[K']]);
  });

  it('is not said of what takes a moment', async () => {
    expect(await shown(true, 1_000)).to.deep.equal([[], []]);
    expect(await shown(false, 1_000)).to.deep.equal([[], []]);
  });

  it('is that it is at work, where nothing is counted or all is counted already', async () => {
    const said: string[] = [];
    const progress = showProgress('migrate', { write: (text: string) => said.push(text) }, 0);
    progress.counting('migrations')(3, 3);
    await wait(20);
    progress.end();
    expect(said).to.deep.equal(['migrate: still working, 0 s\n']);
  });
});
