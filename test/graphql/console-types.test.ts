import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isEnumType, isInputObjectType } from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema.js';

const folder = 'console/src';
const again = 'run `npm run schema`';

/** The texts of the console's documents, as their files have them. */
function documentsOf(files: readonly string[]): string[] {
  return files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/graphql\(`(.*?)`/gs)].map(([, text = '']) => text),
  );
}

/** The names and descriptions in the type that the generator wrote under a name; null where it wrote none. */
function writtenType(types: string, name: string): { names: string[]; words: string } | null {
  const [, body] = new RegExp(`^export type ${name} =(.*?);\\n\\n`, 'ms').exec(types) ?? [];
  if (body === undefined) return null;
  const names = [...body.matchAll(/^ {2}(?:\| '(\w+)'|(\w+)\??:)/gm)].map(([, value, field]) => value ?? field ?? '');
  return { names: names.toSorted(), words: wordsOf(body.replace(/^ *(\/\*\*|\*)/gm, '')) };
}

const wordsOf = (text: string) => text.replace(/\s+/g, ' ').trim();

describe('types of the console', () => {
  const types = readFileSync(join(folder, 'gql/graphql.ts'), 'utf8');

  it('are those of the documents that its pages send', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const documents = documentsOf(files.filter((name) => /\.tsx?$/.test(name) && !name.startsWith('gql')));
    const written = readFileSync(join(folder, 'gql/gql.ts'), 'utf8');
    const typed = [...written.matchAll(/^ {4}("\\n.*"): typeof types\./gm)].map(
      ([, text = '']) => JSON.parse(text) as string,
    );
    expect(documents.length).to.be.above(100);
    expect(typed.toSorted(), again).to.deep.equal([...new Set(documents)].toSorted());
  });

  it('have every value, field and description that inputs and enums of the schema have', () => {
    const stale: string[] = [];
    let compared = 0;
    for (const type of Object.values(graphqlSchema(null).getTypeMap())) {
      if (!isEnumType(type) && !isInputObjectType(type)) continue;
      const written = writtenType(types, type.name);
      if (written === null) continue;
      compared += 1;
      const members = isEnumType(type) ? type.getValues() : Object.values(type.getFields());
      const names = members.map(({ name }) => name).toSorted();
      const isSame = JSON.stringify(names) === JSON.stringify(written.names);
      const untold = members.filter(({ description }) => !written.words.includes(wordsOf(description ?? '')));
      if (!isSame || untold.length > 0) stale.push(type.name);
    }
    expect(compared).to.be.above(50);
    expect(stale, again).to.deep.equal([]);
  });
});
