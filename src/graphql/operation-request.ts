import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import { batchingNotSupported, validationFailed, type Issue } from '../platform/errors.js';
import { isObject, unstorableIssues } from '../platform/text/storable-json.js';
import { exactValue, readJson, readJsonInTurn, type ReadJson } from '../platform/text/read-json.js';
import type { OperationRequest } from './admission.js';

/** The parts of a request that say what it asks for. */
export interface HttpOperation {
  /** GET also for HEAD, which is answered as a GET; `send` leaves the body out. */
  method: string;
  /** What follows the path, with its question mark. */
  search: string;
  /** The JSON of a POST, not looked at yet. */
  body: unknown;
}

/** @throws validation_failed, batching_not_supported */
export async function httpOperationOf(
  { method, url }: Pick<Request, 'method' | 'url'>,
  bytes: Buffer,
  sender: string,
): Promise<HttpOperation> {
  const query = url.indexOf('?');
  const body = method === 'POST' ? exactValue(await readJsonInTurn(sender, bytes)) : undefined;
  // A budget of points is for one operation at a time.
  if (Array.isArray(body)) throw batchingNotSupported();
  return { method: method === 'HEAD' ? 'GET' : method, search: query === -1 ? '' : url.slice(query), body };
}

/**
 * Reads what a request asks for; null when it has no document and is in no form of GraphQL over HTTP.
 * @throws validation_failed for a request that has a document but not the form of a request, since only what is read here
 * runs, and for values that could not be given back as they were sent
 */
export function operationRequestOf(http: HttpOperation): OperationRequest | null {
  const asked = requestIn(http);
  if (asked === null && hasDocument(http)) throw validationFailed([notAnOperation]);
  return asked;
}

function requestIn({ method, body, search }: HttpOperation): OperationRequest | null {
  if (method === 'POST') return isObject(body) ? readOperationRequest(body) : null;
  if (method !== 'GET') return null;
  const parameters = new URLSearchParams(search);
  if (new Set(parameters.keys()).size < parameters.size) return null;
  // Client libraries write parameters that are not set as empty ones.
  const given = new Map([...parameters].filter(([, text]) => text !== ''));
  const texts = Object.fromEntries(textParameters.map((name) => [name, given.get(name) ?? null]));
  const issues = [...unstorableIssues(texts)];
  const objects: Record<string, unknown> = {};
  for (const name of objectParameters) {
    const read = readObject(given.get(name) ?? 'null');
    if (read === null) return null;
    objects[name] = read.value;
    issues.push(...read.issues.map((issue) => ({ ...issue, path: `${name}.${issue.path}` })));
  }
  const asked = readOperationRequest({ ...texts, ...objects });
  if (asked !== null && issues.length > 0) throw validationFailed(issues);
  return asked;
}

/** Parameters of a GET that are texts. */
const textParameters = ['query', 'documentId', 'operationName'] as const;
/** Parameters of a GET that are JSON. */
const objectParameters = ['variables', 'extensions'] as const;

function readObject(text: string): ReadJson | null {
  try {
    return readJson(text);
  } catch {
    return null;
  }
}

function hasDocument({ method, body, search }: HttpOperation): boolean {
  if (method === 'GET') return new URLSearchParams(search).getAll('query').some((text) => text !== '');
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

/** @returns null where the parameters are in no form of an operation */
export function readOperationRequest(given: Record<string, unknown>): OperationRequest | null {
  const { query = null, documentId = null, operationName = null, variables = null, extensions = null } = given;
  const isText = (value: unknown): value is string | null => value === null || typeof value === 'string';
  if (!isText(query) || !isText(documentId) || documentId === '' || !isText(operationName)) return null;
  if (variables !== null && !isObject(variables)) return null;
  if (extensions !== null && !isObject(extensions)) return null;
  // A client that names no operation, or sends the id of a document alone, may send an empty text.
  const asked = { query: query || null, documentId, operationName: operationName || null, variables: variables ?? {} };
  if (asked.query !== null || documentId !== null) return asked;
  const persisted = extensions?.['persistedQuery'];
  if (!isObject(persisted)) return null;
  const { sha256Hash: hash } = persisted;
  // What is no text is the hash of nothing.
  return { ...asked, persistedHash: typeof hash === 'string' ? hash.toLowerCase() : '' };
}
