import { useSyncExternalStore } from 'react';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const tickMs = 10 * second;

const relative = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const utc = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long', timeZone: 'UTC' });
const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const dayAndHours = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});
const ago = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

const listeners = new Set<() => void>();
let nowMs = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  nowMs = Date.now();
  for (const one of listeners) one();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  if (ticking === undefined) {
    ticking = setInterval(tick, tickMs);
    tick();
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

const now = () => nowMs;

/** The time, which moves on every ten seconds, for all that tells how long ago something was. */
export const useNow = (): number => useSyncExternalStore(listen, now);

/** "3 minutes ago", "in 4 hours", "yesterday"; beyond a month the date. */
export function fromNow(atMs: number, current = Date.now()): string {
  const ms = atMs - current;
  const size = Math.abs(ms);
  // The server's clock may be a little ahead of the reader's.
  if (size < 45 * second) return ms > 2 * second ? 'in a moment' : 'just now';
  if (size < hour) return ago.format(Math.round(ms / minute), 'minute');
  if (size < day) return ago.format(Math.round(ms / hour), 'hour');
  if (size < 31 * day) return ago.format(Math.round(ms / day), 'day');
  return relative.format(atMs);
}

const isSameDay = (one: number, other: number) => new Date(one).toDateString() === new Date(other).toDateString();

interface TimeProps {
  /** As the server tells it, in UTC. */
  at: string;
  /** `clock`: the time of day; `moment`: as short as says when; `exact`: date and time; else how long ago or ahead. */
  as?: 'relative' | 'clock' | 'moment' | 'exact' | 'date';
  /** Said beside the exact time, such as how exact it is. */
  note?: string;
}

const moment = (atMs: number) => (isSameDay(atMs, Date.now()) ? hours : dayAndHours).format(atMs);

/** A moment in the reader's zone; in UTC under the pointer. */
export function Time({ at, as = 'relative', note }: TimeProps) {
  // Draws it anew as time goes by.
  useNow();
  const atMs = Date.parse(at);
  const text = {
    relative: () => fromNow(atMs),
    clock: () => clock.format(atMs),
    moment: () => moment(atMs),
    exact: () => exact.format(atMs),
    date: () => relative.format(atMs),
  }[as]();
  const title = [exact.format(atMs), utc.format(atMs), note].filter(Boolean).join('\n');
  return (
    <time className="number" dateTime={at} title={title}>
      {text}
    </time>
  );
}

const units: readonly (readonly [ms: number, name: string])[] = [
  [day, 'd'],
  [hour, 'h'],
  [minute, 'min'],
  [second, 's'],
];

/** "120 ms", "4 min 10 s": two units at most, on one line. */
export const duration = (ms: number): string => lengthOf(ms).replaceAll(' ', '\u00a0');

function lengthOf(ms: number): string {
  if (ms < second) return `${Math.round(ms)} ms`;
  if (ms < 10 * second) return `${(ms / second).toFixed(1)} s`;
  const at = units.findIndex(([size]) => ms >= size);
  const [[size, name] = [second, 's'], next] = units.slice(at, at + 2);
  const whole = Math.floor(ms / size);
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[0]);
  return rest === 0 || next === undefined ? `${whole} ${name}` : `${whole} ${name} ${rest} ${next[1]}`;
}
