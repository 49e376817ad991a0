import { hash } from 'node:crypto';
import { preconditionFailed } from './errors.js';

/** The versions of a thing that a caller is ready to change; null: whatever it is by now. */
export type ExpectedVersions = ReadonlySet<string> | null;

/** Of all that a caller may change of a thing: another as soon as one of the values is. */
export const versionOf = (values: readonly unknown[]): string => hash('sha256', JSON.stringify(values)).slice(0, 16);

/** For who holds the lock of the thing's row, so that nothing changes between the look and the change. */
export function requireVersion(expected: ExpectedVersions, current: string): void {
  if (expected !== null && !expected.has(current)) throw preconditionFailed();
}
