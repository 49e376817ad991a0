import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

/** What a file of `deploy/` leaves to be filled in, by how it stands there. */
const placeholder = /10\.0\.0\.\d+|fill-in-|example\.com|\/etc\/ssl|\/var\/|\/usr\/lib\//;

/**
 * A file of `deploy/`, with its places filled in as an operator would. Fails where the file has no such place any more, and
 * where a place is left: a test that starts it then says that it works as it stands there.
 */
export async function filledIn(name: string, places: Record<string, string>): Promise<string> {
  let text = await readFile(resolve(`deploy/${name}`), 'utf8');
  // The longer first: one may begin as another does.
  for (const [place, value] of Object.entries(places).toSorted(([one], [other]) => other.length - one.length)) {
    if (!text.includes(place)) throw new Error(`deploy/${name} does not say ${place}`);
    text = text.replaceAll(place, value);
  }
  const withoutValues = Object.values(places).reduce((rest, value) => rest.replaceAll(value, ''), text);
  const left = withoutValues.split('\n').find((line) => !/^\s*#/.test(line) && placeholder.test(line));
  if (left !== undefined) throw new Error(`deploy/${name} has a place that is not filled in: ${left.trim()}`);
  return text;
}
