/**
 * A run: deliveries of one endpoint that were made at once and never attempted, in order, in one row of `webhook_runs`
 * that is known by the last of them. Each has a bit that says whether it is open still: to make a delivery, or to end
 * it, costs no row of its own.
 */

/** Such a row stays below the size from which PostgreSQL compresses, and its bits in an integer. */
export const runMax = 24;

/** Where a delivery lies. */
export interface Place {
  /** Of the run. */
  readonly lastId: string;
  /** From 0 on. */
  readonly index: number;
}

export const bitOf = ({ index }: Place) => 1 << index;

/** `source` has `endpoint_id`, `id`, `event_id`, and `place`, which counts each endpoint's from 0 on. */
export const insertRuns = (source: string, askedAt = 'null::timestamptz') => `
  insert into webhook_runs (endpoint_id, last_id, ids, event_ids, open, asked_at)
  select endpoint_id, max(id collate "C"), array_agg(id order by id collate "C"),
    array_agg(event_id order by id collate "C"), (1 << count(*)::int) - 1, ${askedAt}
  from ${source} group by endpoint_id, place / ${runMax}
`;

/** In SQL, of a run `r`: those of its deliveries that are open, with the bit of each. */
export const openOf = (r: string) => `
  select d.id, d.event_id, 1 << (d.place - 1)::int as bit
  from unnest(${r}.ids, ${r}.event_ids) with ordinality d (id, event_id, place)
  where ${r}.open & (1 << (d.place - 1)::int) <> 0
`;

/** What was made at once for one endpoint, in order. */
export function laidInRuns<Made extends { readonly id: string }>(made: readonly Made[]): (Made & { place: Place })[] {
  return made.map((delivery, at) => {
    const index = at % runMax;
    const last = made[Math.min(at - index + runMax, made.length) - 1] ?? delivery;
    return { ...delivery, place: { lastId: last.id, index } };
  });
}
