import type { MemorySample } from './ground.js';

export interface MemoryAccount {
  process: string;
  /** null: too few samples after the warm-up to tell a slope from noise. */
  slopeBytesPerMinute: number | null;
  /** Medians of the first and the last third after the warm-up. */
  liveBytesBefore: number;
  liveBytesAfter: number;
  residentBytesBefore: number;
  residentBytesAfter: number;
  isFlat: boolean;
}

const samplesMin = 12;
/** Growth over the measured time that is not told from caches that still fill; the longer the soak, the sharper. */
const growthShareMax = 0.1;
const growthBytesMin = 4 * 1_048_576;

/** What a process held after each full collection, and whether that grew once it was warm. */
export function memoryAccount(process: string, all: readonly MemorySample[], warmAt: number): MemoryAccount {
  const samples = all.filter(({ at }) => at >= warmAt);
  const third = Math.max(1, Math.floor(samples.length / 3));
  const [first, last] = [samples.slice(0, third), samples.slice(-third)];
  const middle = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const live = ({ liveBytes }: MemorySample) => liveBytes;
  const resident = ({ residentBytes }: MemorySample) => residentBytes;
  // Of all pairs, the slope in the middle: no single sample moves it.
  const slopes = samples.flatMap((one, index) =>
    samples.slice(index + 1).map((other) => ((live(other) - live(one)) / (other.at - one.at)) * 60_000),
  );
  const enough = samples.length >= samplesMin;
  const slope = enough ? middle(slopes) : null;
  const minutes = ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 60_000;
  const liveBytesBefore = middle(first.map(live));
  const growthMax = Math.max(growthBytesMin, liveBytesBefore * growthShareMax);
  return {
    process,
    slopeBytesPerMinute: slope,
    liveBytesBefore,
    liveBytesAfter: middle(last.map(live)),
    residentBytesBefore: middle(first.map(resident)),
    residentBytesAfter: middle(last.map(resident)),
    isFlat: slope === null || slope * minutes <= growthMax,
  };
}
