import type { Request as ExpressRequest, RequestHandler, Response as ExpressResponse } from 'express';
import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
  type AuthInfo,
} from '@modelcontextprotocol/server';
import { callerOf, requireAccess, type Authenticator } from '../http/authenticate.js';
import { senderOf } from '../http/body-room.js';
import type { BodyReader } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import { takePoints, type RateLimiter } from '../http/rate-limit/rate-limiter.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import { factsOf } from '../http/request.js';
import type { RevocationWatch } from '../http/revocation-watch.js';
import { jsonType, send } from '../http/send.js';
import type { Actor } from '../platform/actor.js';
import {
  asFailure,
  authenticationRequired,
  documentsOnlyKey,
  type Failure,
  methodNotAllowed,
  rateLimitExceeded,
} from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Metrics } from '../platform/metrics.js';
import { callerLeft } from '../platform/work/work-account.js';
import { plans } from '../workspaces/plans.js';
import { Ending, Gone } from './ending.js';
import { restrictionsOf } from './listing.js';
import { headerOf, protocolHeaders, queryOf, readMessage, requireAccept, type RpcMessage } from './message.js';
import { plainCallIn } from './plain-call.js';
import { RpcRefusal, refusalFor, withoutKey, type RpcId } from './refusal.js';
import { McpServers, type Exchange, type Surface } from './server.js';
import { sendAnswer } from './stream.js';

const mcpBodyBytesMax = 262_144;

export interface McpNeeds {
  surface: Surface;
  authenticator: Authenticator;
  strangers: Strangers;
  limiter: RateLimiter;
  bodies: BodyReader;
  revocations: RevocationWatch;
  metrics: Metrics;
  log: Log;
  publicUrl: () => string;
  /** Origins, beside our own, whose pages may call. */
  corsOrigins: readonly string[];
}

/** `/mcp`: one request in, one answer out, and no session between them. The order of refusals is that of `exchange`. */
export class McpTransport {
  private readonly servers: McpServers;
  private readonly modern: ReturnType<typeof createMcpHandler>;
  private readonly underWay = new Set<Ending>();

  constructor(private readonly needs: McpNeeds) {
    this.servers = new McpServers(needs.surface, needs.metrics, needs.log);
    const onerror = (error: Error) => needs.log.debug({ error: errorFields(error) }, 'refused by the protocol');
    this.modern = createMcpHandler(({ authInfo }) => this.servers.for(exchangeIn(authInfo)), {
      legacy: 'reject',
      onerror,
    });
  }

  readonly handler: RequestHandler = async (request, response) => {
    let id: RpcId = null;
    try {
      await this.exchange(request, response, (known) => (id = known));
    } catch (thrown) {
      await this.refuse(request, response, thrown, id);
    }
  };

  /** Ends what is under way: a client calls again, and another process answers. */
  async stop(): Promise<void> {
    for (const ending of this.underWay) ending.end(new Gone('the server stops'));
    await this.modern.close();
  }

  private async exchange(request: ExpressRequest, response: ExpressResponse, know: (id: RpcId) => void) {
    const facts = factsOf(request);
    facts.route = '/mcp';
    if (request.method !== 'POST') throw methodNotAllowed(['POST']);
    this.requireOrigin(request.headers.origin);
    const actor = await this.letIn(request);
    const takesStream = requireAccept(request.headers.accept);
    const bytes = await this.needs.bodies.read(request, response, senderOf(actor), mcpBodyBytesMax);
    const barred = barOf(actor);
    const grant = await this.spend(request, actor);
    const { message, issues } = await readMessage(actor, bytes);
    const id = message.id ?? null;
    know(id);
    const isCall = message.method === 'tools/call' && message.id !== undefined;
    facts.tool = { method: message.method, name: null };
    const spent = grant !== null && !grant.allowed ? rateLimitExceeded(grant.retryAfterSeconds) : null;
    if (spent !== null && !isCall) throw spent;

    const ending = new Ending();
    const exchange: Exchange = {
      actor,
      grant,
      refusal: barred ?? spent,
      restrictions: restrictionsOf(queryOf(request.url), headerOf(request, 'x-mcp-readonly')),
      issues,
      facts,
      takesStream,
      ending,
      question: null,
    };
    const leave = () => ending.end(new Gone(callerLeft));
    if (response.destroyed) return;
    response.on('close', leave);
    this.underWay.add(ending);
    const unwatch = this.needs.revocations.onEnded(actor, () => ending.end(endedKey()));
    try {
      await this.answer(request, response, message, exchange);
    } finally {
      response.off('close', leave);
      unwatch();
      this.underWay.delete(ending);
    }
  }

  /** Browsers say which page asks: a page that nobody allowed must not use what it can reach from its reader's machine. */
  private requireOrigin(origin: string | undefined): void {
    const { corsOrigins, publicUrl } = this.needs;
    if (origin === undefined || corsOrigins.includes('*') || corsOrigins.includes(origin)) return;
    if (origin !== new URL(publicUrl()).origin) throw new RpcRefusal(403, 'This origin may not call.');
  }

  /** @throws authentication_required, saying what is wrong with the key as far as its text tells */
  private async letIn(request: ExpressRequest): Promise<Actor> {
    const { authenticator, strangers } = this.needs;
    const { actor, refusal } = await callerOf(authenticator.keyOf(request));
    if (actor !== null && actor.workspace.agentsMayConnect) return actor;
    strangers.enter(factsOf(request).origin.address);
    if (actor !== null) throw refusalFor(authenticationRequired({ cause: 'agents may not connect' }), closedToAgents);
    throw withoutKey(request.headers.authorization, refusal);
  }

  /** Takes the request's point. A key whose plan has no points is counted as a stranger is. */
  private async spend(request: ExpressRequest, actor: Actor): Promise<Exchange['grant']> {
    const facts = factsOf(request);
    if (plans[actor.workspace.plan].requestsPerMinute === 0) {
      this.needs.strangers.enter(facts.origin.address);
      return null;
    }
    const grant = await takePoints(this.needs.limiter, actor, 1);
    setRateLimitHeaders(grant, facts);
    return grant;
  }

  /**
   * A plain call of a tool that we have goes past the library, see `plain-call.ts`. What the tool asks does not: the library
   * knows what a client can be asked, and refuses the rest.
   */
  private async answer(
    request: ExpressRequest,
    response: ExpressResponse,
    message: RpcMessage,
    exchange: Exchange,
  ): Promise<void> {
    const { ending } = exchange;
    const call = plainCallIn(message, request.headers);
    let question: Exchange['question'] = null;
    if (call !== null && this.servers.has(call.name, exchange)) {
      const told = await ending.before(this.servers.answerTo(call, exchange));
      if (typeof told === 'string') return await send(request, response, { status: 200, type: jsonType, text: told });
      question = told;
    }
    const answer = await ending.before(this.answerOfLibrary(request, message, { ...exchange, question }));
    await sendAnswer(request, response, answer, ending.signal, message.id ?? null);
  }

  private async answerOfLibrary(request: ExpressRequest, message: RpcMessage, exchange: Exchange): Promise<Response> {
    const { signal } = exchange.ending;
    const web = new Request('http://localhost/mcp', { method: 'POST', headers: protocolHeaders(request), signal });
    if (!(await isLegacyRequest(web, message))) {
      return await this.modern.fetch(web, { parsedBody: message, authInfo: authInfoOf(exchange) });
    }
    const server = this.servers.for(exchange);
    // Anything else than a call that tells of its progress is one text, which costs less than a stream.
    const enableJsonResponse = !exchange.takesStream || message.params?._meta?.progressToken === undefined;
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse });
    await server.connect(transport);
    signal.addEventListener('abort', () => void server.close(), { once: true });
    return await transport.handleRequest(web, { parsedBody: message });
  }

  private async refuse(request: ExpressRequest, response: ExpressResponse, thrown: unknown, id: RpcId): Promise<void> {
    if (thrown instanceof Gone && response.destroyed) return;
    const facts = factsOf(request);
    const refusal = thrown instanceof RpcRefusal ? thrown : refusalFor(failureOf(thrown, facts.log));
    for (const [name, value] of Object.entries(refusal.headers)) facts.setHeader(name, value);
    const text = refusal.textFor(id, facts.origin.requestId);
    await send(request, response, { status: refusal.status, type: jsonType, text });
  }
}

/** A caller whose key works, but may call nothing: told by the tools, as a client shows its person no HTTP error but a sign-in. */
function barOf(actor: Actor): Failure | null {
  if (actor.documentsOnly) return documentsOnlyKey();
  try {
    requireAccess(actor);
    return null;
  } catch (thrown) {
    return asFailure(thrown);
  }
}

const closedToAgents =
  'Agents may not connect to this workspace: an Owner can let them in, in the settings of the console.';

const endedKey = () => authenticationRequired({ cause: 'the key ended while it was answered' });

/** The library hands what it calls "auth info" to whoever makes the server: the exchange goes with it. */
const authInfoOf = (exchange: Exchange): AuthInfo => ({ token: '', clientId: '', scopes: [], extra: { exchange } });

function exchangeIn(authInfo: AuthInfo | undefined): Exchange {
  const { exchange } = (authInfo?.extra ?? {}) as { exchange?: Exchange };
  if (exchange === undefined) throw new Error('a server is made for no exchange');
  return exchange;
}
