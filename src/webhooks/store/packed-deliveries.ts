import type { NumberedIds } from '../../platform/id.js';
import type { EventText } from '../wire/event-text.js';
import type { Delivery } from '../engine/endpoint-queue.js';

/**
 * A run: deliveries of one endpoint that were made at once and never attempted, in order, in one row of `webhook_runs`
 * that is known by the last of them. Each has a bit that says whether it is open still: to make a delivery, or to end
 * it, costs no row of its own.
 */

/** Such a row stays below the size from which PostgreSQL compresses, and its bits in an integer. */
export const runMax = 24;

export interface Run {
  readonly lastId: string;
}

/** Where a delivery lies: from 0 on, in its run. */
export interface Place {
  readonly run: Run;
  readonly index: number;
}

export const bitOf = ({ index }: Place) => 1 << index;

/**
 * `source` has `endpoint_id`, `event_id`, `id`, and `place`, from 0 on and in the order of the ids, which an endpoint has
 * once at most.
 */
export const insertRuns = (source: string, askedAt = 'null::timestamptz') => `
  insert into webhook_runs (endpoint_id, last_id, ids, event_ids, open, asked_at)
  select endpoint_id, max(id collate "C"), array_agg(id order by place), array_agg(event_id order by place),
    (1 << count(*)::int) - 1, ${askedAt}
  from ${source} group by endpoint_id, place / ${runMax}
`;

/** In SQL, of a run `r`: those of its deliveries that are open, with the bit of each. */
export const openOf = (r: string) => `
  select d.id, d.event_id, 1 << (d.place - 1)::int as bit
  from unnest(${r}.ids, ${r}.event_ids) with ordinality d (id, event_id, place)
  where ${r}.open & (1 << (d.place - 1)::int) <> 0
`;

/**
 * The run of an endpoint that can have this delivery, with its `spot`: by one look into the index. A join would be
 * planned by what the table held at that moment, nothing perhaps, and go through all that is parked ever after.
 */
export const runAt = (endpointId: string, id: string) => `(
  select r.*, r.ctid as spot from webhook_runs r
  where r.endpoint_id = ${endpointId} and r.last_id >= ${id} order by r.last_id limit 1
)`;

/** In the same way, of those that wait for another attempt the first that is not before this one. */
export const retryAt = (endpointId: string, id: string) => `(
  select d.*, d.ctid as spot from webhook_retries d
  where d.endpoint_id = ${endpointId} and d.id >= ${id} order by d.id limit 1
)`;

/** A run as fan-out makes it for an endpoint, laid out as `insertRuns` does, which see for `place`. */
export class MadeRun {
  /** Null where the text is too long to be handed on, or was taken. */
  readonly events: (EventText | null)[] = [];
  private readonly numbers: number[] = [];
  private known: Run | null = null;

  constructor(
    private readonly ids: NumberedIds,
    private readonly order: number,
  ) {}

  /** Of these, all of one endpoint, the one in which the next delivery lies: the last, or a new one. */
  static at(place: number, runs: MadeRun[], ids: NumberedIds): MadeRun {
    const order = Math.floor(place / runMax);
    let run = runs.at(-1);
    if (run?.order !== order) runs.push((run = new MadeRun(ids, order)));
    return run;
  }

  /** `number` is that in the delivery's id. */
  add(number: number, event: EventText | null): void {
    this.numbers.push(number);
    this.events.push(event);
  }

  /** Once all were added. It is all of the run that a delivery under way keeps in memory. */
  get row(): Run {
    return (this.known ??= { lastId: this.idAt(this.numbers.length - 1) });
  }

  idAt(index: number): string {
    return this.ids.at(this.numbers[index] ?? 0);
  }

  /** Null where its event is. */
  take(index: number): Delivery | null {
    const event = this.events[index] ?? null;
    if (event === null) return null;
    this.events[index] = null;
    return { id: this.idAt(index), event, attempts: 0, place: { run: this.row, index }, dueAt: null, askedAt: null };
  }
}
