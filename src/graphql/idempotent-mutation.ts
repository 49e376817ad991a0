import { OperationTypeNode } from 'graphql';
import { readIdempotencyKey, type Idempotency } from '../http/idempotency.js';
import type { Actor } from '../platform/actor.js';
import type { CommitGuard } from '../platform/postgres/database.js';
import { Failure, invalid } from '../platform/errors.js';
import { rootFields, type Admitted } from './admission.js';

/** Mutations that begin or end sessions: what they gave must not be kept and given out again. */
const sessionMutations = new Set([
  'signIn',
  'signOut',
  'endSession',
  'signOutEverywhere',
  'acceptInvitation',
  'changePassword',
  'transferOwnership',
]);

/** Whether an idempotency key counts: for an operation with one mutation, unless it begins or ends sessions. */
export function isIdempotent({ operation, valid }: Admitted): boolean {
  if (operation.operation !== OperationTypeNode.MUTATION) return false;
  const [name = '', ...others] = rootFields(operation, valid.fragments).filter((field) => field !== '__typename');
  return others.length === 0 && !sessionMutations.has(name);
}

/**
 * Runs a mutation once under an idempotency key. The result of its resolver is kept, in the commit of the change; a later
 * request under the key passes the same checks and is answered from that result, whatever it selects.
 * @throws idempotency_conflict, and validation_failed for a key that has not the form of one
 */
export async function runOnce<T>(
  idempotency: Idempotency,
  { actor, header, body }: { actor: Actor; header: string; body: Buffer },
  run: (actor: Actor) => Promise<T>,
): Promise<{ answer: T; replayed: boolean }> {
  const key = readIdempotencyKey(header);
  if (key === null) throw invalid('Idempotency-Key', 'bad_format', 'must have 1 to 255 printable characters');
  const ran: { answer?: T; failure?: unknown } = {};
  const request = { actor, key, method: 'POST', path: '/graphql', body };
  try {
    const { text, replayed } = await idempotency.once(request, async (keep) => {
      const failed = (error: unknown) => (ran.failure = error);
      ran.answer = await run(actor.guardedBy({ ...keep(textOf), failed }));
      if (ran.failure !== undefined) throw ran.failure;
      return '';
    });
    if (!replayed && ran.answer !== undefined) return { answer: ran.answer, replayed };
    const recalled = { result: resultIn(text) };
    return { answer: await run(actor.guardedBy({ ...never, recalled })), replayed };
  } catch (thrown) {
    // A mutation's own failure is part of its answer; a conflict with another request under the key is not.
    if (ran.answer === undefined || thrown !== ran.failure || isConflict(thrown)) throw thrown;
    return { answer: ran.answer, replayed: false };
  }
}

const isConflict = (thrown: unknown) => thrown instanceof Failure && thrown.code === 'idempotency_conflict';

/** Writes a result as JSON, so that erasure finds the ids in it; dates and bytes are marked, to be read as such. */
function textOf(result: unknown): string {
  return JSON.stringify(result ?? null, function (this: Record<string, unknown>, key: string, value: unknown) {
    const original = this[key];
    if (original instanceof Date) return { [dateTag]: original.getTime() };
    return original instanceof Uint8Array ? { [bytesTag]: Buffer.from(original).toString('base64') } : value;
  });
}

function resultIn(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (value === null || typeof value !== 'object') return value;
    const { [dateTag]: at, [bytesTag]: bytes } = value as Record<string, unknown>;
    if (typeof at === 'number') return new Date(at);
    return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : value;
  });
}

// No JSON of a caller holds U+0000.
const dateTag = '\u0000date';
const bytesTag = '\u0000bytes';

const never: CommitGuard = {
  begin: async () => {
    throw new Error('a recalled transaction does not run');
  },
  conclude: async () => undefined,
};
