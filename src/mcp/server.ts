import {
  isInputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type CallToolResult,
  type ClientCapabilities,
  type InputRequiredResult,
  type jsonSchemaValidator,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server';
import type { Counter } from 'prom-client';
import { failureOf } from '../http/failure.js';
import type { Grant } from '../http/rate-limit/rate-limiter.js';
import type { RequestFacts } from '../http/request.js';
import type { Actor } from '../platform/actor.js';
import type { Failure, Issue } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import type { Metrics } from '../platform/metrics.js';
import { refusalOf } from './answer.js';
import type { Ending } from './ending.js';
import { Listing, objectionTo, type Restrictions } from './listing.js';
import { contextOf, type PlainCall } from './plain-call.js';
import { argumentsFor, type Tool, type ToolCall } from './tool.js';
import type { Prompts } from './prompts.js';
import type { Resources } from './resources.js';

/** What is served: the door takes it as it is given, whatever it is. */
export interface Surface {
  name: string;
  version: string;
  instructions: string;
  tools: readonly Tool[];
  /** null: none, and the capability is not advertised. */
  resources: Resources | null;
  prompts: Prompts | null;
}

/** One request, as far as the door has come with it. */
export interface Exchange {
  actor: Actor;
  /** The caller's budget after this request took its point; null where the caller may call nothing. */
  grant: Grant | null;
  /** Why no tool may be called; a model reads it as the result of its call. */
  refusal: Failure | null;
  restrictions: Restrictions;
  /** What the door has found wrong with the body. */
  issues: readonly Issue[];
  facts: RequestFacts;
  /** Whether the client reads an answer that comes in pieces. */
  takesStream: boolean;
  ending: Ending;
  /** What the tool, which was called already, asks its caller's person; null before. */
  question: InputRequiredResult | null;
}

const minuteMs = 60_000;
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities';

/** Asking persons for input is the one thing that the library validates schemas for, and it sends ours alone. */
const unused: jsonSchemaValidator = {
  getValidator: () => () => {
    throw new Error('no schema is validated here');
  },
};

/** What answers requests: a server of the protocol for each request, as no state outlives one. */
export class McpServers {
  private readonly listing: Listing;
  private readonly calls: Counter<'tool' | 'outcome'>;
  private readonly options: ServerOptions;
  private readonly identity: object;

  constructor(
    private readonly surface: Surface,
    metrics: Metrics,
    /** For its line a call, which needs no log of its own. */
    private readonly log: Log,
  ) {
    this.listing = new Listing(surface.tools);
    const { name, version } = surface;
    this.identity = { 'io.modelcontextprotocol/serverInfo': { name, title: 'ioZen', version } };
    this.calls = metrics.counter({
      name: 'iozen_mcp_calls_total',
      help: 'Calls of tools by agents, and what they came to: ok, asked, gone, or the code of the error.',
      labelNames: ['tool', 'outcome'],
    });
    const { resources, prompts, instructions } = surface;
    this.options = {
      instructions,
      capabilities: {
        tools: {},
        ...(resources !== null && { resources: {} }),
        ...(prompts !== null && { prompts: {} }),
        ...(prompts !== null && { completions: {} }),
      },
      cacheHints: {
        'server/discover': { ttlMs: minuteMs, cacheScope: 'private' },
        // A key that gained or lost a scope sees it within the minute.
        'tools/list': { ttlMs: minuteMs, cacheScope: 'private' },
        'prompts/list': { ttlMs: minuteMs, cacheScope: 'private' },
        'resources/list': { ttlMs: minuteMs, cacheScope: 'public' },
        'resources/templates/list': { ttlMs: minuteMs, cacheScope: 'public' },
        'resources/read': { ttlMs: minuteMs, cacheScope: 'public' },
      },
      jsonSchemaValidator: unused,
      // Without a session there is nobody to send a question to but by the answer.
      inputRequired: { legacyShim: false },
    };
  }

  for(exchange: Exchange): Server {
    const { name, version, resources, prompts } = this.surface;
    const server = new Server({ name, title: 'ioZen', version }, this.options);
    server.setRequestHandler('tools/list', ({ params }) => {
      refuseCursor(params?.cursor);
      return { tools: exchange.refusal === null ? this.listing.for(exchange.actor, exchange.restrictions) : [] };
    });
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      return exchange.question ?? (await this.call(exchange, params.name, params.arguments, context));
    });
    if (resources !== null) {
      server.setRequestHandler('resources/list', ({ params }) => {
        refuseCursor(params?.cursor);
        return { resources: resources.list() };
      });
      server.setRequestHandler('resources/templates/list', ({ params }) => {
        refuseCursor(params?.cursor);
        return { resourceTemplates: resources.templates() };
      });
      server.setRequestHandler('resources/read', ({ params }) => resources.read(params.uri));
    }
    if (prompts !== null) {
      server.setRequestHandler('prompts/list', ({ params }) => {
        refuseCursor(params?.cursor);
        return { prompts: exchange.refusal === null ? prompts.list(exchange.actor) : [] };
      });
      server.setRequestHandler('prompts/get', ({ params }) => prompts.get(params.name, params.arguments ?? {}));
      server.setRequestHandler('completion/complete', async ({ params }) => {
        if (exchange.refusal !== null) return { completion: { values: [] } };
        return { completion: { values: await prompts.complete(exchange.actor, params.ref, params.argument) } };
      });
    }
    return server;
  }

  /** Whether there is a tool of that name: to any other the library answers. */
  has(name: string, { restrictions }: Exchange): boolean {
    return this.listing.find(name, restrictions) !== null;
  }

  /** Calls a tool. @returns its answer, worded as the library words it; or what it asks, which the library is to word */
  async answerTo({ id, name, args, meta }: PlainCall, exchange: Exchange): Promise<string | InputRequiredResult> {
    const told = await this.call(exchange, name, args, contextOf(meta));
    if (isInputRequiredResult(told)) return told;
    const result = { ...told, resultType: 'complete', _meta: this.identity };
    return JSON.stringify({ jsonrpc: '2.0', id, result });
  }

  private async call(
    exchange: Exchange,
    name: string,
    given: unknown,
    context: ServerContext,
  ): Promise<CallToolResult | InputRequiredResult> {
    const { actor, restrictions, facts, ending } = exchange;
    const startedAt = performance.now();
    const tool = this.listing.find(name, restrictions);
    if (facts.tool !== null) facts.tool.name = tool?.name ?? null;
    let outcome = 'unknown_tool';
    try {
      if (exchange.refusal !== null) throw exchange.refusal;
      if (tool === null) throw unknownTool(this.listing.near(name, actor, restrictions));
      const objection = objectionTo(tool, actor);
      if (objection !== null) throw objection;
      const result = await tool.run(callOf(exchange, tool, given, context));
      outcome = isInputRequiredResult(result) ? 'asked' : result.isError === true ? 'refused' : 'ok';
      return result;
    } catch (thrown) {
      if (thrown instanceof ProtocolError) throw thrown;
      if (ending.explains(thrown)) {
        outcome = 'gone';
        throw ending.reason ?? thrown;
      }
      const failure = failureOf(thrown, facts.log);
      outcome = failure.code;
      const { 'Retry-After': retryAfter } = failure.headers;
      if (retryAfter !== undefined) facts.setHeader('Retry-After', retryAfter);
      return refusalOf(failure, facts.origin.requestId);
    } finally {
      const known = tool?.name ?? 'unknown';
      this.calls.inc({ tool: known, outcome });
      const ms = Math.round((performance.now() - startedAt) * 10) / 10;
      const request = facts.origin.requestId;
      this.log.info({ request_id: request, tool: known, outcome, caller: actor.id, ms }, 'tool called');
    }
  }
}

function callOf(
  { actor, grant, issues, ending, takesStream }: Exchange,
  tool: Tool,
  given: unknown,
  context: ServerContext,
): ToolCall {
  if (grant === null) throw new Error('a tool is called without a budget');
  const progressToken = context.mcpReq._meta?.progressToken;
  return {
    actor,
    args: argumentsFor(tool, given),
    issues: issues.flatMap(({ path, ...issue }) =>
      path.startsWith(argumentsPath) ? [{ ...issue, path: path.slice(argumentsPath.length) }] : [],
    ),
    grant,
    ending,
    progress: async (progress, total, message) => {
      if (progressToken === undefined || !takesStream || ending.reason !== null) return;
      const params = { progressToken, progress, message, ...(total !== null && { total }) };
      await context.mcpReq.notify({ method: 'notifications/progress', params });
    },
    canAsk: mayAsk(context),
    context,
  };
}

const argumentsPath = 'params.arguments.';

/** Whether the client can ask its person for input; older clients say so once, in a session that we do not keep. */
function mayAsk({ mcpReq }: ServerContext): boolean {
  if (mcpReq.envelope === undefined) return false;
  const { elicitation } = (mcpReq.envelope as Record<string, unknown>)[capabilitiesKey] as ClientCapabilities;
  // Without a word on modes a client means forms.
  return elicitation !== undefined && ('form' in elicitation || !('url' in elicitation));
}

function refuseCursor(cursor: string | undefined): void {
  if (cursor !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'is not a cursor of this list');
}

const unknownTool = (near: readonly string[]) =>
  new ProtocolError(
    ProtocolErrorCode.InvalidParams,
    near.length === 0 ? 'Unknown tool.' : `Unknown tool. There are: ${near.join(', ')}.`,
  );
