import { hash } from 'node:crypto';
import { preconditionFailed } from './errors.js';

/** The versions of a thing that a caller is ready to change; null: any version. */
export type ExpectedVersions = ReadonlySet<string> | null;

/** The version of a thing, made of all values that a caller may change: it differs as soon as one of them does. */
export const versionOf = (values: readonly unknown[]): string => hash('sha256', JSON.stringify(values)).slice(0, 16);

/** The caller holds the lock of the thing's row, so that the thing cannot change between this look and the change. */
export function requireVersion(expected: ExpectedVersions, current: string): void {
  if (expected !== null && !expected.has(current)) throw preconditionFailed();
}
