import type { IncomingHttpHeaders } from 'node:http';
import type { HTTPGraphQLRequest } from '@apollo/server';
import { validationFailed, type Issue } from '../platform/errors.js';
import type { OperationRequest } from './gate.js';

/**
 * What a request asks for; null when it is in no form of GraphQL over HTTP and has no document either.
 * @throws validation_failed for a document in no form of a request: nothing runs that is not read here
 */
export function operationRequestOf(http: HTTPGraphQLRequest): OperationRequest | null {
  const asked = requestIn(http);
  if (asked === null && hasDocument(http)) throw validationFailed([notAnOperation]);
  return asked;
}

function requestIn({ method, body, search }: HTTPGraphQLRequest): OperationRequest | null {
  if (method === 'POST') return isObject(body) ? readOperationRequest(body) : null;
  if (method !== 'GET') return null;
  const parameters = new URLSearchParams(search);
  const names = [...parameters.keys()];
  if (new Set(names).size < names.length) return null;
  const given = Object.fromEntries(parameters);
  try {
    const objects = objectParameters.map((name) => [name, JSON.parse(given[name] ?? 'null') as unknown]);
    return readOperationRequest({ ...given, ...Object.fromEntries(objects) });
  } catch {
    return null;
  }
}

/** Of a GET: in JSON. */
const objectParameters = ['variables', 'extensions'] as const;

function hasDocument({ method, body, search }: HTTPGraphQLRequest): boolean {
  if (method === 'GET') return new URLSearchParams(search).has('query');
  return method === 'POST' && isObject(body) && (body['query'] ?? '') !== '';
}

export const notAnOperation: Issue = {
  path: '',
  message:
    'must have a `query` or a `documentId`; `operationName` is a string, `variables` and `extensions` are objects',
  code: 'bad_format',
};

/** Whether `X-Cost-Only` says that the caller only wants to know what the operation would cost. */
export const isCostOnly = ({ 'x-cost-only': given }: IncomingHttpHeaders) => /^(1|true)$/i.test(String(given));

/** The same request with the text of its document, which it may have named by its id alone. */
export function trustedRequest(http: HTTPGraphQLRequest, text: string): HTTPGraphQLRequest {
  if (http.method === 'POST') {
    const { documentId, ...body } = http.body as Record<string, unknown>;
    return documentId === undefined ? http : { ...http, body: { ...body, query: text } };
  }
  const parameters = new URLSearchParams(http.search);
  parameters.delete('documentId');
  parameters.set('query', text);
  for (const name of objectParameters) if (parameters.get(name)?.trim() === 'null') parameters.delete(name);
  return { ...http, search: `?${parameters.toString()}` };
}

/** @returns null for what is in no form of an operation */
export function readOperationRequest(given: Record<string, unknown>): OperationRequest | null {
  const { query = null, documentId = null, operationName = null, variables = null, extensions = null } = given;
  const isText = (value: unknown): value is string | null => value === null || typeof value === 'string';
  if (!isText(query) || !isText(documentId) || !isText(operationName)) return null;
  if ((query ?? documentId ?? '') === '') return null;
  if (variables !== null && !isObject(variables)) return null;
  if (extensions !== null && !isObject(extensions)) return null;
  return { query, documentId, operationName, variables: variables ?? {} };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
