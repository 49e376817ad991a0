import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { object } from '../../src/platform/json-schema.js';
import type { Answer } from './client.js';

interface Document {
  paths: Record<string, Record<string, { responses: Record<string, ResponseObject> }>>;
  components: { schemas: Record<string, object>; responses: Record<string, ResponseObject> };
}
interface ResponseObject {
  $ref?: string;
  content?: { 'application/json': { schema: object } };
}

const descriptions = new Map<string, Promise<Description>>();

/** Checks answers of REST against the OpenAPI document that the same server serves. */
export class Description {
  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });

  private constructor(private readonly document: Document) {
    this.ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
    this.ajv.addFormat('uri', (text) => URL.canParse(text));
    this.ajv.addFormat('int32', { type: 'number', validate: (value) => Math.abs(value) < 2 ** 31 });
    this.ajv.addFormat('int64', { type: 'number', validate: Number.isSafeInteger });
    this.ajv.addFormat('double', true);
    this.ajv.addVocabulary(['components', 'discriminator']);
    const { schemas } = document.components;
    this.ajv.addSchema({ $id: 'openapi', components: { schemas: exact(schemas) } }, 'openapi');
  }

  /** Of the server at this URL; it is asked once. */
  static async of(url: string): Promise<Description> {
    const described =
      descriptions.get(url) ??
      fetch(`${url}/api/v1/openapi.json`).then(async (answer) => new Description((await answer.json()) as Document));
    descriptions.set(url, described);
    described.catch(() => descriptions.delete(url));
    return await described;
  }

  /** What is wrong with an answer; null when nothing is. `path` stands below `/api/v1`. */
  objection(method: string, path: string, answer: Pick<Answer<unknown>, 'status' | 'body' | 'headers'>): string | null {
    const { status, body, headers } = answer;
    if ([204, 304].includes(status) || method === 'HEAD') return body === '' ? null : `${status} has a body`;
    if (!/^application\/json; charset=utf-8$/.test(headers.get('content-type') ?? '')) return 'is not JSON in UTF-8';
    if (headers.get('x-request-id') === null) return 'has no X-Request-Id';
    const name = `${method} ${this.templateOf(path) ?? '(unknown)'} ${status}`;
    const validate = this.validators.get(name) ?? this.compile(method, path, status);
    if (validate === null) return `${name} is not described`;
    this.validators.set(name, validate);
    if (validate(body)) return null;
    return `${name}: ${this.ajv.errorsText(validate.errors)}\n${JSON.stringify(body).slice(0, 2_000)}`;
  }

  private compile(method: string, path: string, status: number): ValidateFunction | null {
    const template = this.templateOf(path);
    const operation = template === undefined ? undefined : this.document.paths[template]?.[method.toLowerCase()];
    const response = operation?.responses[String(status)] ?? this.sharedRefusal(status);
    // Whatever names no operation is refused in the ways that are the same for all.
    if (response === undefined || (operation !== undefined && operation.responses[String(status)] === undefined))
      return null;
    const name = response.$ref?.split('/').at(-1);
    const schema = (name === undefined ? response : this.document.components.responses[name])?.content?.[
      'application/json'
    ].schema;
    return schema === undefined ? null : this.ajv.compile(withinDocument(exact(schema) as object));
  }

  private sharedRefusal(status: number): ResponseObject | undefined {
    // The path is one of an operation, and none of its operations has this method: so none can say it.
    if (status === 405) return { content: { 'application/json': { schema: methodNotAllowed } } };
    const names: Record<number, string> = {
      400: 'ValidationFailed',
      401: 'AuthenticationRequired',
      403: 'Forbidden',
      404: 'NotFound',
      413: 'PayloadTooLarge',
      415: 'UnsupportedMediaType',
      429: 'TooManyRequests',
    };
    return this.document.components.responses[names[status] ?? ''];
  }

  private templateOf(path: string): string | undefined {
    const given = (path.split('?', 1)[0] ?? '').replace(/\/$/, '').split('/');
    return Object.keys(this.document.paths).find((template) => {
      const segments = template.split('/');
      return (
        segments.length === given.length &&
        segments.every((segment, index) => (segment.startsWith('{') ? given[index] !== '' : segment === given[index]))
      );
    });
  }
}

const methodNotAllowed = object({
  success: { type: 'boolean', const: false },
  error: object({
    code: { type: 'string', const: 'method_not_allowed' },
    message: { type: 'string' },
    details: { ...object({}), maxProperties: 0 },
  }),
});

/**
 * The schema with no keys but those it names. The document is open, so that clients take what is added one day; that
 * nothing is added unawares is for us to see.
 */
export function exact(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(exact);
  if (schema === null || typeof schema !== 'object') return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, exact(value)]));
  return 'properties' in inner && inner['type'] === 'object' ? { additionalProperties: false, ...inner } : inner;
}

const withinDocument = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"openapi#/components/')) as object;
