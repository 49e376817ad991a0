import { GraphQLError, type ExecutionResult, type FormattedExecutionResult, type GraphQLFormattedError } from 'graphql';
import { failureOf } from '../http/failure.js';
import { Overtaken } from '../http/idempotency.js';
import { Failure, idempotencyConflict, validationFailed, type ErrorCode, type Issue } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { DocumentErrors } from './documents.js';

const messageCharactersMax = 1_000;

/** A refusal in GraphQL's form, without a place in the document. */
export function errorOfFailure(failure: Failure): GraphQLFormattedError {
  const { code, message, details } = relativeToInput(failure);
  return { message, extensions: { code, details } };
}

/** An error that was thrown while a document was read or run, in the form that may leave. */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown, log: Log): GraphQLFormattedError {
  const origin = originOf(thrown);
  // Another request under the same key was first and its answer is sent: no fault, and nothing for the log.
  if (origin instanceof Overtaken)
    return { ...formatted, ...errorOfFailure(idempotencyConflict('Another was first.')) };
  if (origin instanceof GraphQLError && !isOurFault(formatted, origin)) {
    return { ...formatted, message: clipped(formatted.message), extensions: { code: codeOf(origin), details: {} } };
  }
  return { ...formatted, ...errorOfFailure(failureOf(origin, log)) };
}

/** A result in the form that may leave. */
export function formatResult({ errors = [], data }: ExecutionResult, log: Log): FormattedExecutionResult {
  return {
    ...(errors.length > 0 && { errors: errors.map((error) => formatError(error.toJSON(), error, log)) }),
    ...(data !== undefined && { data }),
  };
}

/** The errors of an operation that was refused and did not run. */
export function errorsOf(refusal: Failure): GraphQLFormattedError[] {
  if (!(refusal instanceof DocumentErrors)) return [errorOfFailure(refusal)];
  const extensions = { code: refusal.code, details: {} };
  return refusal.errors.map((error) => ({ ...error.toJSON(), message: clipped(error.message), extensions }));
}

/** Shortens a message: graphql-js repeats names and values of the document, however long they are. */
const clipped = (message: string) =>
  message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;

/** What a resolver threw, out of the wrappers of graphql-js and graphql-jit; or graphql-js's own error. */
export function originOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof Failure) return thrown;
  const { originalError } = thrown as { originalError?: unknown };
  return originalError === undefined || originalError === null ? thrown : originOf(originalError);
}

/** Whether an error during a run is our fault: all are, but that graphql-js finds a null argument only then. */
const isOurFault = ({ path }: GraphQLFormattedError, { message }: GraphQLError) =>
  path !== undefined && !message.startsWith('Argument "');

/** graphql-jit's errors may have no extensions. */
function codeOf({ extensions }: { extensions?: Record<string, unknown> }): ErrorCode {
  return extensions?.['code'] === 'GRAPHQL_PARSE_FAILED' ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED';
}

/** Cuts `variables.input.` from the paths of issues, as a caller's input begins behind that. */
function relativeToInput(failure: Failure): Failure {
  const { issues } = failure.details as { issues?: readonly Issue[] };
  if (issues?.some(({ path }) => inVariables.test(path)) !== true) return failure;
  return validationFailed(issues.map((issue) => ({ ...issue, path: issue.path.replace(inVariables, '') })));
}

const inVariables = /^variables\.[^.]+\.?/;
