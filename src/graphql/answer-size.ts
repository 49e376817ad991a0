import { OperationTypeNode } from 'graphql';
import { answerBytesMax } from '../platform/work/answer-budget.js';
import type { Failure } from '../platform/errors.js';
import { largeBytesMin } from '../platform/text/json-pieces.js';
import type { WorkAccount } from '../platform/work/work-account.js';
import type { Admitted } from './admission.js';

/**
 * An operation prints nothing more often than this for each of its cost: an object costs 1 at least, and there are so many
 * aliases for what is in it.
 */
const printsPerCost = 32;

/**
 * Rows are counted when they are read, and a row that is read once may be printed many times: under several aliases, or
 * wherever it is linked to. @returns why the answer is not given, which may say more than was read of it
 */
export function refusalOfAnswer(
  account: WorkAccount | null,
  { operation, cost }: Admitted,
  data: unknown,
): Failure | null {
  if (account === null) return null;
  const mayBeLarge = account.largestRow * cost.requested * printsPerCost > answerBytesMax;
  const bytes = mayBeLarge ? printedBytes(data) : 0;
  if (bytes > answerBytesMax) account.refuseTooLarge(bytes);
  // What a mutation did is done: an answer that fits says so, and what is missing in it.
  else if (operation.operation === OperationTypeNode.MUTATION) return null;
  const { refusal } = account;
  return refusal?.code === 'query_too_costly' ? refusal : null;
}

/** Whether the answer may come to more than is printed at once. */
export const isLarge = ({ largestRow, bytes }: WorkAccount, { cost }: Admitted): boolean =>
  bytes > largeBytesMin || largestRow * cost.requested > largeBytesMin;

/** About what a value comes to as JSON; counting stops beyond what an answer may have. */
function printedBytes(value: unknown): number {
  let bytes = 0;
  const count = (one: unknown): void => {
    if (bytes > answerBytesMax) return;
    if (typeof one === 'string') bytes += Buffer.byteLength(one) + 2;
    else if (typeof one !== 'object' || one === null) bytes += 5;
    else if (Array.isArray(one)) for (const item of one) count(item);
    else {
      for (const key in one) {
        bytes += key.length + 4;
        count((one as Record<string, unknown>)[key]);
      }
    }
  };
  count(value);
  return bytes;
}
