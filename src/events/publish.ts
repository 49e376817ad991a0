import { now, nowMs } from '../platform/clock.js';
import { placeOfEvent, type Tracing } from '../platform/tracing.js';
import { workAccount } from '../platform/work/work-account.js';
import type { Tx } from '../platform/postgres/database.js';
import { recordset, recordsetValues, type Columns } from '../platform/postgres/recordset.js';
import { prepared } from '../platform/postgres/statement.js';
import { idFloor, isId, nextMoment, type Moment } from '../platform/id.js';
import { isoTime } from '../platform/postgres/timestamps.js';
import type { Jobs } from '../platform/postgres/jobs.js';
import type { Appender } from '../platform/postgres/group-commit.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import type { EventType } from './event-type.js';

/** One job per commit that published events: it is done once they are fanned out. */
export const fanOutQueue = 'webhook-fan-out';

export interface FanOutJob {
  eventIds: string[];
}

export interface NewEvent {
  workspaceId: string;
  type: EventType;
  /** When it happened, and the event's id; made under the lock of the changed row. */
  moment: Moment;
  /**
   * The id of the object it happened to. Where that is a contact, the event is blanked with the contact's deletion, so what
   * is to outlive a contact has no contact as its subject.
   */
  subjectId: string;
  /**
   * Ids of contacts and digests of addresses that its text speaks of, beside a contact that is its subject: when one of
   * these people is erased, so is the text. Whoever publishes says so, also where the text names nobody.
   */
  people: readonly string[];
  /** The object as REST shows it, by its name: `{ submission: {…} }`. */
  data: object;
}

interface EventRow {
  id: string;
  workspaceId: string;
  type: EventType;
  subjectId: string;
  body: string;
  createdAt: Date;
  people: readonly string[];
}

const eventColumns: Columns<EventRow> = {
  id: ['word', ({ id }) => id],
  workspace_id: ['word', ({ workspaceId }) => workspaceId],
  type: ['word', ({ type }) => type],
  subject_id: ['word', ({ subjectId }) => subjectId],
  body: ['text', ({ body }) => body],
  created_at: ['timestamptz', ({ createdAt }) => isoTime(createdAt)],
};
/** Whom an event's text speaks of. */
const personColumns: Columns<{ eventId: string; person: string }> = {
  event_id: ['word', ({ eventId }) => eventId],
  subject_id: ['text', ({ person }) => person],
};
const firstPersonColumn = 1 + Object.keys(eventColumns).length;

const insertEvents = prepared(`
  with named as (
    insert into event_subjects (${Object.keys(personColumns).join(', ')})
    select * from ${recordset(personColumns, 'person', firstPersonColumn)}
  ), waiting as (
    insert into event_fan_outs (event_id) select * from unnest($1::text[])
  )
  insert into events (${Object.keys(eventColumns).join(', ')}) select * from ${recordset(eventColumns, 'event', 1)}
`);

const lastFrom = prepared<{ id: string }>(
  'select id from events where subject_id = $1 and id >= $2 order by id desc limit 1',
);

/**
 * The moment of a change of an object and the id of its event, which is greater than the ids of all the object's events,
 * also of those that a clock made which was ahead. The caller has locked the object's row.
 */
export async function momentAfter(tx: Tx, subjectId: string, lastChange: Date): Promise<Moment> {
  const [last] = await tx.query(lastFrom, [subjectId, `evt_${idFloor(now())}`]);
  return nextMoment(lastChange, last?.id);
}

export class EventPublisher {
  constructor(
    private readonly jobs: Jobs,
    private readonly notifications: Notifications,
    private readonly tracing: Tracing,
  ) {}

  /** The event rows, and the job of fanning them out, in the commit of the change. */
  publish(tx: Tx, ...events: NewEvent[]): void {
    if (events.length === 0) return;
    const rows = events.map(({ workspaceId, type, moment, subjectId, people, data }): EventRow => {
      // The body is frozen now, so that a retry tomorrow sends what was true at the event.
      const body = JSON.stringify({ id: moment.eventId, type, created_at: isoTime(moment.at), data });
      const everybody = isId(subjectId, 'contact') ? [subjectId, ...people] : people;
      tx.speakOf(everybody);
      return { id: moment.eventId, workspaceId, type, subjectId, body, createdAt: moment.at, people: everybody };
    });
    tx.append(this.appender, rows);
    tx.afterCommit(() => this.notifications.send('events'));
    if (this.tracing.isOn) this.trace(tx, events);
  }

  /** A span for each event, which its deliveries are part of and which leads to the request that caused it. */
  private trace(tx: Tx, events: readonly NewEvent[]): void {
    const cause = workAccount()?.span ?? undefined;
    tx.afterCommit(() => {
      for (const { type, moment, subjectId } of events) {
        const attributes = { 'iozen.event_id': moment.eventId, 'iozen.subject_id': subjectId };
        const place = placeOfEvent(moment.eventId);
        const at = { startedAtMs: nowMs(), ms: 0, failed: false };
        this.tracing.record({ name: `publish ${type}`, kind: 'producer', ...at, place, cause, attributes });
      }
    });
  }

  private readonly appender: Appender<EventRow> = {
    writesOf: async (rows) => {
      const named = rows.flatMap(({ id: eventId, people }) =>
        [...new Set(people)].map((person) => ({ eventId, person })),
      );
      const data: FanOutJob = { eventIds: rows.map(({ id }) => id) };
      const values = [...recordsetValues(eventColumns, rows), ...recordsetValues(personColumns, named)];
      return [{ statement: insertEvents, values }, ...(await this.jobs.insertion(fanOutQueue, [{ data }]))];
    },
  };
}
