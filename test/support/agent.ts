import { Client, StreamableHTTPClientTransport, type CallToolResult } from '@modelcontextprotocol/client';
import { expect } from 'chai';
import { watch } from './told-to-agents.js';

/** The official client's ways of finding out what a server speaks. */
export const ways = {
  'of 2025-11-25': 'legacy',
  'of 2026-07-28': { pin: '2026-07-28' },
  'that finds out': 'auto',
} as const;

export interface AgentOptions {
  way?: (typeof ways)[keyof typeof ways];
  headers?: Record<string, string>;
  /** Behind `/mcp`. */
  query?: string;
  /** What the agent's person answers when asked; null: the client cannot ask. */
  person?: (() => { action: 'accept' | 'decline'; content?: Record<string, boolean> }) | null;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

/** An agent: the protocol's official client, connected over HTTP with a key. */
export class Agent {
  private constructor(
    readonly client: Client,
    private readonly who: string,
  ) {}

  static async connect(
    url: string,
    key: string,
    { way = { pin: '2026-07-28' }, headers = {}, query = '', person = null }: AgentOptions = {},
  ): Promise<Agent> {
    const capabilities = person === null ? {} : { elicitation: { form: {} } };
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: way }, capabilities });
    if (person !== null) client.setRequestHandler('elicitation/create', () => person());
    const requestInit = { headers: { Authorization: `Bearer ${key}`, ...headers } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp${query}`), { requestInit }));
    return new Agent(client, JSON.stringify([url, key, headers, query]));
  }

  async tools(): Promise<string[]> {
    return (await this.client.listTools()).tools.map(({ name }) => name);
  }

  /** What a tool answers, checked against its schema by the client itself. @throws when it is refused */
  async call(name: string, args: object = {}): Promise<Loose> {
    const result = await this.result(name, args);
    if (result.isError) throw new Error(`${name} was refused: ${textOf(result)}`);
    return result.structuredContent;
  }

  /** The error that a tool is refused with. */
  async refusal(name: string, args: object = {}): Promise<Loose> {
    const result = await this.result(name, args);
    expect(result.isError, `${name}: ${textOf(result)}`).to.equal(true);
    return JSON.parse(textOf(result)).error;
  }

  async result(name: string, args: object = {}): Promise<CallToolResult> {
    const result = await this.client.callTool({ name, arguments: args as Record<string, unknown> });
    await watch(this.who, async () => (await this.client.listTools()).tools, name, args, result);
    return result;
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

export const textOf = ({ content }: CallToolResult): string =>
  content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');

/** A request as it goes over the line, for what no client sends. */
export async function rawMcp(
  url: string,
  key: string | null,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<{ status: number; headers: Headers; text: string; json: Loose }> {
  const response = await fetch(`${url}/mcp`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(key !== null && { Authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson && text !== '' ? JSON.parse(text) : null,
  };
}

/** A request of 2026-07-28, with all that it must carry. */
export function modern(method: string, params: object = {}): { body: object; headers: Record<string, string> } {
  const { name } = params as { name?: string };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  };
  return {
    body: { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } },
    headers: {
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(name !== undefined && { 'Mcp-Name': name }),
    },
  };
}

/** The same of 2025-11-25. */
export const legacy = (method: string, params: object = {}) => ({
  body: { jsonrpc: '2.0', id: 1, method, params },
  headers: { 'MCP-Protocol-Version': '2025-11-25' },
});
