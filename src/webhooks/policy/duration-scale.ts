/**
 * How long attempts took, as counts on a scale of fixed logarithmic steps: each step has one value, and every whole
 * number of milliseconds that the step holds is within a tenth of that value. Histograms that are kept name steps by
 * their number, so a scale of other steps would read them as other durations.
 */
interface Step {
  valueMs: number;
  lastMs: number;
}

/** The longest deadline that an operator may set. What takes longer counts as the last step. */
const longestMs = 120_000;

const steps: readonly Step[] = stepsUpTo(longestMs);

function stepsUpTo(ms: number): Step[] {
  const made: Step[] = [{ valueMs: 0, lastMs: 0 }];
  for (let firstMs = 1; firstMs <= ms;) {
    const valueMs = Math.floor((firstMs * 11) / 10);
    const lastMs = Math.floor((valueMs * 10) / 9);
    made.push({ valueMs, lastMs });
    firstMs = lastMs + 1;
  }
  return made;
}

export const stepCount = steps.length;

/** The number of the step that holds so many milliseconds. */
export function stepOf(ms: number): number {
  const step = steps.findIndex(({ lastMs }) => ms <= lastMs);
  return step === -1 ? steps.length - 1 : step;
}

/** The value of the step up to which this part of all durations lies, such as 0.95; null where none was counted. */
export function percentileMs(counts: readonly (number | null)[], part: number): number | null {
  const total = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(total * part));
  let upTo = 0;
  const step = counts.findIndex((count) => (upTo += count ?? 0) >= rank);
  return steps[step]?.valueMs ?? longestMs;
}
