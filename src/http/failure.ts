import { asFailure, type Failure } from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';

/** What was thrown, as what may leave; what may not is logged under the request's id. */
export function failureOf(thrown: unknown, log: Log): Failure {
  const failure = asFailure(thrown);
  if (failure.status >= 500) log.error({ error: errorFields(failure) }, failure.code);
  else if (failure.cause !== undefined) log.debug({ code: failure.code, cause: failure.cause }, 'refused');
  return failure;
}
