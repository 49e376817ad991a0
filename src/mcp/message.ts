import type { IncomingMessage } from 'node:http';
import type { Actor } from '../platform/actor.js';
import { Failure, type Issue } from '../platform/errors.js';
import { readJsonInTurn, type ReadJson } from '../platform/text/read-json.js';
import { invalidRequest, notJson, RpcRefusal, type RpcId } from './refusal.js';

/** A message of JSON-RPC that asks for something: the one thing that a body may be. */
export interface RpcMessage {
  method: string;
  id?: RpcId;
  params?: { _meta?: { progressToken?: unknown }; name?: unknown };
}

/** @returns whether the caller reads streams. */
export function requireAccept(accept: string | undefined): boolean {
  const types = (accept ?? '*/*').toLowerCase();
  const takesAll = types.includes('*/*');
  const takesStream = takesAll || types.includes('text/event-stream');
  if (!takesStream && !/application\/(json|\*)/.test(types)) {
    throw new RpcRefusal(406, 'Accept application/json, text/event-stream or both.');
  }
  return takesStream;
}

export async function readMessage(
  actor: Actor,
  bytes: Buffer,
): Promise<{ message: RpcMessage; issues: readonly Issue[] }> {
  try {
    return messageIn(await readJsonInTurn(actor.workspaceId, bytes));
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'validation_failed') throw notJson(thrown.message);
    throw thrown;
  }
}

function messageIn({ value, issues }: ReadJson): { message: RpcMessage; issues: readonly Issue[] } {
  if (Array.isArray(value)) throw invalidRequest('Send one message a request: a list of messages is not taken.');
  if (value === null || typeof value !== 'object') throw invalidRequest('The body must be a JSON-RPC message.');
  const { method, id } = value as { method?: unknown; id?: unknown };
  if (typeof method !== 'string') throw invalidRequest('The message has no method.');
  if (id !== undefined && typeof id !== 'string' && !Number.isSafeInteger(id)) {
    throw invalidRequest('The id of a message is a string or a whole number.');
  }
  return { message: value as RpcMessage, issues };
}

/** What the protocol has in headers, and nothing else of the request: least of all the key. */
export function protocolHeaders(request: IncomingMessage): Headers {
  const headers = new Headers({
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  });
  for (const [name, value] of Object.entries(request.headers)) {
    if (name.startsWith('mcp-') && typeof value === 'string') headers.set(name, value);
  }
  return headers;
}

export const queryOf = (url: string) => (url.includes('?') ? url.slice(url.indexOf('?') + 1) : '');

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
