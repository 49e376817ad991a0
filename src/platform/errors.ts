/**
 * One file because it is the catalogue of errors, for all doors: a code, its HTTP status, a message that may leave,
 * details of a fixed shape, and a private cause that only the log sees.
 */

export type IssueCode =
  | 'required'
  | 'unknown_field'
  | 'wrong_type'
  | 'not_an_option'
  | 'out_of_range'
  | 'too_long'
  | 'bad_format'
  | 'not_allowed';

/** One thing wrong with an input. `path` is relative to it: `data.email`, `events.0`; empty for the input itself. */
export interface Issue {
  path: string;
  message: string;
  code: IssueCode;
}

/** The things that `resource_not_found` may name. */
export const resources = [
  'intake_bot',
  'submission',
  'webhook',
  'contact',
  'record',
  'route',
  'event',
  'webhook_delivery',
  'replay',
  'api_key',
  'member',
  'session',
  'invitation',
  'notice',
  'workspace',
  'erasure',
  'conversion_destination',
  'conversion',
] as const;
export type Resource = (typeof resources)[number];

/** Why a `conflict` is one, for programs. */
export const conflictReasons = [
  'illegal_status_change',
  'duplicate_contact',
  'replay_running',
  'too_many_secrets',
  'api_key_ended',
  'already_member',
  'email_taken',
  'last_owner',
  'already_owner',
  'destination_exists',
  'not_rejected',
  'conversion_expired',
] as const;

export const statusOf = {
  validation_failed: 400,
  query_too_costly: 400,
  batching_not_supported: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  PERSISTED_QUERY_NOT_SUPPORTED: 400,
  authentication_required: 401,
  invalid_credentials: 401,
  insufficient_scopes: 403,
  insufficient_role: 403,
  feature_not_available: 403,
  workspace_archived: 403,
  csrf_required: 403,
  document_not_trusted: 403,
  resource_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  conflict: 409,
  idempotency_conflict: 409,
  confirmation_stale: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limit_exceeded: 429,
  plan_limit_exceeded: 429,
  internal_error: 500,
  service_unavailable: 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

export class Failure extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options: { cause?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'Failure';
    this.headers = options.headers ?? {};
  }

  /** Headers of the answer, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  get status(): number {
    return statusOf[this.code];
  }
}

interface Private {
  /** The reason, for the log alone. */
  cause?: unknown;
}

/** So many issues are told: an answer must not be many times as long as its request. */
const issuesToldMax = 2_000;

export const validationFailed = (issues: readonly Issue[]) =>
  new Failure('validation_failed', describe(issues), { issues: issues.slice(0, issuesToldMax) });

/** A refusal with a single issue. */
export const invalid = (path: string, code: IssueCode, message: string) => validationFailed([{ path, message, code }]);

export const authenticationRequired = (because?: Private) =>
  new Failure('authentication_required', neitherKeyNorSession, {}, { ...because, ...asBearer });

/** One text for all that may be wrong with a key, so it has to say how one is sent, too. */
const neitherKeyNorSession =
  'This needs a live API key, sent as Authorization: Bearer iozen_live_…, or a session that has not ended.';

/** One answer for a wrong password and for an account that is not there, so that it tells neither from the other. */
export const invalidCredentials = (because?: Private) =>
  new Failure('invalid_credentials', 'The e-mail or the password is wrong.', {}, { ...because, ...asBearer });

/** A refusal with 401 has to say how a caller can authenticate. */
const asBearer = { headers: { 'WWW-Authenticate': 'Bearer realm="iozen"' } };

export const csrfRequired = (because?: Private) =>
  new Failure(
    'csrf_required',
    'A call with the session cookie needs the header apollo-require-preflight: true or a JSON content type.',
    {},
    because,
  );

export const insufficientScopes = (required: readonly string[], granted: readonly string[]) =>
  new Failure('insufficient_scopes', `This API key lacks the scope ${required.join(', ')}.`, { required, granted });

export const insufficientRole = (required: string, granted: string | null) =>
  new Failure('insufficient_role', `This needs the role ${required} or above, signed in as a person.`, {
    required,
    granted,
  });

const features = { api: 'the API', webhooks: 'outbound webhooks', conversions: 'conversions' };
export type Feature = keyof typeof features;

export const featureNotAvailable = (feature: Feature) =>
  new Failure('feature_not_available', `The workspace's plan does not include ${features[feature]}.`, { feature });

/** A key that may run trusted documents alone may not call REST. */
export const documentsOnlyKey = () =>
  new Failure('feature_not_available', 'This API key may run trusted documents over GraphQL only.', { feature: 'api' });

export const documentNotTrusted = (message = 'This API key may run trusted documents only.') =>
  new Failure('document_not_trusted', message);

export const workspaceArchived = () => new Failure('workspace_archived', 'This workspace is archived.');

/** What a GraphQL operation may have too much of; `answer` is counted in bytes while it runs. */
export type LimitRule =
  | 'cost'
  | 'depth'
  | 'aliases'
  | 'tokens'
  | 'rootFields'
  | 'selections'
  | 'overlaps'
  | 'lines'
  | 'nameLength'
  | 'arguments'
  | 'variables'
  | 'search'
  | 'introspection'
  | 'introspected'
  | 'subscription'
  | 'characters'
  | 'answer';

export const tooCostly = (rule: LimitRule, limit: number, requested: number) =>
  new Failure('query_too_costly', `The operation goes over the limit of ${limit} on ${rule}.`, {
    rule,
    limit,
    requested,
  });

/** One answer for an id that is missing, another workspace's, malformed or of another kind; it never repeats the id. */
export const notFound = (resource: Resource, because?: Private) =>
  new Failure(
    'resource_not_found',
    `No such ${resource.replaceAll('_', ' ')}${resource === 'route' ? ': /docs/reference/rest lists them' : ''}.`,
    { resource },
    because,
  );

export const methodNotAllowed = (allowed: readonly string[]) =>
  new Failure(
    'method_not_allowed',
    `This path takes ${allowed.join(', ')}.`,
    {},
    { headers: { Allow: allowed.join(', ') } },
  );

/** Ends the connection, too: the rest of the request is not waited for. */
export const requestTimeout = () =>
  new Failure('request_timeout', 'The request did not arrive in time. Send it again, at once.');

export const unsupportedMediaType = () =>
  new Failure('unsupported_media_type', 'Send the body as application/json in UTF-8.');

export const batchingNotSupported = () =>
  new Failure('batching_not_supported', 'Send one operation a request: a list of operations is not taken.');

export const payloadTooLarge = (bytesMax: number) =>
  new Failure('payload_too_large', `The body may have at most ${bytesMax} bytes.`);

export const conflict = (reason: (typeof conflictReasons)[number], message: string) =>
  new Failure('conflict', message, { reason });

export const preconditionFailed = () =>
  new Failure('precondition_failed', 'It has changed since the ETag in If-Match: read it again.');

export const idempotencyConflict = (message: string, headers: Record<string, string> = {}) =>
  new Failure('idempotency_conflict', message, {}, { headers });

/** @param count what the caller would have to confirm now */
export const confirmationStale = (message: string, count: number) =>
  new Failure('confirmation_stale', message, { count });

export const rateLimitExceeded = (retryAfterSeconds: number) =>
  new Failure(
    'rate_limit_exceeded',
    `Too many requests. Try again in ${retryAfterSeconds} s.`,
    { retry_after: retryAfterSeconds },
    { headers: { 'Retry-After': String(retryAfterSeconds) } },
  );

export const planLimitExceeded = (resource: string, current: number, max: number, per = '') =>
  new Failure(
    'plan_limit_exceeded',
    `The plan allows ${max} ${resource.replaceAll('_', ' ')}${per}; ${current} are in use.`,
    {
      resource,
      current,
      max,
    },
  );

/** @param current what the workspace stored when it was last measured */
export const storageExceeded = (current: number, max: number) =>
  new Failure(
    'plan_limit_exceeded',
    `The plan stores ${max} bytes; ${current} are in use. What is deleted makes room within the hour.`,
    { resource: 'storage', current, max },
  );

const unavailable = (message: string, because?: Private) =>
  new Failure('service_unavailable', message, {}, { ...because, headers: { 'Retry-After': '1' } });

export const serviceUnavailable = (because?: Private) =>
  unavailable('The service cannot answer just now. Try again shortly.', because);

/** What took too long once does so again, unless less is asked for. */
export const tookTooLong = (because: Private) =>
  unavailable('This took longer than it may. Ask for less, as by a narrower filter, or try again later.', because);

/** Only GraphQL answers with this: a list of REST ends early instead, and says that there is more. */
export const answerTooLarge = (limit: number, requested: number) =>
  new Failure('query_too_costly', `The answer goes over the limit of ${limit} bytes.`, {
    rule: 'answer',
    limit,
    requested,
  });

/** Whatever was thrown as a failure that may leave: a bug becomes `internal_error`, with what was thrown as its cause. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  if (isEndedStatement(thrown)) return tookTooLong({ cause: thrown });
  if (isConnectionLoss(thrown) || isLockedOut(thrown)) return serviceUnavailable({ cause: thrown });
  return new Failure('internal_error', 'Something went wrong on our side.', {}, { cause: thrown });
}

/** What Node.js and PostgreSQL tell their errors by, such as `ENOENT` and `23505`; empty where there is none. */
export function errorCode(thrown: unknown): string {
  const { code } = (thrown ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Whether PostgreSQL ended a statement, at its time limit or when asked to; it did nothing, and its connection lives. */
export const isEndedStatement = (thrown: unknown): boolean => thrown instanceof Error && errorCode(thrown) === '57014';

/** Whether a statement waited for a lock for as long as it may. */
export const isLockedOut = (thrown: unknown): boolean => thrown instanceof Error && errorCode(thrown) === '55P03';

// PostgreSQL's classes 08 (connection), 57P0x (shutdown) and 53 (resources), a transaction that fell silent, a server that
// no longer is, or is not, the primary (25006), and the socket's and the resolver's own codes.
const connectionLoss =
  /^(08\w{3}|57P0[1-35]|53[0-4]\d{2}|25P03|25006|E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|NOENT|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN|NOTFOUND))$/;

export function isConnectionLoss(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  const { code, message } = thrown as Error & { code?: unknown };
  if (typeof code === 'string') return connectionLoss.test(code);
  return /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error)/.test(
    message,
  );
}

function describe(issues: readonly Issue[]): string {
  const [first] = issues;
  if (issues.length !== 1 || first === undefined) return `The input has ${issues.length} problems; see issues.`;
  const sentence = `${first.path === '' ? 'The input' : first.path} ${first.message}`;
  return /[.?]$/.test(sentence) ? sentence : `${sentence}.`;
}
