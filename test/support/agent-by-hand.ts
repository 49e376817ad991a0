import { watch } from './told-to-agents.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

/** The two eras of the protocol, by the revision that tests speak of each. */
export const revisions = { modern: '2026-07-28', legacy: '2025-11-25' } as const;
export type Era = keyof typeof revisions;

export interface McpAnswer {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON. */
  body: Loose;
}

export interface ListedTool {
  name: string;
  title?: string;
  description: string;
  inputSchema: Loose;
  outputSchema: Loose;
  annotations: Record<string, boolean>;
}

/** What a tool told. */
export interface Told {
  isError: boolean;
  /** `structuredContent`. */
  data: Loose;
  /** The texts, joined. */
  text: string;
  headers: Headers;
  /** The JSON-RPC error, where the call was none. */
  error: { code: number; message: string; data?: Loose } | null;
  result: Loose;
}

export interface Agent {
  /** Sends a body as it is. */
  post: (body: unknown, headers?: Record<string, string>) => Promise<McpAnswer>;
  /** Sends a request of the agent's era. */
  ask: (method: string, params?: object, more?: Asking) => Promise<McpAnswer>;
  list: () => Promise<ListedTool[]>;
  /** Calls a tool, and fails where what it told may not be told. */
  call: (name: string, args?: object, more?: Asking) => Promise<Told>;
}

export interface Asking {
  headers?: Record<string, string>;
  /** Params beside what every request has, such as `inputResponses`. */
  params?: object;
  meta?: object;
  capabilities?: object;
}

export interface AgentOptions {
  era?: Era;
  headers?: Record<string, string>;
  /** Behind the address, with its question mark. */
  search?: string;
}

let requests = 0;

/** A client of the door for agents, by hand, so that tests may send what no client would. */
export function agentOf(url: string, key?: string, { era = 'modern', headers = {}, search = '' }: AgentOptions = {}) {
  const own: Record<string, string> = {
    Accept: 'application/json, text/event-stream',
    'Content-Type': 'application/json',
    ...(key !== undefined && { Authorization: `Bearer ${key}` }),
    ...headers,
  };
  const agent: Agent = {
    post: async (body, more = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      return await answerOf(
        await fetch(`${url}/mcp${search}`, { method: 'POST', headers: { ...own, ...more }, body: text }),
      );
    },
    ask: async (method, params = {}, more = {}) => {
      const { body, headers: said } = requestOf(era, method, params, more);
      return await agent.post(body, said);
    },
    list: async () => {
      const { body } = await agent.ask('tools/list');
      return body.result.tools as ListedTool[];
    },
    call: async (name, args = {}, more = {}) => {
      const answer = await agent.ask('tools/call', { name, arguments: args, ...more.params }, more);
      const { result = null, error = null } = answer.body ?? {};
      if (result?.content !== undefined) {
        await watch(`${url} ${key} ${search} ${JSON.stringify(headers)}`, agent.list, name, args, result);
      }
      const text = (result?.content ?? []).map((one: { text?: string }) => one.text ?? '').join('\n') as string;
      const { isError = false, structuredContent: data = null } = result ?? {};
      return { isError, data, text, headers: answer.headers, error, result };
    },
  };
  return agent;
}

/** A request as a client of the era writes it. */
export function requestOf(era: Era, method: string, params: object, more: Asking = {}) {
  const version = revisions[era];
  const name = (params as { name?: unknown; uri?: unknown }).name ?? (params as { uri?: unknown }).uri;
  const meta = {
    ...(era === 'modern' && {
      'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': more.capabilities ?? {},
    }),
    ...more.meta,
  };
  const body = {
    jsonrpc: '2.0',
    id: (requests += 1),
    method,
    params: { ...params, ...(Object.keys(meta).length > 0 && { _meta: meta }) },
  };
  const headers: Record<string, string> = {
    'MCP-Protocol-Version': version,
    ...(era === 'modern' && { 'Mcp-Method': method, ...(typeof name === 'string' && { 'Mcp-Name': name }) }),
    ...more.headers,
  };
  return { body, headers };
}

async function answerOf(response: Response): Promise<McpAnswer> {
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const { status, headers } = response;
  if (/json/.test(type) && text !== '') return { status, headers, body: JSON.parse(text) };
  if (!/event-stream/.test(type)) return { status, headers, body: text };
  // Of a stream its last message is the answer.
  const messages = [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data]) => JSON.parse(data ?? 'null') as unknown);
  return { status, headers, body: messages.at(-1) };
}
