import { scopes } from '../platform/actor.js';
import { statusOf, type ErrorCode, type IssueCode, type Resource } from '../platform/errors.js';
import { integer, arrayOf, object, oneOf, text, type JsonSchema } from '../platform/json-schema.js';

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

/** What the `details` of each code hold. */
const details: Partial<Record<ErrorCode, JsonSchema>> = {
  validation_failed: object({
    issues: arrayOf(
      object({
        path: text('Where, such as `data.email` or `events.0`; empty for the whole body.'),
        message: text('What is wrong there, for people.'),
        code: oneOf(issueCodes, 'What is wrong there, for programs.'),
      }),
      'Everything that is wrong, at once.',
    ),
  }),
  authentication_required: none,
  insufficient_scopes: object({
    required: arrayOf(oneOf(scopes, 'A scope.'), 'What the call needs.'),
    granted: arrayOf(oneOf(scopes, 'A scope.'), 'What the key has.'),
  }),
  feature_not_available: object({ feature: oneOf(['api', 'webhooks'], 'What the plan does not include.') }),
  workspace_archived: none,
  resource_not_found: object({ resource: oneOf(resources, 'What kind of thing is not there.') }),
  method_not_allowed: none,
  request_timeout: none,
  conflict: object({ reason: text('Why, for programs.') }),
  idempotency_conflict: none,
  precondition_failed: none,
  payload_too_large: none,
  unsupported_media_type: none,
  rate_limit_exceeded: object({ retry_after: { ...integer('Seconds to wait.'), minimum: 1 } }),
  plan_limit_exceeded: object({
    resource: text('What is used up.'),
    current: integer('How much of it is in use.'),
    max: integer('How much of it the plan allows.'),
  }),
  internal_error: none,
  service_unavailable: none,
};

/** The bodies of refusals, by status. */
export function errorSchemas(): Map<number, JsonSchema> {
  const codes = Object.entries(details) as [ErrorCode, JsonSchema][];
  const byStatus = Map.groupBy(codes, ([code]) => statusOf[code]);
  return new Map([...byStatus].map(([status, sharing]) => [status, refusal(sharing)]));
}

function refusal(codes: [ErrorCode, JsonSchema][]): JsonSchema {
  const errors = codes.map(([code, schema]) =>
    object({ code: { type: 'string', const: code }, message: text('What happened, for people.'), details: schema }),
  );
  const [only] = errors;
  const error = errors.length === 1 && only !== undefined ? only : { oneOf: errors };
  return object({ success: { type: 'boolean', const: false }, error });
}
