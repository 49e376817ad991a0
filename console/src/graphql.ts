import type { graphql as typed } from './gql/gql';

const fragments = new Map<string, string>();

/**
 * Names a document, whose types `npm run schema` has generated. The generator's own function would put the texts of
 * all pages into the first load: this one keeps each where it stands, and adds the fragments that it spreads. A fragment is
 * known once the file that it stands in was imported: whoever spreads it imports that file, if only by its name.
 */
export const graphql = ((source: string) => {
  const [, fragment] = /^\s*fragment (\w+) on /.exec(source) ?? [];
  if (fragment !== undefined) {
    fragments.set(fragment, source);
    return source;
  }
  return source + [...spreadBy(source)].map((name) => fragments.get(name)).join('');
}) as unknown as typeof typed;

/** The fragments that a text spreads, and those that they spread. */
function spreadBy(source: string, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of source.matchAll(/\.\.\.\s*(?!on\b)(\w+)/g)) {
    const text = fragments.get(name);
    if (text === undefined)
      throw new Error(`The fragment ${name} is used before the file that it stands in is imported.`);
    if (!found.has(name)) spreadBy(text, found.add(name));
  }
  return found;
}
