// `npm run supply-chain`: holds every lock file to the rules of docs/operating.md, "Supply chain". `-- --list` lists what runs
// with its licence, `-- --sbom` prints it as CycloneDX; `-- --binaries` prints the digests of this platform's binaries.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Licences that ask for no more than to be named. */
const accepted = new Set(
  '0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BlueOak-1.0.0 CC0-1.0 ISC MIT PSF-2.0 Python-2.0 PostgreSQL Unlicense'.split(
    ' ',
  ),
);
/** The console is built by tools that it does not ship: a file of theirs that is changed must be shown. */
const acceptedOfConsole = new Set([...accepted, 'MPL-2.0']);
/** What only tests and benches install is under whatever licence it is. */
const licencesOf = { '.': accepted, console: acceptedOfConsole };

const [option] = process.argv.slice(2);
const manifest = readJson('package.json');
const lock = packagesOf('package-lock.json');
if (option === '--sbom') sbom();
else if (option === '--list') list();
else if (option === '--binaries') console.log(JSON.stringify(binaries(), null, 2));
else check();

function check() {
  const locks = globSync('{,bench/,console/,test/*/}package-lock.json').toSorted();
  const problems = locks.flatMap((file) => {
    const folder = dirname(file);
    const { allowScripts = {} } = readJson(join(folder, 'package.json'));
    const isScriptless = read(join(folder, '.npmrc')).includes('ignore-scripts=true');
    return packagesOf(file).flatMap(({ name, path, integrity, hasInstallScript, licence }) => {
      const isNamed = isScriptless || name in allowScripts;
      const licences = licencesOf[folder];
      return [
        integrity === undefined && `${file}: ${path} has no digest`,
        hasInstallScript && !isNamed && `${file}: ${name} has an install script, and "allowScripts" does not name it`,
        licences !== undefined && !isAccepted(licence, licences) && `${file}: the licence of ${name} is ${licence}`,
      ].filter((problem) => problem !== false);
    });
  });
  // Packages fetch these by version, where no lock file has their digest.
  const known = readJson(new URL('binaries.json', import.meta.url));
  for (const [name, digest] of Object.entries(binaries())) {
    if (known[name] === undefined) console.log(`${name} is not among those whose digest is known, and has ${digest}`);
    else if (known[name] !== digest) problems.push(`${name} has the digest ${digest}, not ${known[name]}`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.log(
    `${locks.length} lock files, ${lock.filter(({ isTool }) => !isTool).length} packages that run: as they should be`,
  );
}

/** `MIT`, `(MIT OR CC0-1.0)`, `(MIT AND BSD-3-Clause)`. */
function isAccepted(licence, licences) {
  const either = licence.replace(/[()]/g, '').split(' OR ');
  return either.some((all) => all.split(' AND ').every((one) => licences.has(one)));
}

function binaries() {
  const name = `node-${process.platform}-${process.arch}@${manifest.dependencies.node}`;
  const file = 'node_modules/node/bin/node';
  return existsSync(file) ? { [name]: `sha256-${createHash('sha256').update(readFileSync(file)).digest('hex')}` } : {};
}

function list() {
  for (const { name, version, licence, isTool } of lock) if (!isTool) console.log(`${name}@${version}\t${licence}`);
}

/** npm's own, less what only development needs: `--omit=dev` would also leave out what both need. */
function sbom() {
  const words = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const { stdout, stderr, status } = spawnSync('npm', words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  const bill = JSON.parse(stdout);
  const isOfTools = ({ properties = [] }) => properties.some(({ name }) => name === 'cdx:npm:package:development');
  bill.components = bill.components.filter((component) => !isOfTools(component));
  const refs = new Set([bill.metadata.component, ...bill.components].map((component) => component['bom-ref']));
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
}

function packagesOf(file) {
  return Object.entries(readJson(file).packages)
    .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
    .map(([path, { version, integrity, license, hasInstallScript = false, dev = false }]) => ({
      path,
      name: path.replace(/^.*node_modules\//, ''),
      version,
      integrity,
      licence: license ?? 'not told',
      hasInstallScript,
      isTool: dev,
    }));
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function read(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
