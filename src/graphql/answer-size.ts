import { OperationTypeNode } from 'graphql';
import { answerBytesMax } from '../platform/work/answer-budget.js';
import type { Failure } from '../platform/errors.js';
import { jsonBytes } from '../platform/text/json-bytes.js';
import { largeBytesMin } from '../platform/text/json-pieces.js';
import type { WorkAccount } from '../platform/work/work-account.js';
import type { Admitted } from './admission.js';

/**
 * How often an operation can print one thing for each point of its cost: an object costs 1 at least, and its fields have
 * so many aliases at most.
 */
const printsPerCost = 32;

/**
 * Rows are counted when they are read, but a row that was read once may be printed many times: under several aliases, or
 * wherever it is linked. @returns why the answer is too large to be given; null when it is not
 */
export function refusalOfAnswer(
  account: WorkAccount | null,
  { operation, cost }: Admitted,
  data: unknown,
): Failure | null {
  if (account === null) return null;
  const mayBeLarge = account.largestRow * cost.requested * printsPerCost > answerBytesMax;
  const bytes = mayBeLarge ? jsonBytes(data, answerBytesMax) : 0;
  if (bytes > answerBytesMax) account.refuseTooLarge(bytes);
  // A mutation has done its work: it gets an answer that says so, and what is missing in it.
  else if (operation.operation === OperationTypeNode.MUTATION) return null;
  const { refusal } = account;
  return refusal?.code === 'query_too_costly' ? refusal : null;
}

/** Whether the answer may be larger than what is printed at once. */
export const isLarge = ({ largestRow, bytes }: WorkAccount, { cost }: Admitted): boolean =>
  bytes > largeBytesMin || largestRow * cost.requested > largeBytesMin;
