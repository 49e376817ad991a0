import { RE2JS } from 're2js';

export const patternCharactersMax = 200;
/** `[\pL ]{1,1000}` compiles to 2,001 instructions; nested repeats reach 34,000 within 200 characters. */
const instructionsMax = 2_500;
/** Compiling costs 0.7 µs an instruction: 0.1 s a schema, where 200 patterns of the worst kind would take 3 s. */
const instructionsTogetherMax = 100_000;
/** Matching is linear in the text, times the instructions in the worst case: 65 ns a step, so 0.3 s at most. */
const stepsMax = 5_000_000;
const compiledMax = 64;
// A compiled pattern remembers the states it met, about 17 bytes a step, and has no way to forget them.
const stepsKept = 200_000;

interface Compiled {
  readonly regex: RE2JS;
  steps: number;
}

const cache = new Map<string, Compiled | null>();

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
    // Saved patterns were compiled once; should a later engine refuse one, answers must still get in.
    if (compiled === null) return 'matches';
    const steps = compiled.regex.programSize() * (text.length + 1);
    if (steps > this.stepsLeft) return 'unchecked';
    this.stepsLeft -= steps;
    compiled.steps += steps;
    if (compiled.steps > stepsKept) cache.delete(pattern);
    return compiled.regex.testExact(text) ? 'matches' : 'differs';
  }
}

function compile(pattern: string): Compiled | null {
  let compiled = cache.get(pattern);
  if (compiled === undefined) {
    try {
      compiled = { regex: RE2JS.compile(pattern), steps: 0 };
    } catch {
      compiled = null;
    }
  }
  // The most recently used stands last.
  cache.delete(pattern);
  cache.set(pattern, compiled);
  const [oldest] = cache.keys();
  if (cache.size > compiledMax && oldest !== undefined) cache.delete(oldest);
  return compiled;
}
