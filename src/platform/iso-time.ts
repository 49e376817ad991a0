const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const daysKeptMax = 1_000;

const days = new Map<number, string>();
const padded = (count: number, digits: number) =>
  Array.from({ length: count }, (_, number) => String(number).padStart(digits, '0'));
const twoDigits = padded(60, 2);
const threeDigits = padded(1_000, 3);

/**
 * What `Date.toISOString` gives, in a fifth of its time: it is the calendar that takes long, and a day's is kept. In a
 * list of 50 submissions, dates took a fifth of the whole answer; `JSON.stringify` asks each for itself, slower still.
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

/** `2026-01-15T` */
function keepDay(day: number): string {
  const text = new Date(day * dayMs).toISOString().slice(0, -'00:00:00.000Z'.length);
  if (days.size >= daysKeptMax) days.clear();
  days.set(day, text);
  return text;
}
