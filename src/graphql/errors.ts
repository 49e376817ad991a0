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

/** What was thrown while a document was read or run, as what may leave. */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown, log: Log): GraphQLFormattedError {
  const origin = originOf(thrown);
  // This answer is dropped for the first request's: no fault, and nothing for the log.
  if (origin instanceof Overtaken)
    return { ...formatted, ...errorOfFailure(idempotencyConflict('Another was first.')) };
  if (origin instanceof GraphQLError && !isOurFault(formatted, origin)) {
    return { ...formatted, message: clipped(formatted.message), extensions: { code: codeOf(origin), details: {} } };
  }
  return { ...formatted, ...errorOfFailure(failureOf(origin, log)) };
}

/** A result as what may leave. */
export function formatResult({ errors = [], data }: ExecutionResult, log: Log): FormattedExecutionResult {
  return {
    ...(errors.length > 0 && { errors: errors.map((error) => formatError(error.toJSON(), error, log)) }),
    ...(data !== undefined && { data }),
  };
}

/** What an operation that did not run was refused for. */
export function errorsOf(refusal: Failure): GraphQLFormattedError[] {
  if (!(refusal instanceof DocumentErrors)) return [errorOfFailure(refusal)];
  const extensions = { code: refusal.code, details: {} };
  return refusal.errors.map((error) => ({ ...error.toJSON(), message: clipped(error.message), extensions }));
}

/** graphql-js repeats what it speaks of, however long. */
const clipped = (message: string) =>
  message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;

/** A GraphQLError of graphql-js's own, or what a resolver threw; graphql-jit wraps what it was thrown as well. */
export function originOf(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof Failure) return thrown;
  const { originalError } = thrown as { originalError?: unknown };
  return originalError === undefined || originalError === null ? thrown : originOf(originalError);
}

/** While it runs, graphql-js blames the document for an argument that is null; all else there is what we gave it. */
const isOurFault = ({ path }: GraphQLFormattedError, { message }: GraphQLError) =>
  path !== undefined && !message.startsWith('Argument "');

/** graphql-jit's errors may have no extensions. */
function codeOf({ extensions }: { extensions?: Record<string, unknown> }): ErrorCode {
  return extensions?.['code'] === 'GRAPHQL_PARSE_FAILED' ? 'GRAPHQL_PARSE_FAILED' : 'GRAPHQL_VALIDATION_FAILED';
}

/** A body's issues stand at `variables.input.data.email`; a caller's input begins behind that. */
function relativeToInput(failure: Failure): Failure {
  const { issues } = failure.details as { issues?: readonly Issue[] };
  if (issues?.some(({ path }) => inVariables.test(path)) !== true) return failure;
  return validationFailed(issues.map((issue) => ({ ...issue, path: issue.path.replace(inVariables, '') })));
}

const inVariables = /^variables\.[^.]+\.?/;
