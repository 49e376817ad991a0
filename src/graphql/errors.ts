import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { HeaderMap } from '@apollo/server';
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

/** Every refusal of a request before anything ran. */
export function errorsOf(thrown: unknown, log: Log): GraphQLFormattedError[] {
  if (thrown instanceof DocumentErrors) {
    return thrown.errors.map((error) => {
      const formatted = error.toJSON();
      return { ...formatted, message: clipped(formatted.message), extensions: { code: thrown.code, details: {} } };
    });
  }
  return [errorOfFailure(failureOf(thrown, log))];
}

/** graphql-js repeats what it speaks of, however long. */
const clipped = (message: string) =>
  message.length > messageCharactersMax ? `${message.slice(0, messageCharactersMax)}…` : message;

/** In Apollo's form: what the answer's head is to be. */
export function refusalOf(thrown: unknown, log: Log): GraphQLError {
  const failure = thrown instanceof DocumentErrors ? null : failureOf(thrown, log);
  const status = failure === null ? 400 : failure.status;
  const headers = new HeaderMap(Object.entries(failure?.headers ?? {}));
  return new GraphQLError('refused', { extensions: { http: { status, headers } } });
}

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
