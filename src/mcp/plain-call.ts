import type { IncomingMessage } from 'node:http';
import type { ServerContext } from '@modelcontextprotocol/server';
import { isObject } from '../platform/text/storable-json.js';

/**
 * A call of a tool with what every client of 2026-07-28 sends, and nothing that the library must look at: no state, no
 * input of a person, no wish for progress. For each request the library makes a server, a transport, and the web's request
 * and answer, which take 200 µs of CPU, where all of a small read over REST takes 150; so such a call goes past it. Whatever
 * is not quite such a call goes through the library, its refusals above all.
 */
export interface PlainCall {
  id: string | number;
  name: string;
  args: unknown;
  meta: Readonly<Record<string, unknown>>;
}

const revision = '2026-07-28';
const versionKey = 'io.modelcontextprotocol/protocolVersion';
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';
const infoKey = 'io.modelcontextprotocol/clientInfo';
const paramsKeys = ['name', 'arguments', '_meta'];
const metaKeys = [versionKey, capabilitiesKey, infoKey];
const infoKeys = ['name', 'version', 'title'];

type Fields = Readonly<Record<string, unknown>>;

const hasOnly = (value: Fields, keys: readonly string[]) => Object.keys(value).every((key) => keys.includes(key));

/** The call that a message is; null for every other message, and wherever there may be something wrong with it. */
export function plainCallIn(message: object, headers: IncomingMessage['headers']): PlainCall | null {
  const { jsonrpc, id, method, params } = message as Fields;
  if (jsonrpc !== '2.0' || method !== 'tools/call' || (typeof id !== 'string' && typeof id !== 'number')) return null;
  if (!isObject(params) || !hasOnly(params, paramsKeys)) return null;
  const { name, arguments: args, _meta: meta } = params;
  if (typeof name !== 'string' || (args !== undefined && !isObject(args))) return null;
  if (headers['mcp-method'] !== method || headers['mcp-name'] !== name) return null;
  if (!isObject(meta) || !hasOnly(meta, metaKeys) || headers['mcp-protocol-version'] !== revision) return null;
  const { [versionKey]: version, [capabilitiesKey]: capabilities, [infoKey]: info } = meta;
  if (version !== revision || !isObject(capabilities) || !Object.values(capabilities).every(isObject)) return null;
  return info === undefined || isClientInfo(info) ? { id, name, args, meta } : null;
}

const isClientInfo = (info: unknown) =>
  isObject(info) &&
  hasOnly(info, infoKeys) &&
  typeof info['name'] === 'string' &&
  typeof info['version'] === 'string' &&
  typeof (info['title'] ?? '') === 'string';

/** Of a plain call: it has no state, no input of a person, and nobody who hears of its progress. */
export const contextOf = (meta: PlainCall['meta']) =>
  ({
    mcpReq: {
      _meta: meta,
      envelope: meta,
      requestState: () => undefined,
      notify: async () => {},
      log: async () => {},
    },
  }) as unknown as ServerContext;
