import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';

const script = resolve('scripts/supply-chain.mjs');

describe('what is installed', () => {
  let directory: string;
  before(async () => (directory = await mkdtemp(join(tmpdir(), 'iozen-chain-'))));
  after(async () => await rm(directory, { recursive: true, force: true }));

  const check = async (...packages: [name: string, entry: object][]) => {
    await writeFile(
      join(directory, 'package.json'),
      JSON.stringify({ dependencies: {}, allowScripts: { named: true, refused: false } }),
    );
    const entries = packages.map(([name, entry]) => [
      `node_modules/${name}`,
      { version: '1.0.0', integrity: 'sha512-…', license: 'MIT', ...entry },
    ]);
    await writeFile(
      join(directory, 'package-lock.json'),
      JSON.stringify({ packages: { '': {}, ...Object.fromEntries(entries) } }),
    );
    return await promisify(execFile)(process.execPath, [script], { cwd: directory }).then(
      () => '',
      ({ stderr }: { stderr: string }) => stderr.trim(),
    );
  };

  it('is locked by its digest, runs no script that is not named, and is under a licence that lets us', async () => {
    expect(
      await check(['one', {}], ['either', { license: '(GPL-3.0 OR MIT)' }], ['both', { license: 'MIT AND ISC' }]),
    ).to.equal('');
    expect(await check(['named', { hasInstallScript: true }], ['refused', { hasInstallScript: true }])).to.equal('');
    expect(await check(['one', { integrity: undefined }])).to.match(/one has no digest$/);
    expect(await check(['other', { hasInstallScript: true }])).to.match(
      /other has an install script, and .* not name it$/,
    );
    expect(await check(['one', { license: 'AGPL-3.0' }])).to.match(/licence of one is AGPL-3.0$/);
    expect(await check(['one', { license: 'MIT AND GPL-3.0' }])).to.match(/licence of one is/);
    expect(await check(['one', { license: undefined }])).to.match(/licence of one is not told$/);
  });

  it('is listed as a bill of materials that has every package that runs', async () => {
    const run = async (option: string) =>
      (await promisify(execFile)(process.execPath, [script, option], { maxBuffer: 64 * 1024 * 1024 })).stdout;
    const bill = JSON.parse(await run('--sbom')) as {
      bomFormat: string;
      components: { name: string; version: string }[];
    };
    const inBill = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    const listed = (await run('--list'))
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '');
    expect(bill.bomFormat).to.equal('CycloneDX');
    expect(listed.length).to.be.greaterThan(100);
    expect(listed.filter((one) => !inBill.has(one))).to.deep.equal([]);
    expect([...inBill].filter((one) => /^(mocha|chai|typescript)@/.test(one))).to.deep.equal([]);
  });
});
