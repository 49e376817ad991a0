import { hash } from 'node:crypto';
import type { z } from 'zod';
import { preconditionFailed } from './errors.js';
import { keysOf, type Input } from './validate.js';

/** The versions of a thing that a caller is ready to change; null: any version. */
export type ExpectedVersions = ReadonlySet<string> | null;

/**
 * The version of a thing: it differs as soon as a value does that a caller may change.
 * @param patch what a caller may change: the compiler asks for the value behind each of its keys
 */
export const versionOf = <Shape extends z.ZodRawShape>(
  patch: Input<Shape>,
  values: Readonly<Record<keyof Shape & string, unknown>>,
): string => hash('sha256', JSON.stringify(keysOf(patch).map((key) => values[key]))).slice(0, 16);

/** The caller holds the lock of the thing's row, so that the thing cannot change between this look and the change. */
export function requireVersion(expected: ExpectedVersions, current: string): void {
  if (expected !== null && !expected.has(current)) throw preconditionFailed();
}
