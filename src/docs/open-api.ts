import type { JsonSchema } from '../platform/json-schema.js';

/** As much of an OpenAPI document as the reference shows. */
export interface OpenApi {
  info: { title: string; description: string; version: string };
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; responses: Record<string, OpenApiAnswer> };
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema;
  example?: unknown;
}

interface Content {
  content?: {
    'application/json': { schema: JsonSchema; example?: unknown; examples?: Record<string, { value: unknown }> };
  };
}

export interface OpenApiAnswer extends Content {
  $ref?: string;
  description?: string;
}

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  parameters: Parameter[];
  requestBody?: Required<Content>;
  responses: Record<string, OpenApiAnswer>;
}

export interface NamedOperation extends Operation {
  method: string;
  path: string;
}

export const operationsOf = ({ paths }: OpenApi): NamedOperation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );

/** The schema of a content, and its example, the first where there are several. */
export function contentOf(
  { components }: OpenApi,
  { content }: Content,
): { schema: JsonSchema; example?: unknown } | null {
  const json = content?.['application/json'];
  if (json === undefined) return null;
  const example = json.example ?? Object.values(json.examples ?? {})[0]?.value;
  return { schema: resolved(components.schemas, json.schema), ...(example !== undefined && { example }) };
}

/** What a reference leads to, with what is said beside the reference. */
export function resolved(schemas: OpenApi['components']['schemas'], schema: JsonSchema): JsonSchema {
  const { $ref, ...beside } = schema as { $ref?: string };
  if ($ref === undefined) return schema;
  return { ...schemas[$ref.split('/').at(-1) ?? ''], ...beside };
}

export const answerOf = ({ components }: OpenApi, answer: OpenApiAnswer): OpenApiAnswer =>
  answer.$ref === undefined ? answer : (components.responses[answer.$ref.split('/').at(-1) ?? ''] ?? answer);
