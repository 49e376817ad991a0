// What a bench hands to `npm run bench`, which started it; run by itself a bench only prints.

/**
 * Each row is a ratio: `what`, the median `ratio`, the `range` of its rounds, and the bound, `atLeast` or `atMost`, where
 * one is promised; `detail` has the figures behind it.
 */
export async function report(rows) {
  if (process.send === undefined) return;
  await new Promise((resolve) => process.send({ rows: rows.map(rowOf) }, resolve));
}

const rowOf = ({ what, ratio, range = [ratio], atLeast, atMost, detail }) => ({
  what,
  ratio,
  least: Math.min(...range),
  most: Math.max(...range),
  ...(atLeast !== undefined && { atLeast }),
  ...(atMost !== undefined && { atMost }),
  ...(detail !== undefined && { detail }),
});

/** What was wanted of a row, in words, and whether it was so: `held`, `NOT held`, or nothing where nothing was. */
export function verdictOf({ ratio, atLeast, atMost }) {
  if (atLeast === undefined && atMost === undefined) return { bound: '', verdict: '' };
  const isHeld = ratio >= (atLeast ?? -Infinity) && ratio <= (atMost ?? Infinity);
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  return { bound, verdict: isHeld ? 'held' : 'NOT held' };
}
