import { UsageError } from './usage-error.js';

/** What was given, by the option's name. */
export type Options = Readonly<Record<string, string | undefined>>;

/** @throws UsageError when it is none of them */
export function oneOf<T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined) throw new UsageError(`--${option} must be one of: ${allowed.join(', ')}`);
  return found;
}
