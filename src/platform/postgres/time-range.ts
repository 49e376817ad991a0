import { idFloor } from '../id.js';

export interface TimeRange {
  gte?: Date | null;
  lt?: Date | null;
}

/** What is made has its id before its time is told, or after, by no more than this. */
const idsOffMs = 600_000;

/** How the ids begin between which whatever was made in the range lies. */
export function idsOf(range: TimeRange | null | undefined): [from: string | null, to: string | null] {
  const floor = (at: Date | null | undefined, ms: number) => (at == null ? null : idFloor(new Date(at.getTime() + ms)));
  return [floor(range?.gte, -idsOffMs), floor(range?.lt, idsOffMs)];
}

/**
 * In SQL: whether the database's clock wrote this moment within the last `span`. What lies further ahead than that was
 * written while the clock was wrong, and would count until the clock gets there.
 */
export const isInLast = (span: string, moment: string) =>
  `${moment} > now() - interval '${span}' and ${moment} < now() + interval '${span}'`;
