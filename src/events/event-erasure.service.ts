import type { Tx } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';

/** In SQL, an id later than every event's: of a contact that is deleted everything is erased, whenever it happened. */
const ever = "'~'";

/**
 * In SQL: whether an event speaks of somebody who is being erased. From the commit that begins the erasure, the text of
 * such an event is shown to nobody and sent nowhere, although it is blanked only later.
 */
export const isBeingErased = (eventId: string, subjectId: string) =>
  `(exists (select from erasing_subjects) and is_being_erased(${eventId}, ${subjectId}))`;

const blank = (e: string) => `json_build_object(
  'id', ${e}.id, 'type', ${e}.type, 'created_at', ${e}.body::json -> 'created_at', 'data', '{}'::json
)::text`;

/** In SQL: the text of an event `e`; with empty `data` where the event speaks of somebody who is being erased. */
export const bodyOf = (e: string) =>
  `case when ${isBeingErased(`${e}.id`, `${e}.subject_id`)} then ${blank(e)} else ${e}.body end`;

/** In SQL: whether one of these subjects is a contact that is being erased. */
export const namesErased = (subjects: string) =>
  `(${subjects} && array(select subject_id from erasing_subjects where last_event_id = ${ever}))`;

/** In SQL: the contacts that are erased with their submissions. */
export const contactsErasedWithSubmissions = 'array(select subject_id from erasing_subjects where with_submissions)';

/** In SQL: the ids of an object and of all that was merged into it; `id` is a place such as `$1`. */
export const withMoved = (id: string) => `array(
  select m.id from (values (${id}::text)) w (id)
  cross join lateral (select w.id union all select from_id from moved_subjects where into_id = w.id) m (id)
)`;

const moveEarlier = prepared('update moved_subjects set into_id = $2 where into_id = $1');
const insertMoved = prepared('insert into moved_subjects (from_id, workspace_id, into_id) values ($1, $2, $3)');
const nameMany = prepared(`
  insert into event_subjects (event_id, subject_id)
  select e.id, s.id from events e cross join unnest($2::text[]) s (id) where e.subject_id = any ($1)
  on conflict do nothing
`);
const markAll = prepared<{ id: string }>(`
  insert into erasing_subjects (subject_id, erasure_id, last_event_id, with_submissions)
  select c.id, $1, ${ever}, $4 from (
    select unnest($2::text[]) as id union select from_id from moved_subjects where into_id = any ($2)
  ) c
  union all
  select a.id, $1, coalesce((
    select max(s.event_id) from event_subjects s where s.subject_id = a.id and s.event_id < $5
  ), ''), false
  from unnest($3::text[]) a (id)
  returning subject_id as id
`);
const selectMarked = prepared<{ id: string }>(
  'select subject_id as id from erasing_subjects where erasure_id = $1 order by subject_id',
);
const unmarkAll = prepared('delete from erasing_subjects where erasure_id = $1');
const forgetMoved = prepared('delete from moved_subjects where into_id = $1');
/**
 * The latest events that are left to blank. An event is found because it names the person, by a row that is deleted as
 * the event is blanked. Events of the contact itself are also found by their object, since a process of an older release
 * publishes events that name nobody.
 */
const selectNext = prepared<{ id: string }>(`
  with left_of_each as materialized (
    select s.event_id as id from erasing_subjects x cross join lateral (
      select s.event_id from event_subjects s where s.subject_id = x.subject_id and s.event_id <= x.last_event_id
      order by s.event_id desc limit $2
    ) s
    where x.erasure_id = $1
    union
    select e.id from erasing_subjects x cross join lateral (
      select e.id from events e where e.subject_id = x.subject_id and e.id < x.reached and e.id <= x.last_event_id
      order by e.id desc limit $2
    ) e
    where x.erasure_id = $1
  )
  select id from (select id from left_of_each order by id desc limit $2) next order by id
`);
const noteReached = prepared('update erasing_subjects set reached = least(reached, $2) where erasure_id = $1');
// An event that speaks of two people who are erased is blanked by the first erasure and passed over by the second.
const blankMany = prepared<{ id: string; subjectId: string }>(`
  update events e set body = ${blank('e')} where e.id = any ($1) and e.body <> ${blank('e')}
  returning e.id, e.subject_id as "subjectId"
`);
const forgetNames = prepared('delete from event_subjects where event_id = any ($1)');

export interface ErasedEvents {
  workspaceId: string;
  eventIds: readonly string[];
  /** Their people are marked in this very transaction: nobody who makes or makes use of deliveries knows of it yet. */
  isFirst: boolean;
}

/** A later room that keeps what events say (deliveries do); it acts in the transaction that blanks the events. */
export type EventEraser = (tx: Tx, events: ErasedEvents) => Promise<ErasedElsewhere>;

export interface ErasedElsewhere {
  /** Which of the events may be erased now: all, or the latest of them, where others would wait too long for the locks. */
  eventIds: readonly string[];
  /** How many answers to these were blanked. */
  answers: number;
  /** The last thing of the transaction that marks their people: under locks that everybody's deliveries wait for. */
  conclude: (tx: Tx) => Promise<void>;
}

export interface ErasedBatch {
  /** The events that were still there, each with the object that it happened to. */
  blanked: readonly { id: string; subjectId: string }[];
  attempts: number;
  /** Whether none is left. */
  isAll: boolean;
  /** See `ErasedElsewhere`. */
  conclude: (tx: Tx) => Promise<void>;
}

const nothing = { blanked: [], attempts: 0, isAll: true, conclude: async () => {} };

/** Keeps of whom events speak, and erases what events say of a person. */
export class EventErasureService {
  private eraser: EventEraser | null = null;

  onErase(eraser: EventEraser): void {
    this.eraser = eraser;
  }

  /** Events of one object count as events of the other, into which it was merged. */
  move(tx: Tx, workspaceId: string, fromId: string, intoId: string): void {
    tx.write(moveEarlier, [fromId, intoId]);
    tx.write(insertMoved, [fromId, workspaceId, intoId]);
  }

  /** Notes that all events of these objects until now speak of these people. */
  name(tx: Tx, objectIds: readonly string[], people: readonly string[]): void {
    if (objectIds.length > 0 && people.length > 0) tx.write(nameMany, [objectIds, people]);
  }

  /**
   * From this commit on nothing shows what events say of the person.
   * @param before an address names the person in events with smaller ids alone; later it may be somebody else's
   * @returns all names of the person
   */
  async mark(
    tx: Tx,
    erasureId: string,
    person: { contactId: string; addresses: readonly string[] },
    withSubmissions: boolean,
    before: string,
  ): Promise<string[]> {
    const { contactId, addresses } = person;
    const marked = await tx.query(markAll, [erasureId, [contactId], addresses, withSubmissions, `evt_${before}`]);
    return marked.map(({ id }) => id);
  }

  async marked(tx: Tx, erasureId: string): Promise<string[]> {
    return (await tx.query(selectMarked, [erasureId])).map(({ id }) => id);
  }

  /** Blanks the latest events that are left of a marked erasure, `limit` at most, and receivers' answers to them. */
  async erase(tx: Tx, erasureId: string, workspaceId: string, limit: number, isFirst: boolean): Promise<ErasedBatch> {
    const next = (await tx.query(selectNext, [erasureId, limit])).map(({ id }) => id);
    if (next.length === 0 || this.eraser === null) return nothing;
    const { eventIds, answers, conclude } = await this.eraser(tx, { workspaceId, eventIds: next, isFirst });
    tx.write(noteReached, [erasureId, eventIds[0]]);
    const blanked = await tx.query(blankMany, [eventIds]);
    tx.write(forgetNames, [eventIds]);
    const isAll = next.length < limit && eventIds.length === next.length;
    return { blanked, attempts: answers, isAll, conclude };
  }

  /** Ends the marking, once no event is left to blank. */
  unmark(tx: Tx, erasureId: string, contactId: string): void {
    tx.write(unmarkAll, [erasureId]);
    tx.write(forgetMoved, [contactId]);
  }
}
