import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';

export const patternCharactersMax = 200;
/** `[\pL ]{1,1000}` compiles to 2,001 instructions; nested repeats reach 34,000 within 200 characters. */
const instructionsMax = 2_500;
/** Compiling costs 0.7 µs an instruction: 30 ms a schema, where 200 patterns of the worst kind would take 3 s. */
const instructionsTogetherMax = 40_000;
/** Matching is linear in the text, times the instructions in the worst case: 65 ns a step, so 30 ms at most. */
const stepsMax = 500_000;
/** The memory for compiled patterns; one caller's many patterns push out others', which then are compiled again. */
const keptBytesMax = 32 * 1_048_576;
const bytesOfOne = 4_000;
const bytesAnInstruction = 200;
// A compiled pattern remembers the states that it has met and cannot forget them: it grows with each step of matching.
const bytesAStep = 17;
const stepsKept = 200_000;

interface Compiled {
  /** null: the engine, a later version, refuses a pattern that was saved. */
  readonly regex: RE2JS | null;
  steps: number;
}

const kept = new LRUCache<string, Compiled>({ maxSize: keptBytesMax, sizeCalculation: bytesOf });

/** Reviews the patterns of one schema before it is saved; the work of compiling them is bounded too. */
export class PatternReview {
  private instructionsLeft = instructionsTogetherMax;

  /** Why `pattern` cannot be used, as the end of a sentence; null when it can. Syntax is RE2's. */
  problem(pattern: string): string | null {
    if (this.instructionsLeft <= 0) return "must be a simpler pattern: the schema's patterns together are too large";
    try {
      const instructions = RE2JS.compile(pattern).programSize();
      this.instructionsLeft -= instructions;
      return instructions <= instructionsMax ? null : 'must be a simpler pattern: its repeats multiply too far';
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message.replace(/^error parsing regexp: /, '') : 'unreadable';
      return `must be a regular expression in RE2 syntax (no look-around, no back-references): ${reason}`;
    }
  }
}

/**
 * Matches patterns for one set of answers, whose total work is bounded, so that no bot can hold up the process.
 * A pattern speaks about the whole text, as in HTML: `\d{4}` does not match `12345`. `.` is one character, emoji too.
 */
export class PatternChecks {
  private stepsLeft = stepsMax;

  /** `unchecked` when the text is too long for what is left of the budget. */
  check(pattern: string, text: string): 'matches' | 'differs' | 'unchecked' {
    const compiled = compile(pattern);
    const { regex } = compiled;
    // The pattern compiled when it was saved; should a later engine refuse it, answers must still be accepted.
    if (regex === null) return 'matches';
    const steps = regex.programSize() * (text.length + 1);
    if (steps > this.stepsLeft) return 'unchecked';
    this.stepsLeft -= steps;
    kept.delete(pattern);
    compiled.steps += steps;
    if (compiled.steps <= stepsKept) kept.set(pattern, compiled);
    return regex.testExact(text) ? 'matches' : 'differs';
  }
}

function compile(pattern: string): Compiled {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const compiled = { regex: regexOf(pattern), steps: 0 };
  kept.set(pattern, compiled);
  return compiled;
}

function regexOf(pattern: string): RE2JS | null {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return null;
  }
}

function bytesOf({ regex, steps }: Compiled): number {
  return bytesOfOne + (regex === null ? 0 : regex.programSize() * bytesAnInstruction) + steps * bytesAStep;
}

/** How many compiled patterns are kept, and how many bytes they take. */
export const keptPatterns = () => ({ patterns: kept.size, bytes: kept.calculatedSize });
