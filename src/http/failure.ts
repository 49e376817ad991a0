import { asFailure, type Failure, type Issue } from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';
import { isForLackOfACaller } from '../platform/work/work-account.js';

/** Whatever was thrown as a failure that may leave; what must not leave is logged under the request's id. */
export function failureOf(thrown: unknown, log: Log): Failure {
  const failure = asFailure(thrown);
  if (failure.status >= 500 && !isForLackOfACaller(failure)) log.error({ error: errorFields(failure) }, failure.code);
  else if (failure.cause !== undefined) log.debug({ code: failure.code, cause: failure.cause }, 'refused');
  return failure;
}

const spelled = (text: string) => text.replace(/^intakeBot\./, 'intake_bot.');

/**
 * What a door says of a failure that spells names as REST does: services name in camelCase what is no part of the input,
 * such as `intakeBot.status`, and the paths of an input are spelled already.
 */
export function inSnakeCase({ message, details }: Failure): Pick<Failure, 'message' | 'details'> {
  const { issues } = details as { issues?: readonly Issue[] };
  if (issues === undefined) return { message, details };
  const respelled = issues.map((issue) => ({ ...issue, path: spelled(issue.path) }));
  return { message: spelled(message), details: { ...details, issues: respelled } };
}
