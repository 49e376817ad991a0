import { OperationTypeNode } from 'graphql';
import { Overtaken, readIdempotencyKey, type Idempotency } from '../http/idempotency.js';
import type { Actor } from '../platform/actor.js';
import type { CommitGuard } from '../platform/database.js';
import { invalid } from '../platform/errors.js';
import { rootFields, type Admission } from './gate.js';

/** They give out sessions, which are never given out again. */
const sessionMutations = new Set(['signIn', 'signOut', 'acceptInvitation', 'changePassword']);

/** Whether the idempotency key of a request counts: for one root mutation field, sessions' aside. */
export function isIdempotent({ operation, valid }: Admission): boolean {
  if (operation.operation !== OperationTypeNode.MUTATION) return false;
  const [name = '', ...others] = rootFields(operation, valid.fragments);
  return others.length === 0 && operation.selectionSet.selections.length === 1 && !sessionMutations.has(name);
}

/**
 * Runs a mutation once under an idempotency key. What is kept, in the commit of the change, is what the change came to;
 * a later request under the key passes the same checks again and answers from that, whatever it selects.
 * @throws idempotency_conflict, validation_failed for a key in no form of one
 */
export async function runOnce<T>(
  idempotency: Idempotency,
  { actor, header, body }: { actor: Actor; header: string; body: Buffer },
  run: (actor: Actor) => Promise<T>,
): Promise<{ answer: T; replayed: boolean }> {
  const key = readIdempotencyKey(header);
  if (key === null) throw invalid('Idempotency-Key', 'bad_format', 'must have 1 to 255 printable characters');
  let answer: T | undefined;
  const { text, replayed } = await idempotency.once(
    { actor, key, method: 'POST', path: '/graphql', body },
    async (keep) => {
      const guard = keep(textOf);
      let overtaken: Overtaken | null = null;
      const failed = (error: unknown) => {
        if (error instanceof Overtaken) overtaken = error;
      };
      answer = await run(actor.guardedBy({ ...guard, failed }));
      // A resolver's error is part of an answer; that another request was first is not.
      if (overtaken !== null) throw overtaken;
      return '';
    },
  );
  if (!replayed && answer !== undefined) return { answer, replayed };
  const recalled = { result: resultIn(text) };
  return { answer: await run(actor.guardedBy({ ...never, recalled })), replayed };
}

/** JSON, so that erasure finds the ids in it; with dates as dates. */
export function textOf(result: unknown): string {
  return JSON.stringify(result, function (this: Record<string, unknown>, key: string, value: unknown) {
    const original = this[key];
    return original instanceof Date ? { [dateTag]: original.getTime() } : value;
  });
}

export function resultIn(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    const at = value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[dateTag] : undefined;
    return typeof at === 'number' ? new Date(at) : value;
  });
}

const dateTag = '\u0000date';

const never: CommitGuard = {
  begin: async () => {
    throw new Error('a recalled transaction does not run');
  },
  conclude: async () => undefined,
};
