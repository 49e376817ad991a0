import { dayMs } from '../clock.js';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const daysKeptMax = 1_000;

const days = new Map<number, string>();
const starts = new Map<string, number>();
const padded = (count: number, digits: number) =>
  Array.from({ length: count }, (_, number) => String(number).padStart(digits, '0'));
const twoDigits = padded(60, 2);
const threeDigits = padded(1_000, 3);

/**
 * Writes a date as `Date.toISOString` does, in a fifth of the time: computing the calendar takes long, so the text of each
 * day is kept. In a list of 50 submissions dates took a fifth of the time of the whole answer.
 */
export function isoTime(at: Date): string {
  const ms = at.getTime();
  const day = Math.floor(ms / dayMs);
  const inDay = ms - day * dayMs;
  const hours = Math.floor(inDay / hourMs);
  const minutes = Math.floor(inDay / minuteMs) % 60;
  const seconds = Math.floor(inDay / secondMs) % 60;
  return `${days.get(day) ?? keepDay(day)}${twoDigits[hours]}:${twoDigits[minutes]}:${twoDigits[seconds]}.${threeDigits[inDay % secondMs]}Z`;
}

/**
 * Reads a timestamp as PostgreSQL writes it in UTC, `2026-01-15 10:30:00.123+00`; null for any other form. `Date` takes
 * three times as long, and a list of 50 has a hundred of them.
 */
export function readTimestamp(text: string): Date | null {
  const { length } = text;
  if (length < 22 || length > 29 || text.charCodeAt(10) !== space || !text.endsWith('+00')) return null;
  const two = (at: number) => (text.charCodeAt(at) - zero) * 10 + text.charCodeAt(at + 1) - zero;
  const fraction = length === 22 ? 0 : Math.trunc(Number(text.slice(19, -3)) * secondMs + 1e-6);
  const inDay = two(11) * hourMs + two(14) * minuteMs + two(17) * secondMs + fraction;
  const day = text.slice(0, 10);
  return new Date((starts.get(day) ?? keepStart(day)) + inDay);
}

const space = 0x20;
const zero = 0x30;

function keepStart(day: string): number {
  const ms = Date.parse(`${day}T00:00:00Z`);
  if (starts.size >= daysKeptMax) starts.clear();
  starts.set(day, ms);
  return ms;
}

/** `2026-01-15T` */
function keepDay(day: number): string {
  const text = new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length);
  if (days.size >= daysKeptMax) days.clear();
  days.set(day, text);
  return text;
}
