import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const collectSeldom = new URL('../../src/platform/gc-settings.js', import.meta.url).href;

describe('collecting garbage seldom', () => {
  it('is asked for by flags that this Node.js knows', async () => {
    const script = `(await import('${collectSeldom}')).collectSeldom();`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script]);
    expect(stdout + stderr).to.equal('');
  });
});
