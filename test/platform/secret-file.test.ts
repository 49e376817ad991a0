import { expect } from 'chai';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptSecret } from '../../src/platform/secret-file.js';

describe('the file of a secret', () => {
  let directory: string;

  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'iozen-secret-'))));
  afterEach(async () => await rm(directory, { recursive: true }));

  it('is made once, for its owner alone, whoever asks at the same time', async () => {
    const file = join(directory, 'key');
    let made = 0;
    const ask = async () => await keptSecret(file, () => `secret ${(made += 1)}\n`);
    const all = await Promise.all(Array.from({ length: 20 }, ask));
    expect(made).to.be.greaterThan(1);
    expect(new Set([...all, await ask()]).size).to.equal(1);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(await readdir(directory)).to.deep.equal(['key']);
  });

  it('is kept as it is where it is there', async () => {
    const file = join(directory, 'key');
    await writeFile(file, 'older\n');
    expect(await keptSecret(file, () => 'newer')).to.equal('older');
  });
});
