import { randomInt } from 'node:crypto';
import { notableMs, nowMs } from './clock.js';

/**
 * Ids carry their time and kind: `c`, 8 base-36 characters of milliseconds, one character for the kind, 15 more that
 * make it unique: 6 of a counter that starts anywhere and only grows within a millisecond, 9 random ones.
 * They sort by time of creation as text in the C collation.
 */
const kinds = {
  workspace: 'w',
  user: 'u',
  session: 'l',
  invitation: 'n',
  apiKey: 'k',
  intakeBot: 'b',
  submission: 's',
  message: 'm',
  contact: 'p',
  record: 'r',
  event: 'e',
  webhookEndpoint: 'h',
  webhookDelivery: 'd',
  replay: 'y',
  notice: 'o',
  auditEntry: 'a',
  erasure: 'x',
  conversionDestination: 't',
  conversion: 'v',
} as const;

export type Kind = keyof typeof kinds;

const form = /^c[a-z0-9]{24}$/;
const counterEnd = 36 ** 6;
const randomEnd = 36 ** 9;
/** The last millisecond that eight characters can say, in the year 2059. */
const lastIdMs = 36 ** 8 - 1;
/** An id of another process is followed up to so far ahead of this process's time: true clocks differ by less. */
export const followedMsMax = notableMs;

let lastMs = 0;
let counter = 0;

/**
 * Ids that one process makes never step back, whatever its clock does.
 * @param last an id that the new one has to be greater than, for a sequence such as a workspace's audit entries
 */
export function newId(kind: Kind, last: string | null = null): string {
  return greater(idAt(kind, tick()), last);
}

/** Called once a process, when an id or a time turns out to be of a clock that was wrong. */
let onAhead: ((ms: number) => void) | null = null;

export function whenTimeIsAhead(listener: (ms: number) => void): void {
  onAhead = listener;
}

export function isId(value: unknown, kind: Kind): value is string {
  return typeof value === 'string' && form.test(value) && value[9] === kinds[kind];
}

/**
 * Ids of one millisecond, for what is made under one lock: `start`, six digits, `end`. They are later than `afterMs`,
 * unless that is far ahead of the time.
 */
export interface NumberedIds {
  readonly ms: number;
  readonly start: string;
  readonly end: string;
  /** `number` has at most six digits. */
  at: (number: number) => string;
}

export function numberedIds(kind: Kind, afterMs: number): NumberedIds {
  const ms = following(afterMs);
  const start = `c${pad(ms, 8)}${kinds[kind]}`;
  const end = pad(randomInt(randomEnd), 9);
  return { ms, start, end, at: (number) => `${start}${String(number).padStart(6, '0')}${end}` };
}

/** The kind of thing that an id names; null for a text that is no id of ours. */
export function kindOf(id: string): Kind | null {
  if (isEventId(id)) return 'event';
  if (!form.test(id) || id[9] === kinds.event) return null;
  return (Object.keys(kinds) as Kind[]).find((kind) => kinds[kind] === id[9]) ?? null;
}

export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('evt_') && isId(value.slice(4), 'event');
}

/** When the event with this id happened, in Unix milliseconds. */
export const happenedAt = (eventId: string) => parseInt(eventId.slice(5, 13), 36);

/** A bound for "older than" in a list of ids of any kind: no id of that moment, or later, is smaller. */
export function idFloor(at: Date): string {
  return `c${pad(Math.min(Math.max(at.getTime() || 0, 0), lastIdMs), 8)}`;
}

/** Whether a clock that was wrong has made an id: no true clock is so far ahead. */
export const isAhead = (id: string) => id > idFloor(new Date(nowMs() + followedMsMax));

/**
 * The moment of a change, and the id of its event. Made under the lock of the changed row and later than the row's last
 * change, so that the events of an object follow its history exactly, also between machines whose clocks differ.
 */
export interface Moment {
  at: Date;
  eventId: string;
}

/**
 * Moments and ids of other objects are left as they are. A last change that is far ahead of the time is not followed.
 * @param lastEventId the id of the object's last event, where that is not older than the time: the new id is greater
 */
export function nextMoment(lastChange?: Date, lastEventId: string | null = null): Moment {
  const atMs = following(lastChange?.getTime() ?? 0);
  // Not before the ids that this process has made, should its clock have been put back.
  const id = idAt('event', Math.max(atMs, lastMs));
  return { at: new Date(atMs), eventId: `evt_${greater(id, lastEventId?.slice(4) ?? null)}` };
}

/** Ends this millisecond: ids that are made from here on are later than all before. */
export function endMillisecond(): Date {
  const ms = tick() + 1;
  startAt(ms);
  return new Date(ms);
}

/** The time, or a millisecond after `afterMs` where that is a little ahead of the time. */
function following(afterMs: number): number {
  const trueMs = nowMs();
  const heldMs = tick();
  const ms = heldMs <= trueMs + followedMsMax ? heldMs : trueMs;
  if (afterMs <= ms + followedMsMax) return Math.max(ms, afterMs + 1);
  onAhead?.(afterMs);
  onAhead = null;
  return ms;
}

/** The millisecond of the next id: it stands still where the clock steps back, and otherwise follows the clock alone. */
function tick(): number {
  const ms = nowMs();
  if (ms > lastMs) startAt(ms);
  else if (counter >= counterEnd - 1) startAt(lastMs + 1);
  return lastMs;
}

function startAt(ms: number): void {
  lastMs = ms;
  // The counter starts in the lower half, so that a millisecond has a billion ids left.
  counter = randomInt(counterEnd / 2);
}

/** The id as it was made if it is greater than the last one; else the next after the last one. */
function greater(made: string, last: string | null): string {
  return last === null || made > last ? made : idAfter(last);
}

function idAfter(id: string): string {
  const next = parseInt(id.slice(10, 16), 36) + 1;
  const ms = parseInt(id.slice(1, 9), 36);
  const [inMs, place] = next < counterEnd ? [ms, next] : [ms + 1, 0];
  return `c${pad(inMs, 8)}${id.slice(9, 10)}${pad(place, 6)}${pad(randomInt(randomEnd), 9)}`;
}

function idAt(kind: Kind, ms: number): string {
  counter += 1;
  return `c${pad(ms, 8)}${kinds[kind]}${pad(counter, 6)}${pad(randomInt(randomEnd), 9)}`;
}

const pad = (value: number, length: number) => value.toString(36).padStart(length, '0');
