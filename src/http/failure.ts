import { asFailure, type Failure } from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';
import { isForLackOfACaller } from '../platform/work/work-account.js';

/** Whatever was thrown as a failure that may leave; what must not leave is logged under the request's id. */
export function failureOf(thrown: unknown, log: Log): Failure {
  const failure = asFailure(thrown);
  if (failure.status >= 500 && !isForLackOfACaller(failure)) log.error({ error: errorFields(failure) }, failure.code);
  else if (failure.cause !== undefined) log.debug({ code: failure.code, cause: failure.cause }, 'refused');
  return failure;
}
