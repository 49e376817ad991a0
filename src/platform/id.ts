import { randomFillSync, randomInt } from 'node:crypto';

/**
 * Ids carry their time and kind: `c`, 8 base-36 characters of milliseconds, one character for the kind, 15 more that
 * make it unique: 6 of a counter that starts anywhere and only grows within a millisecond, 9 random ones.
 * They sort by time of creation as text in the C collation.
 */
export const kinds = {
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
} as const;

export type Kind = keyof typeof kinds;

const form = /^c[a-z0-9]{24}$/;
const counterEnd = 36 ** 6;
const randomEnd = 36 ** 9;

let lastMs = 0;
let counter = 0;
let writtenMs = -1;
let msText = '';

/** Ids made by one process never step back, whatever its clock does. */
export function newId(kind: Kind): string {
  return idAt(kind, tick());
}

export function isId(value: unknown, kind: Kind): value is string {
  return typeof value === 'string' && form.test(value) && value[9] === kinds[kind];
}

/** Ids of one millisecond later than `afterMs`, for a statement that numbers its rows: `start`, six digits, `end`. */
export interface NumberedIds {
  readonly ms: number;
  readonly start: string;
  readonly end: string;
  /** `number` has at most six digits. */
  at: (number: number) => string;
}

export function numberedIds(kind: Kind, afterMs: number): NumberedIds {
  const ms = tick(new Date(afterMs));
  const start = `c${pad(ms, 8)}${kinds[kind]}`;
  const end = pad(randomBits48() % randomEnd, 9);
  return { ms, start, end, at: (number) => `${start}${String(number).padStart(6, '0')}${end}` };
}

/** The kind an id names, or null for anything that is no id of ours. */
export function kindOf(id: string): Kind | null {
  if (isEventId(id)) return 'event';
  if (!form.test(id) || id[9] === kinds.event) return null;
  return (Object.keys(kinds) as Kind[]).find((kind) => kinds[kind] === id[9]) ?? null;
}

export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('evt_') && isId(value.slice(4), 'event');
}

/** When the event of that id happened, in Unix milliseconds. */
export const happenedAt = (eventId: string) => parseInt(eventId.slice(5, 13), 36);

/** The smallest id text of a moment: a bound for "older than", whatever the kind. */
export function idFloor(at: Date): string {
  return `c${at.getTime().toString(36).padStart(8, '0')}`;
}

/**
 * The moment of a change, and the id of the event that tells of it. Made under the lock of the changed row and later
 * than its last change, so that one object's events follow its history exactly, even between machines whose clocks
 * differ.
 */
export interface Moment {
  at: Date;
  eventId: string;
}

export function nextMoment(lastChange?: Date): Moment {
  const atMs = tick(lastChange);
  return { at: new Date(atMs), eventId: `evt_${idAt('event', atMs)}` };
}

function tick(after?: Date): number {
  const ms = Math.max(Date.now(), lastMs, after === undefined ? 0 : after.getTime() + 1);
  if (ms > lastMs || counter >= counterEnd - 1) {
    lastMs = ms > lastMs ? ms : lastMs + 1;
    // In the lower half, so that a millisecond has a billion ids left.
    counter = randomInt(counterEnd / 2);
  }
  return lastMs;
}

function idAt(kind: Kind, ms: number): string {
  counter += 1;
  const random = randomBits48() % randomEnd;
  if (ms !== writtenMs) {
    writtenMs = ms;
    msText = pad(ms, 8);
  }
  return `c${msText}${kinds[kind]}${pad(counter, 6)}${pad(random, 9)}`;
}

const pool = new Uint16Array(1_536);
let drawn = pool.length;

/** From a pool: the system's generator takes as long for one number as for a few hundred. */
function randomBits48(): number {
  if (drawn === pool.length) {
    randomFillSync(pool);
    drawn = 0;
  }
  const [high = 0, middle = 0, low = 0] = pool.subarray(drawn, (drawn += 3));
  return high * 2 ** 32 + middle * 2 ** 16 + low;
}

const pad = (value: number, length: number) => value.toString(36).padStart(length, '0');
