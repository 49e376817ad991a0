import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const folder = join(import.meta.dirname, '../../console/src');

/** The files of the console that are imported with their code, and not for their types alone. */
function importsOf(path: string, sources: ReadonlyMap<string, string>): string[] {
  const named = [...(sources.get(path) ?? '').matchAll(/^import (?!type )(?:[^;]*? from )?'(\.[^']*)';/gm)];
  return named.flatMap(([, to = '']) =>
    ['.ts', '.tsx'].map((end) => normalize(join(dirname(path), to)) + end).filter((file) => sources.has(file)),
  );
}

function reached(from: string, sources: ReadonlyMap<string, string>, found = new Set<string>()): Set<string> {
  for (const file of importsOf(from, sources)) if (!found.has(file)) reached(file, sources, found.add(file));
  return found;
}

/** Documents that spread a fragment of a file that is there only if another page happened to load it before. */
function byLuck(sources: ReadonlyMap<string, string>): string[] {
  const homes = new Map<string, string>();
  for (const [path, text] of sources)
    for (const [, name = ''] of text.matchAll(/\bfragment (\w+) on /g)) homes.set(name, path);
  return [...sources].flatMap(([path, text]) => {
    const there = reached(path, sources).add(path);
    const spread = [...text.matchAll(/graphql\(`(.*?)`/gs)].flatMap(([, document = '']) => [
      ...document.matchAll(/\.\.\.\s*(?!on\b)(\w+)/g),
    ]);
    return spread
      .filter(([, name = '']) => !there.has(homes.get(name) ?? ''))
      .map(([, name = '']) => `${path} spreads ${name}`);
  });
}

describe("the documents of the console's pages", () => {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const paths = names.filter((path) => /\.tsx?$/.test(path) && !path.startsWith('gql'));
  const sources = new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')]));

  it('import what they spread, so that no page breaks which is the first that somebody opens', () => {
    expect([...sources.values()].filter((text) => text.includes('graphql(`'))).to.have.length.above(50);
    expect(byLuck(sources)).to.deep.equal([]);
  });

  it('names a planted document that imports the type of a fragment alone', () => {
    const home = 'graphql(`\n  fragment Row on Thing {\n    id\n  }\n`)';
    const page = "import type { Row } from './rows';\ngraphql(`query Q { things { ...Row } }`)";
    const planted = new Map([
      ['pages/rows.ts', home],
      ['pages/Page.tsx', page],
      ['pages/Other.tsx', page.replace('import type', 'import')],
    ]);
    expect(byLuck(planted)).to.deep.equal(['pages/Page.tsx spreads Row']);
  });
});
