import type { Actor } from '../platform/actor.js';
import type { Database } from '../platform/postgres/database.js';
import { byIds, columnsOf, pipelined, prepared } from '../platform/postgres/statement.js';
import { notFound } from '../platform/errors.js';
import { isEventId } from '../platform/id.js';
import {
  Conditions,
  countRows,
  countRowsOfEach,
  readPage,
  readPages,
  type List,
  type Page,
} from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import { idsOf, type TimeRange } from '../platform/postgres/time-range.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import type { Unread } from '../platform/validate.js';
import { pauseForOthers } from '../platform/work/pause-for-others.js';
import { bodyOf, withMoved } from './event-erasure.service.js';
import { eventTypes, scopeOfPayload, type EventType } from './event-type.js';
import type { ListEvents } from './event.input.js';
import { EventEntity } from './event.entity.js';

/** A topic of `Notifications`; its subjects are ids of workspaces that have new events in their list. */
export const eventsPlaced = 'events-placed';

export interface EventFilter {
  type?: readonly EventType[] | null;
  subjectId?: string | null;
  createdAt?: TimeRange | null;
}

/** An event with what webhooks are posted of it. */
export type ToldEvent = Pick<EventEntity, 'id'> & { told: Record<string, unknown> };

/** An event as a list has it: without its text, which is wide and read only where it is asked for. */
export type ListedEvent = Omit<EventEntity, 'body'>;

const columns = columnsOf(EventEntity, 'e', { without: ['body'] });
const tables = 'event_positions p join events e on e.id = p.event_id';

const selectMany = pipelined<ListedEvent>(`
  select ${columns} from ${tables} where ${byIds('e')}
`);
const selectBodies = prepared<{ id: string; body: string }>(
  `select e.id, ${bodyOf('e')} as body from events e where ${byIds('e')}`,
);
/** The event that is fanned out next, if any waits: they are in the order of their ids. */
export const firstWaiting = 'select event_id from event_fan_outs order by event_id limit 1';
/** In the statement of fan-out: takes the first that wait, `limit` of them, provided that `condition` holds. */
export const takingWaiting = (limit: string, condition: string) => `
  delete from event_fan_outs where ctid = any (array(
    select ctid from event_fan_outs where ${condition} order by event_id limit ${limit}
  ))
  returning event_id
`;
/**
 * A part of fan-out's statement, which runs one at a time: puts the events of the rows `source` at the end of the list,
 * those of one batch in the order of their ids.
 */
export const placing = (source: string) => `
  insert into event_positions (event_id, workspace_id, type)
  select id, workspace_id, type from ${source} order by id
  on conflict (event_id) do nothing
`;
const forgetPlaces = prepared(`
  delete from event_positions where event_id in (
    select p.event_id from event_positions p
    where p.event_id < $1 and not exists (select from events e where e.id = p.event_id and e.id < $1)
    order by p.event_id limit $2
  ) returning 1
`);

export const storedEvents: StoredRows = {
  table: 'events',
  bytes: '100 + pg_column_size(t.body)',
  owner: 'workspace_id',
};

/** The list of events, in the order of fan-out: an event appears once it is fanned out, behind all that are there. */
export class EventService {
  constructor(private readonly database: Database) {}

  async list(actor: Actor, filter: EventFilter, page: PageRequest): Promise<Page<ListedEvent>> {
    actor.require('manage:webhooks');
    return await readPage<ListedEvent>(this.database, listOf(actor, filter), page);
  }

  /**
   * A page of what webhooks are posted, of the types of event whose payload the actor may see.
   * @throws insufficient_scopes when a type is asked for that is none of these
   */
  async listTold(
    actor: Actor,
    read: Unread<typeof ListEvents>,
    readRequest: () => PageRequest,
  ): Promise<Page<ToldEvent>> {
    actor.require('manage:webhooks');
    const { type } = read();
    if (type !== undefined) this.requirePayload(actor, type);
    const seen = type === undefined ? eventTypes.filter((one) => actor.may(scopeOfPayload[one])) : [type];
    const list = listOf(actor, { type: seen.length === eventTypes.length ? null : seen });
    const withBody = { ...list, from: `e.id, ${bodyOf('e')} as body from ${tables}` };
    const { rows, hasMore } = await readPage<Pick<EventEntity, 'id' | 'body'>>(this.database, withBody, readRequest());
    const told: ToldEvent[] = [];
    for (const { id, body } of rows) {
      told.push({ id, told: JSON.parse(body) as Record<string, unknown> });
      await pauseForOthers();
    }
    return { rows: told, hasMore };
  }

  async count(actor: Actor, filter: EventFilter): Promise<number> {
    actor.require('manage:webhooks');
    return await countRows(this.database, listOf(actor, filter));
  }

  async get(actor: Actor, id: string): Promise<ListedEvent> {
    actor.require('manage:webhooks');
    const [event] = isEventId(id) ? await this.getMany(actor, [id]) : [];
    if (event === undefined) throw notFound('event');
    return event;
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<ListedEvent[]> {
    actor.require('manage:webhooks');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** A page of events of each of these objects, which the actor has been found entitled to. */
  async pagesOf(actor: Actor, subjectIds: readonly string[], page: PageRequest) {
    actor.require('manage:webhooks');
    return await readPages<ListedEvent>(this.database, listUnder(actor), subjectIds, page);
  }

  async countsOf(actor: Actor, subjectIds: readonly string[]): Promise<Map<string, number>> {
    actor.require('manage:webhooks');
    return await countRowsOfEach(this.database, listUnder(actor), subjectIds);
  }

  /** @throws unless the actor may read the object inside an event of this type, beside seeing events */
  requirePayload(actor: Actor, type: EventType): void {
    actor.require('manage:webhooks');
    actor.require(scopeOfPayload[type]);
  }

  /** The texts of events whose payload the actor may see. */
  async bodies(actor: Actor, ids: readonly string[]): Promise<{ id: string; body: string }[]> {
    return await this.database.query(selectBodies, [ids, actor.workspaceId]);
  }

  /** Deletes the positions of older events that went with their day's partition, in small batches. */
  async forgetPlacesBefore(eventIdFloor: string, batchRows = 5_000): Promise<void> {
    let deleted: object[];
    do deleted = await this.database.query(forgetPlaces, [eventIdFloor, batchRows]);
    while (deleted.length === batchRows);
  }
}

// In SQL: the position of a cursor's event; a cursor whose event was deleted stands behind the oldest that is kept.
const placeOf = (otherwise: string) =>
  `coalesce((select c.position from event_positions c where c.event_id = $?), ${otherwise})`;
const bound = { older: placeOf('9223372036854775807'), newer: placeOf('0') };

/**
 * In SQL, of an event's place `p` of the workspace `$1`: before or after that of the workspace's nearest event outside of a
 * range of ids, so that the list is read from where the range begins. Fan-out takes events in the order of their ids, but
 * for those whose transactions committed late.
 */
const placeBeside = (compare: string, way: string, otherwise: string) => `coalesce((
  select near.position from event_positions near where near.event_id = (
    select x.id from events x where x.workspace_id = $1 and x.id ${compare} $? order by x.id ${way} limit 1
  )), ${otherwise})`;
const placedAfter = `p.position > ${placeBeside('<', 'desc', '0')}`;
const placedBefore = `p.position < ${placeBeside('>=', 'asc', '9223372036854775807')}`;

function listOf(actor: Actor, filter: EventFilter): List {
  const [from, to] = idsOf(filter.createdAt);
  const where = new Conditions()
    .within('p.workspace_id = $?', actor.workspaceId)
    .and('p.type = any($?)', filter.type)
    .and(`e.subject_id = any (${withMoved('$?')})`, filter.subjectId)
    .and('e.created_at >= $?', filter.createdAt?.gte)
    .and(placedAfter, eventIdOf(from))
    .and('e.created_at < $?', filter.createdAt?.lt)
    .and(placedBefore, eventIdOf(to));
  return { from: `${columns} from ${tables}`, id: 'p.position', where, bound };
}

const eventIdOf = (floor: string | null) => floor && `evt_${floor}`;

function listUnder(actor: Actor): List {
  const where = new Conditions().within('e.workspace_id = $?', actor.workspaceId).always('e.subject_id = parent.id');
  return { from: `${columns} from ${tables}`, id: 'p.position', where, bound };
}
