import { errorSchemas } from './error-schemas.js';
import { object, text, type JsonSchema } from '../platform/json-schema.js';
import { templateOf, type Route } from './route.js';
import { schemas } from './schemas.js';
import { webhookOperations } from './webhook-operations.js';

const version = '1.0.0';

const header = (description: string, schema: JsonSchema) => ({ description, schema });
const headers = {
  'X-Request-Id': header('The caller’s own, or one of ours: name it when you ask for help.', { type: 'string' }),
  'X-RateLimit-Limit': header('Requests per minute and key.', { type: 'integer' }),
  'X-RateLimit-Remaining': header('How many are left now.', { type: 'integer' }),
  'X-RateLimit-Reset': header('Unix milliseconds: when Remaining next grows.', { type: 'integer' }),
  'RateLimit-Policy': header('The same limit, as the IETF draft writes it.', { type: 'string' }),
  RateLimit: header('What is left of it, likewise.', { type: 'string' }),
  'Retry-After': header('Seconds to wait.', { type: 'integer' }),
  ETag: header('Send it back in If-None-Match, or in If-Match with a change.', { type: 'string' }),
  'Idempotency-Replayed': header('`true` when an earlier request made this answer.', { type: 'string' }),
  Allow: header('The methods that this path takes.', { type: 'string' }),
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
const refusals: Readonly<Record<number, { name: string; description: string; headers?: HeaderName[] }>> = {
  400: { name: 'ValidationFailed', description: 'Something in the request is wrong; nothing was changed.' },
  401: { name: 'AuthenticationRequired', description: 'No key, or one that is not live.' },
  403: { name: 'Forbidden', description: 'The key, the plan or the workspace does not allow it.' },
  404: { name: 'NotFound', description: 'Nothing of that id is here.' },
  405: { name: 'MethodNotAllowed', description: 'The path takes other methods.', headers: ['Allow'] },
  409: { name: 'Conflict', description: 'It contradicts what is there.', headers: ['Retry-After'] },
  412: { name: 'PreconditionFailed', description: 'It has changed since the ETag in If-Match.' },
  413: { name: 'PayloadTooLarge', description: 'The body is over 1 MiB.' },
  415: { name: 'UnsupportedMediaType', description: 'The body is not JSON.' },
  429: { name: 'TooMany', description: 'Too many requests, or a plan’s limit.', headers: ['Retry-After'] },
  500: { name: 'InternalError', description: 'A mistake of ours.' },
  503: { name: 'Unavailable', description: 'Not just now.', headers: ['Retry-After'] },
};

const tags: Readonly<Record<string, string>> = {
  'Intake bots': 'What asks: a bot has a schema, and people or programs answer it.',
  Submissions: 'One set of answers to a bot.',
  Contacts: 'The people that submissions speak of, found by e-mail or phone.',
  Records: 'What completed submissions leave behind, of bots that say so.',
  Webhooks: 'Where events are posted. Needs a plan with webhooks.',
};

const limitParameter = {
  name: 'limit',
  in: 'query',
  description: 'How many, at most 100; more is taken as 100.',
  schema: { type: 'integer', minimum: 1, default: 50 },
};
const cursorParameter = {
  name: 'cursor',
  in: 'query',
  description: 'The `next_cursor` of the page before.',
  schema: { type: 'string' },
};
const idempotencyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Of your making, one per intent. The same request under the same key gets the first answer again.',
  schema: { type: 'string', minLength: 1, maxLength: 257 },
};

const ifMatchParameter = {
  name: 'If-Match',
  in: 'header',
  description:
    'The `ETag` of what you read: the change is made only where nothing that a `PATCH` may change has changed since.',
  schema: { type: 'string' },
};

const isChange = (method: Route['method']) => method === 'PATCH' || method === 'DELETE';

/** Makes the published contract, as OpenAPI 3.1, of the table of routes. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths = [...Map.groupBy(routes, ({ path }) => templateOf(path))].map(([path, sharing]) => [
    path,
    Object.fromEntries(sharing.map((route) => [route.method.toLowerCase(), operationOf(route)])),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'ioZen REST API',
      version,
      description: 'Intake bots, submissions, contacts, records and webhooks. JSON in snake_case.',
      license: { name: 'Proprietary', identifier: 'LicenseRef-Proprietary' },
    },
    servers: [{ url: '/api/v1' }],
    security: [{ apiKey: [] }],
    tags: [...new Set(routes.map(tagOf))].map((name) => ({ name, description: tags[name] ?? name })),
    paths: Object.fromEntries(paths) as object,
    webhooks: webhookOperations(),
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key, `iozen_live_…`.' } },
      headers,
      responses: Object.fromEntries([...errorSchemas()].map(([status, schema]) => refusalOf(status, schema))) as object,
      schemas,
    },
  };
}

/** `/intake-bots/{id}` of `/intake-bots/:id`. */

const tagOf = ({ path }: Route) => {
  const segment = path.split('/').findLast((part) => part !== '' && !part.startsWith(':')) ?? '';
  const words = segment.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
};

function operationOf(route: Route): object {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
  return {
    operationId: route.summary.toLowerCase().replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary: route.summary,
    description: describe(route),
    tags: [tagOf(route)],
    security: [{ apiKey: [route.scope] }],
    parameters: [
      ...names.map((name) => ({ name, in: 'path', required: true, schema: text('An id.') })),
      ...(route.isList ? [limitParameter, cursorParameter] : []),
      ...(route.method === 'POST' ? [idempotencyParameter] : []),
      ...(isChange(route.method) ? [ifMatchParameter] : []),
    ],
    ...(route.body !== null && {
      requestBody: { required: true, content: { 'application/json': { schema: route.body } } },
    }),
    responses: {
      200: {
        description: 'Done.',
        headers: headersOf([
          ...always,
          ...(route.method === 'GET' ? (['ETag'] as const) : []),
          ...(route.method === 'POST' ? (['Idempotency-Replayed'] as const) : []),
        ]),
        content: {
          'application/json': { schema: object({ success: { type: 'boolean', const: true }, data: route.data }) },
        },
      },
      ...(route.method === 'GET' && {
        304: { description: 'You have it already.', headers: headersOf([...always, 'ETag']) },
      }),
      ...Object.fromEntries(
        refusalsOf(route).map((status) => [status, { $ref: `#/components/responses/${nameOf(status)}` }]),
      ),
    },
  };
}

function describe({ scope, feature }: Route): string {
  const needs = `Needs the scope \`${scope}\``;
  return feature === null ? `${needs}.` : `${needs}, and a plan with ${feature}.`;
}

function refusalsOf({ path, method, isList, body }: Route): number[] {
  const mayRefuse: Record<number, boolean> = {
    400: isList || body !== null,
    404: path.includes(':'),
    409: body !== null,
    412: isChange(method),
    413: body !== null,
    415: body !== null,
  };
  return Object.keys(refusals)
    .map(Number)
    .filter((status) => status !== 405 && (mayRefuse[status] ?? true) && !(status === 409 && method === 'GET'));
}

function refusalOf(status: number, schema: JsonSchema): [string, object] {
  const { description = '', headers: more = [] } = refusals[status] ?? {};
  const content = { 'application/json': { schema } };
  return [nameOf(status), { description, headers: headersOf([...always, ...more]), content }];
}

const nameOf = (status: number) => refusals[status]?.name ?? `Status${status}`;

const headersOf = (names: readonly HeaderName[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
