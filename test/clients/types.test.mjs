import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const { IOZEN_URL } = process.env;
const modules = new URL('node_modules', import.meta.url).pathname;
const guide = await readFile(new URL('../../docs/graphql.md', import.meta.url), 'utf8');
/** Of the guide, with the address of this server, as its page has it. */
const sampleOf = (kind) => {
  const [, code] = new RegExp(`^\`\`\`ts ${kind}\n(.*?)^\`\`\`$`, 'ms').exec(guide) ?? [];
  return code.replaceAll('https://iozen.example.com', IOZEN_URL);
};
const query = `query Page($after: String) {
  submissions(first: 5, after: $after) { nodes { createdAt data status } pageInfo { endCursor } }
}`;
/** Compiles as long as scalars are what they are: a directive that finds no error is one itself. */
const uses = (page) => `
const [submission] = ${page}.submissions.nodes;
export const createdAt: string | undefined = submission?.createdAt;
export const answer: unknown = submission?.data['full_name'];
// @ts-expect-error -- a time is text
export const wrong: number | undefined = submission?.createdAt;
`;

void describe('types of the schema', () => {
  let folder;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iozen-types-'));
    await mkdir(join(folder, 'src'));
    await symlink(modules, join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type": "module"}');
  });
  after(async () => await rm(folder, { recursive: true }));

  const tool = async (name, ...words) =>
    await promisify(execFile)(join(modules, '.bin', name), words, { cwd: folder }).catch(({ stdout, stderr }) =>
      assert.fail(`${name}: ${stdout}${stderr}`),
    );
  const compile = async (file, plugins = []) => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
      allowImportingTsExtensions: true,
      plugins,
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  };

  void it('are made by GraphQL Code Generator as the guide sets it up', async () => {
    await writeFile(join(folder, 'codegen.ts'), sampleOf('codegen'));
    await writeFile(join(folder, 'src/page.graphql'), query);
    await tool('graphql-codegen');
    const program = `import type { PageQuery } from './gql/graphql';\ndeclare const page: PageQuery;${uses('page')}`;
    await writeFile(join(folder, 'src/codegen-use.ts'), program);
    await compile('src/codegen-use.ts');
    await tool('tsc', '-p', '.');
  });

  void it('are made by gql.tada as the guide sets it up', async () => {
    const [, setting] = /`("schema": "[^"]+")`/.exec(guide) ?? [];
    const { schema } = JSON.parse(`{${setting.replace('https://iozen.example.com', IOZEN_URL)}}`);
    await compile('src/tada-use.ts', [
      { name: 'gql.tada/ts-plugin', schema, tadaOutputLocation: './src/graphql-env.d.ts' },
    ]);
    await writeFile(join(folder, 'src/tada.ts'), sampleOf('tada'));
    const program = `import type { ResultOf } from 'gql.tada';
import { graphql } from './tada';
const document = graphql(\`${query}\`);
declare const page: ResultOf<typeof document>;${uses('page')}`;
    await writeFile(join(folder, 'src/tada-use.ts'), program);
    await tool('gql.tada', 'generate-output');
    await tool('tsc', '-p', '.');
  });
});
