import { UsageError } from './usage-error.js';

/** What was given, by the option's name. */
export type Options = Readonly<Record<string, string | undefined>>;

/** @param option its name; one that stands without a name is written large. @throws UsageError when it is none of them */
export function oneOf<T extends string>(option: string, given: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === given);
  if (found === undefined)
    throw new UsageError(`${/^[A-Z]/.test(option) ? option : `--${option}`} must be one of: ${allowed.join(', ')}`);
  return found;
}
