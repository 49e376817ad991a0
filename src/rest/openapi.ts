import { etagOf } from '../http/etag.js';
import { installedVersion } from '../platform/installed-version.js';
import { object, ref, type JsonSchema } from '../platform/json-schema.js';
import { pageSizeMax } from '../platform/page-request.js';
import { errorComponents, refusalOf } from './error-schemas.js';
import { operationOf as describedOperation, tags } from './operations.js';
import { templateOf, type Route } from './route.js';
import { schemas } from './schemas.js';
import { webhookOperations } from './webhook-operations.js';

const header = (description: string, schema: JsonSchema, example: string | number) => {
  return { description, schema, example };
};
const int32 = { type: 'integer', format: 'int32' };
const headers = {
  'X-Request-Id': header(
    'The caller’s own, or one of ours: name it when you ask for help.',
    { type: 'string', maxLength: 128 },
    'b8f3c2a1-7d4e-4f6b-9a0c-5e2d1f3a4b6c',
  ),
  'X-RateLimit-Limit': header('Requests per minute and key.', int32, 500),
  'X-RateLimit-Remaining': header('How many are left now.', int32, 499),
  'X-RateLimit-Reset': header(
    'Unix milliseconds: when Remaining next grows.',
    { type: 'integer', format: 'int64' },
    1_768_473_060_000,
  ),
  'RateLimit-Policy': header('The same limit, as the IETF draft writes it.', { type: 'string' }, '"plan";q=500;w=60'),
  RateLimit: header('What is left of it, likewise.', { type: 'string' }, '"plan";r=499;t=60'),
  'Retry-After': header('Seconds to wait.', int32, 7),
  ETag: header(
    'Send it back in If-None-Match, or in If-Match with a change.',
    { type: 'string' },
    '"mkfb5w00-0k3mT5vYx8ZqLw2Rb7NcJd9HfGa"',
  ),
  'Idempotency-Replayed': header(
    '`true` when an earlier request made this answer.',
    { type: 'string', const: 'true' },
    'true',
  ),
  'WWW-Authenticate': header('How to authenticate.', { type: 'string' }, 'Bearer realm="iozen"'),
};
type HeaderName = keyof typeof headers;

const always: HeaderName[] = [
  'X-Request-Id',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'RateLimit-Policy',
  'RateLimit',
];
interface RefusalText {
  name: string;
  description: string;
  headers?: HeaderName[];
}
const refusals: Readonly<Record<number, RefusalText>> = {
  400: { name: 'ValidationFailed', description: 'Something in the request is wrong; nothing was changed.' },
  401: {
    name: 'AuthenticationRequired',
    description: 'No key, or one that is not live.',
    headers: ['WWW-Authenticate'],
  },
  403: { name: 'Forbidden', description: 'The key, the plan or the workspace does not allow it.' },
  404: { name: 'NotFound', description: 'Nothing of that id is here.' },
  408: { name: 'RequestTimeout', description: 'The request took too long to arrive.' },
  409: { name: 'Conflict', description: 'It contradicts what is there.', headers: ['Retry-After'] },
  412: { name: 'PreconditionFailed', description: 'It has changed since the ETag in If-Match.' },
  413: { name: 'PayloadTooLarge', description: 'The body is over 1 MiB.' },
  415: { name: 'UnsupportedMediaType', description: 'The body is not JSON.' },
  429: { name: 'TooManyRequests', description: 'Too many requests, or a plan’s limit.', headers: ['Retry-After'] },
  500: { name: 'InternalServerError', description: 'A mistake of ours.' },
  503: { name: 'ServiceUnavailable', description: 'Not just now.', headers: ['Retry-After'] },
};

const limitParameter = {
  name: 'limit',
  in: 'query',
  description: `How many, at most ${pageSizeMax}; more is taken as ${pageSizeMax}.`,
  schema: { ...int32, minimum: 1, default: 50 },
  example: 20,
};
const cursorParameter = (example: string) => ({
  name: 'cursor',
  in: 'query',
  description: 'The `next_cursor` of the page before; absent for the first page.',
  schema: { type: 'string', maxLength: 29 },
  example,
});
const idempotencyParameter = (operationId: string) => ({
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Of your making, one per intent. The same request under the same key gets the first answer again.',
  schema: { type: 'string', minLength: 1, maxLength: 257 },
  example: `${operationId}-7f3a9c`,
});
const ifMatchParameter = (example: string) => ({
  name: 'If-Match',
  in: 'header',
  description:
    'The `ETag` of what you read: the change is made only where nothing that a `PATCH` may change has changed since.',
  schema: { type: 'string' },
  example,
});

const isChange = (method: Route['method']) => method === 'PATCH' || method === 'DELETE';

/** Makes the published contract, as OpenAPI 3.1, of the table of routes. */
export function openApiDocument(routes: readonly Route[], publicUrl: string): object {
  const paths = [...Map.groupBy(routes, ({ path }) => templateOf(path))].map(([path, sharing]) => [
    path,
    Object.fromEntries(sharing.map((route) => [route.method.toLowerCase(), operationOf(route)])),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'ioZen REST API',
      version: installedVersion(),
      description:
        'Intake bots, submissions, contacts, records and webhooks. JSON in snake_case. Answers may get further fields at any time: skip those that you do not know.',
      contact: { name: 'ioZen', url: `${publicUrl}/docs` },
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: `${publicUrl}/api/v1`, description: 'This server.' }],
    security: [{ apiKey: [] }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(paths) as object,
    webhooks: webhookOperations(),
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `iozen_live_…`.' } },
      headers,
      responses: Object.fromEntries(Object.entries(refusals).map(responseOf)) as object,
      schemas: {
        ...schemas,
        ...errorComponents,
        ...Object.fromEntries(routes.flatMap(schemasOf)),
        ...Object.fromEntries(
          Object.entries(refusals).map(([status, { name }]) => [errorName(name), refusalOf(Number(status)).schema]),
        ),
      },
    },
  };
}

const operationIdOf = ({ summary }: Route) =>
  summary.toLowerCase().replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());

/** `CreateSubmission` of `createSubmission`. */
const typeNameOf = (route: Route) => operationIdOf(route).replace(/^\w/, (letter) => letter.toUpperCase());
const errorName = (name: string) => (name.endsWith('Error') ? name : `${name}Error`);

/** The schemas of what an operation takes and answers, by their names. */
function schemasOf(route: Route): [string, JsonSchema][] {
  const name = typeNameOf(route);
  const answer = object({ success: { type: 'boolean', const: true }, data: route.data });
  return [
    ...(route.body === null ? [] : [[`${name}Request`, route.body] satisfies [string, JsonSchema]]),
    [`${name}Response`, answer],
  ];
}

function operationOf(route: Route): object {
  const operationId = operationIdOf(route);
  const { tag, ids = {}, body, version: versionBefore, cursor, filters = {}, data } = describedOperation(route.summary);
  const success = { success: true, data };
  return {
    operationId,
    summary: route.summary,
    description: describe(route),
    tags: [tag],
    security: [{ apiKey: route.scope === null ? [] : [route.scope] }],
    parameters: [
      ...Object.entries(ids).map(([name, { description, example }]) => {
        return { name, in: 'path', required: true, description, schema: idSchema, example };
      }),
      ...(cursor === undefined ? [] : [limitParameter, cursorParameter(cursor)]),
      ...Object.entries(route.filters).map(([name, { description, ...schema }]) => {
        return { name, in: 'query', description, schema, example: filters[name] };
      }),
      ...(route.method === 'POST' ? [idempotencyParameter(operationId)] : []),
      ...(versionBefore === undefined ? [] : [ifMatchParameter(etagOf(JSON.stringify(success), null, versionBefore))]),
    ],
    ...(route.body !== null && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: ref(`${typeNameOf(route)}Request`), example: body } },
      },
    }),
    responses: {
      200: {
        description: 'Done.',
        headers: headersOf([
          ...always,
          ...(route.method === 'GET' ? (['ETag'] as const) : []),
          ...(route.method === 'POST' ? (['Idempotency-Replayed'] as const) : []),
        ]),
        content: { 'application/json': { schema: ref(`${typeNameOf(route)}Response`), example: success } },
      },
      ...(route.method === 'GET' && {
        304: { description: 'You have it already.', headers: headersOf([...always, 'ETag']) },
      }),
      ...Object.fromEntries(
        refusalsOf(route).map((status) => [status, { $ref: `#/components/responses/${refusals[status]?.name}` }]),
      ),
    },
  };
}

const idSchema = { type: 'string', pattern: '^c[a-z0-9]{24}$' };

function describe({ summary, scope, feature }: Route): string {
  const { description } = describedOperation(summary);
  if (scope === null) return `${description} Any key may.`;
  const needs = `Needs the scope \`${scope}\``;
  return `${description} ${needs}${feature === null ? '' : `, and a plan with ${feature}`}.`;
}

function refusalsOf({ path, method, isList, body }: Route): number[] {
  const mayRefuse: Record<number, boolean> = {
    400: isList || body !== null,
    404: path.includes(':'),
    408: body !== null,
    409: body !== null,
    412: isChange(method),
    413: body !== null,
    415: body !== null,
  };
  return Object.keys(refusals)
    .map(Number)
    .filter((status) => (mayRefuse[status] ?? true) && !(status === 409 && method === 'GET'));
}

function responseOf([status, { name, description, headers: more = [] }]: [string, RefusalText]): [string, object] {
  const { examples } = refusalOf(Number(status));
  const content = { 'application/json': { schema: ref(errorName(name)), examples } };
  return [name, { description, headers: headersOf([...always, ...more]), content }];
}

const headersOf = (names: readonly HeaderName[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
