/** What a worker told of itself when it last renewed its lease. */
export interface WorkerLoad {
  readonly id: number;
  /** How many of its endpoints have more waiting than it has begun; null: it is of a release that does not tell. */
  readonly behind: number | null;
}

/** Differences from the mean up to this share come and go by themselves. */
const tolerance = 1.25;

/**
 * How many endpoints a worker hands to which others, so that all are behind with equally many. Others that have too many
 * do the same by the same numbers, so each fills only its part of what the others lack.
 */
export function shareLoad(workerId: number, behind: number, workers: readonly WorkerLoad[]): Map<number, number> {
  const others = workers.flatMap(({ id, behind }) => (id === workerId || behind === null ? [] : [{ id, behind }]));
  const mean = others.reduce((sum, other) => sum + other.behind, behind) / (others.length + 1);
  const given = new Map<number, number>();
  if (behind <= mean * tolerance) return given;
  const lacking = others.filter((other) => other.behind < mean).toSorted((a, b) => a.behind - b.behind);
  const lack = lacking.reduce((sum, other) => sum + mean - other.behind, 0);
  let left = Math.floor(behind - mean);
  for (const other of lacking) {
    const count = Math.min(left, Math.ceil(((behind - mean) * (mean - other.behind)) / lack));
    if (count > 0) given.set(other.id, count);
    left -= count;
  }
  return given;
}
