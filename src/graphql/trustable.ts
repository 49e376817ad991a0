import { setImmediate as nextTurn } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { Failure, validationFailed, type Issue } from '../platform/errors.js';
import { shortText } from '../platform/text/storable-json.js';
import { costOf, holdCost } from './cost.js';
import { DocumentErrors, readDocument } from './documents.js';

/** Documents that one call may trust. */
export const documentsMax = 100;
const documentBytesMax = 65_536;
const problemCharactersMax = 300;

/** Documents are trusted that are valid and within the limits, whoever would send them. @throws validation_failed */
export async function requireTrustable(schema: GraphQLSchema, documents: readonly string[]): Promise<void> {
  const issues: Issue[] = [];
  for (const [index, text] of documents.entries()) {
    const problem = problemOf(schema, text, `documents.${index}`);
    if (problem !== null) issues.push(problem);
    // Reading one may take as long as reading an operation: others run between two of them.
    await nextTurn();
  }
  if (issues.length > 0) throw validationFailed(issues);
}

function problemOf(schema: GraphQLSchema, text: string, path: string): Issue | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > documentBytesMax) {
    return { path, message: `must have at most ${documentBytesMax} bytes; it has ${bytes}`, code: 'too_long' };
  }
  try {
    const { operations, fragments } = readDocument(schema, text);
    for (const operation of operations) {
      const cost = costOf(schema, operation, fragments, {});
      if (!cost.varies) holdCost(cost, operation);
    }
    return null;
  } catch (error) {
    if (error instanceof DocumentErrors) {
      return {
        path,
        message: `is not valid: ${shortText(error.errors[0]?.message ?? '', problemCharactersMax)}`,
        code: 'bad_format',
      };
    }
    if (error instanceof Failure) return { path, message: error.message, code: 'not_allowed' };
    throw error;
  }
}
