import {
  asFailure,
  authenticationRequired,
  conflict,
  featureNotAvailable,
  idempotencyConflict,
  insufficientScopes,
  notFound,
  payloadTooLarge,
  planLimitExceeded,
  preconditionFailed,
  rateLimitExceeded,
  requestTimeout,
  serviceUnavailable,
  statusOf,
  unsupportedMediaType,
  validationFailed,
  workspaceArchived,
  type ErrorCode,
  type Failure,
  type IssueCode,
  type Resource,
} from '../platform/errors.js';
import { bodyBytesMax } from '../http/body.js';
import { arrayOf, count, integer, object, oneOf, ref, text, type JsonSchema } from '../platform/json-schema.js';

const none = object({});
const issueCodes: IssueCode[] = [
  'required',
  'unknown_field',
  'wrong_type',
  'not_an_option',
  'out_of_range',
  'too_long',
  'bad_format',
  'not_allowed',
];
const resources: Resource[] = ['intake_bot', 'submission', 'webhook', 'contact', 'record', 'route'];

interface Told {
  /** What `details` hold. */
  details: JsonSchema;
  /** As the catalogue of errors makes it. */
  example: Pick<Failure, 'message' | 'details'>;
}

/** What an operation may refuse, by code; a path that takes other methods has no operation to say so. */
const told: Partial<Record<ErrorCode, Told>> = {
  validation_failed: {
    details: object({ issues: arrayOf(ref('Issue'), 'Everything that is wrong, at once.') }),
    example: validationFailed([
      { path: 'data.email', message: 'is required', code: 'required' },
      { path: 'data.topic', message: 'must be one of: Sales, Support, Other', code: 'not_an_option' },
    ]),
  },
  authentication_required: { details: none, example: authenticationRequired() },
  insufficient_scopes: {
    details: object({
      required: arrayOf(ref('Scope'), 'What the call needs.'),
      granted: arrayOf(ref('Scope'), 'What the key has.'),
    }),
    example: insufficientScopes(['write:intake-bots'], ['read:intake-bots', 'read:submissions']),
  },
  feature_not_available: {
    details: object({ feature: oneOf(['api', 'webhooks'], 'What the plan does not include.') }),
    example: featureNotAvailable('webhooks'),
  },
  workspace_archived: { details: none, example: workspaceArchived() },
  resource_not_found: {
    details: object({ resource: oneOf(resources, 'What kind of thing is not there.') }),
    example: notFound('submission'),
  },
  request_timeout: { details: none, example: requestTimeout() },
  conflict: {
    details: object({ reason: text('Why, for programs.') }),
    example: conflict('illegal_status_change', 'A bot cannot go from ACTIVE to DRAFT.'),
  },
  idempotency_conflict: {
    details: none,
    example: idempotencyConflict('This Idempotency-Key was used for another request.'),
  },
  precondition_failed: { details: none, example: preconditionFailed() },
  payload_too_large: { details: none, example: payloadTooLarge(bodyBytesMax) },
  unsupported_media_type: { details: none, example: unsupportedMediaType() },
  rate_limit_exceeded: {
    details: object({ retry_after: integer('Seconds to wait.', { minimum: 1 }) }),
    example: rateLimitExceeded(7),
  },
  plan_limit_exceeded: {
    details: object({
      resource: text('What is used up.'),
      // Bytes of storage are beyond what 32 bits hold.
      current: count('How much of it is in use.', { format: 'int64' }),
      max: count('How much of it the plan allows.', { format: 'int64' }),
    }),
    example: planLimitExceeded('webhooks', 50, 50),
  },
  internal_error: { details: none, example: asFailure(null) },
  service_unavailable: { details: none, example: serviceUnavailable() },
};

const codes = Object.entries(told) as [ErrorCode, Told][];

/** `InsufficientScopes` of `insufficient_scopes`. */
const schemaNameOf = (code: ErrorCode) => code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());

/** What `error` of a refusal is, by the name of each code, and its parts. */
export const errorComponents: Readonly<Record<string, JsonSchema>> = {
  IssueCode: oneOf(issueCodes, 'What is wrong, for programs.'),
  Issue: {
    ...object({
      path: text('Where, such as `data.email` or `events.0`; empty for the whole body.'),
      message: text('What is wrong there, for people.'),
      code: ref('IssueCode', 'What is wrong there, for programs.'),
    }),
    description: 'One thing that is wrong with a request.',
  },
  ...Object.fromEntries(codes.map(([code, { details }]) => [schemaNameOf(code), errorSchema(code, details)])),
};

function errorSchema(code: ErrorCode, details: JsonSchema): JsonSchema {
  return object({ code: { type: 'string', const: code }, message: text('What happened, for people.'), details });
}

interface RefusalBody {
  schema: JsonSchema;
  /** By code. */
  examples: Readonly<Record<string, { summary: string; value: object }>>;
}

/** The bodies of the refusals with this status. */
export function refusalOf(status: number): RefusalBody {
  const sharing = codes.filter(([code]) => statusOf[code] === status);
  const errors = sharing.map(([code]) => ref(schemaNameOf(code)));
  const [only] = errors;
  const error = errors.length === 1 && only !== undefined ? only : { oneOf: errors };
  const examples = sharing.map(
    ([
      code,
      {
        example: { message, details },
      },
    ]) => {
      return [code, { summary: message, value: { success: false, error: { code, message, details } } }] as const;
    },
  );
  return {
    schema: object({ success: { type: 'boolean', const: false }, error }),
    examples: Object.fromEntries(examples),
  };
}
