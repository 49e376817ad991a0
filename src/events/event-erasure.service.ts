import type { Tx } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';

/** In SQL, later than every event: until when what speaks of a contact is erased, of whom nothing can be said later. */
const ever = "'~'";

/**
 * In SQL: whether an event speaks of somebody who is being erased. What it says is shown to nobody and sent nowhere from
 * the commit that begins the erasure, though its text is blanked later.
 */
export const isBeingErased = (eventId: string, subjectId: string) =>
  `(exists (select from erasing_subjects) and is_being_erased(${eventId}, ${subjectId}))`;

const blank = (e: string) => `json_build_object(
  'id', ${e}.id, 'type', ${e}.type, 'created_at', ${e}.body::json -> 'created_at', 'data', '{}'::json
)::text`;

/** In SQL: what an event `e` says, to whoever may see it. */
export const bodyOf = (e: string) =>
  `case when ${isBeingErased(`${e}.id`, `${e}.subject_id`)} then ${blank(e)} else ${e}.body end`;

/** In SQL: whether one of these subjects is a contact that is being erased. */
export const namesErased = (subjects: string) =>
  `(${subjects} && array(select subject_id from erasing_subjects where last_event_id = ${ever}))`;

/** In SQL: the contacts that are erased with their submissions. */
export const contactsErasedWithSubmissions = 'array(select subject_id from erasing_subjects where with_submissions)';

/** In SQL: an object and what was merged into it; `id` is the value's place. */
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
  select a.id, $1, coalesce((select max(s.event_id) from event_subjects s where s.subject_id = a.id), ''), false
  from unnest($3::text[]) a (id)
  returning subject_id as id
`);
const selectMarked = prepared<{ id: string }>(
  'select subject_id as id from erasing_subjects where erasure_id = $1 order by subject_id',
);
const unmarkAll = prepared('delete from erasing_subjects where erasure_id = $1');
const forgetMoved = prepared('delete from moved_subjects where into_id = $1');
/**
 * The latest that are left. Those that name the person are forgotten as they are blanked. Those that happened to the
 * contact itself are found by that, too, should nobody have named it: a process of an older release does not.
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
  ), next as materialized (
    select id from left_of_each order by id desc limit $2
  ), reached as (
    update erasing_subjects set reached = least(reached, (select min(id) from next)) where erasure_id = $1
  )
  select id from next order by id
`);
// Of two erasures that an event speaks of, the first has blanked it.
const blankMany = prepared<{ id: string; subjectId: string }>(`
  update events e set body = ${blank('e')} where e.id = any ($1) and e.body <> ${blank('e')}
  returning e.id, e.subject_id as "subjectId"
`);
const forgetNames = prepared('delete from event_subjects where event_id = any ($1)');

export interface ErasedEvents {
  workspaceId: string;
  eventIds: readonly string[];
}

/** What else holds what an event says: told in the transaction that erases it. */
export interface EventEraser {
  /** Returns how many answers to them it blanked, and as of when it looked for deliveries. */
  erase: (tx: Tx, erased: ErasedEvents) => Promise<{ answers: number; asOf: string }>;
  /** Nobody goes on with what they know of them: under the lock that all deliveries wait for, so it comes last. */
  conclude: (tx: Tx, erased: ErasedEvents & { asOf: string }) => Promise<void>;
}

export interface ErasedBatch extends ErasedEvents {
  /** What they happened to, of each that was still there. */
  blanked: readonly { id: string; subjectId: string }[];
  attempts: number;
  /** Whether none is left. */
  isAll: boolean;
  asOf: string;
}

/** Who events speak of, and how what they say of somebody is forgotten. */
export class EventErasureService {
  private eraser: EventEraser | null = null;

  onErase(eraser: EventEraser): void {
    this.eraser = eraser;
  }

  /** What was said of one object counts as said of another, which took its place. */
  move(tx: Tx, workspaceId: string, fromId: string, intoId: string): void {
    tx.write(moveEarlier, [fromId, intoId]);
    tx.write(insertMoved, [fromId, workspaceId, intoId]);
  }

  /** All that happened to these objects until now speaks of these people. */
  name(tx: Tx, objectIds: readonly string[], people: readonly string[]): void {
    if (objectIds.length > 0 && people.length > 0) tx.write(nameMany, [objectIds, people]);
  }

  /** From this commit on, nothing shows what was said of them. Returns all by which they are named. */
  async mark(
    tx: Tx,
    erasureId: string,
    person: { contactId: string; addresses: readonly string[] },
    withSubmissions: boolean,
  ): Promise<string[]> {
    const marked = await tx.query(markAll, [erasureId, [person.contactId], person.addresses, withSubmissions]);
    return marked.map(({ id }) => id);
  }

  async marked(tx: Tx, erasureId: string): Promise<string[]> {
    return (await tx.query(selectMarked, [erasureId])).map(({ id }) => id);
  }

  /** Blanks the latest events that are left of a marked erasure, at most `limit`, and what was answered to them. */
  async erase(tx: Tx, erasureId: string, workspaceId: string, limit: number): Promise<ErasedBatch> {
    const eventIds = (await tx.query(selectNext, [erasureId, limit])).map(({ id }) => id);
    if (eventIds.length === 0) return { workspaceId, eventIds, blanked: [], attempts: 0, isAll: true, asOf: '' };
    const blanked = await tx.query(blankMany, [eventIds]);
    tx.write(forgetNames, [eventIds]);
    const { answers = 0, asOf = '' } = (await this.eraser?.erase(tx, { workspaceId, eventIds })) ?? {};
    return { workspaceId, eventIds, blanked, attempts: answers, isAll: eventIds.length < limit, asOf };
  }

  /** The last thing that the transaction does which marked them. */
  async conclude(tx: Tx, batch: ErasedBatch): Promise<void> {
    if (batch.eventIds.length > 0) await this.eraser?.conclude(tx, batch);
  }

  /** Once nothing is left. */
  unmark(tx: Tx, erasureId: string, contactId: string): void {
    tx.write(unmarkAll, [erasureId]);
    tx.write(forgetMoved, [contactId]);
  }
}
