// `npm run console:types`, and with it `npm run schema`: writes console/src/gql, and says whether that changed it.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import './install.mjs';

const folder = import.meta.dirname;
const written = ['gql.ts', 'graphql.ts'].map((name) => join(folder, '../../console/src/gql', name));
const read = () => written.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : '')).join('\0');

const before = read();
const { status } = spawnSync('npm', ['run', '-s', 'types', '--', '--silent'], { cwd: folder, stdio: 'inherit' });
if (status !== 0) {
  console.error(
    'console/src/gql was not written: does schema.graphql have all that the documents of the console ask for?',
  );
  process.exit(status ?? 1);
}
console.log(read() === before ? 'console/src/gql is as it was.' : 'Wrote console/src/gql.');
