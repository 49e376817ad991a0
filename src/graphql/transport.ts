import {
  ApolloServer,
  HeaderMap,
  type ApolloServerPlugin,
  type HTTPGraphQLRequest,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { Request, RequestHandler, Response } from 'express';
import { GraphQLError, OperationTypeNode, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import { callerOf, type Authenticator } from '../http/authenticate.js';
import { senderOf } from '../http/body-room.js';
import type { BodyReader } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import type { Idempotency } from '../http/idempotency.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import type { Grant } from '../http/rate-limit/rate-limiter.js';
import { factsOf, type RequestFacts } from '../http/request.js';
import { jsonType, send } from '../http/send.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import type { Actor } from '../platform/actor.js';
import { OperationContext, type Transport } from '../platform/graphql/operation-context.js';
import {
  authenticationRequired,
  batchingNotSupported,
  Failure,
  methodNotAllowed,
  validationFailed,
  workspaceArchived,
} from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { exactValue, readJsonInTurn } from '../platform/text/read-json.js';
import { jsonPieces } from '../platform/text/json-pieces.js';
import { workAccount } from '../platform/work/work-account.js';
import { requireFeature } from '../workspaces/plans.js';
import { isLarge, refusalOfAnswer } from './answer-size.js';
import { DocumentErrors, type Documents } from './documents.js';
import { errorOfFailure, errorsOf, formatError, refusalOf } from './errors.js';
import type { Execution } from './execution.js';
import { Refused, unknownCost, type Admission, type Caller, type CostReport, type Gate } from './admission.js';
import { mediaTypeFor } from './media-type.js';
import { isCostOnly, notAnOperation, operationRequestOf, plainRequest } from './operation-request.js';
import { isIdempotent, runOnce } from './idempotent-mutation.js';
import type { Streams } from './streams.js';

/** How one operation over HTTP stands. */
interface Progress {
  admission: Admission | null;
  refused: Refused | null;
  grant: Grant | null;
  cost: CostReport;
  /** Whether the caller only wants to know what the operation would cost. */
  costOnly: boolean;
  /** Why it has no answer, though it ran. */
  refusal: Failure | null;
  /** What is printed apart, as it is large. */
  largeData: Record<string, unknown> | null;
  /** Whether nothing ran, because the variables did not fit. */
  misfit: boolean;
}

const begun: Progress = {
  admission: null,
  refused: null,
  grant: null,
  cost: unknownCost,
  costOnly: false,
  refusal: null,
  largeData: null,
  misfit: false,
};

class HttpCall extends OperationContext {
  constructor(
    actor: Actor | null,
    transport: Transport,
    /** Shared, as Apollo makes a copy of the context. */
    readonly progress: Progress,
  ) {
    super(actor, transport, progress.admission?.selected);
  }
}

export interface GraphqlDoor {
  schema: GraphQLSchema;
  documents: Documents;
  execution: Execution;
  gate: Gate;
  authenticator: Authenticator;
  strangers: Strangers;
  bodies: BodyReader;
  streams: Streams;
  idempotency: Idempotency;
  log: Log;
}

/** `/graphql`: Apollo Server behind our own hall, without a second one in between. */
export class GraphqlTransport {
  private readonly apollo: ApolloServer<HttpCall>;

  constructor(private readonly door: GraphqlDoor) {
    const { schema, documents, execution, log } = door;
    this.apollo = new ApolloServer<HttpCall>({
      schema,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      persistedQueries: false,
      status400ForVariableCoercionErrors: true,
      // Of cookies only, which `requirePreflight` looks after: other callers say who they are in a header.
      csrfPrevention: false,
      // What passed the gate is parsed and validated.
      documentStore: {
        get: async (key) => documents.find(key.slice(-64)),
        set: async () => undefined,
        delete: async () => undefined,
      },
      formatError: (formatted, error) => formatError(formatted, error, log),
      plugins: [
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        running(execution, log),
      ],
      logger: quiet,
    });
  }

  async start(): Promise<void> {
    await this.apollo.start();
  }

  async stop(): Promise<void> {
    await this.apollo.stop();
  }

  handler(): RequestHandler {
    return async (request, response) => {
      const { log, origin } = factsOf(request);
      const from: Caller = { actor: null, address: origin.address };
      // Who is not let in at all has no budget to take from.
      let isIn = false;
      try {
        const { actor, refusal } = await callerOf(async () => await this.door.authenticator.actorOf(request));
        from.actor = actor;
        if (actor === null) this.door.strangers.enter(origin.address);
        else if (actor.workspace.archived) throw workspaceArchived();
        else if (actor.kind === 'key') requireFeature(actor, 'api');
        isIn = true;
        if (refusal !== null) throw refusal;
        this.door.gate.requirePoints(from);
        if (!['POST', 'GET', 'HEAD'].includes(request.method)) throw methodNotAllowed(['GET', 'POST']);
        await this.answer(request, response, from);
      } catch (thrown) {
        const { reason, cost, grant } =
          thrown instanceof Refused || !isIn ? asRefused(thrown) : await this.door.gate.refuse(from, thrown);
        if (grant !== null && from.actor !== null) setRateLimitHeaders(grant, factsOf(request));
        const failure = failureOf(reason, log);
        for (const [name, value] of Object.entries(failure.headers)) factsOf(request).setHeader(name, value);
        const text = JSON.stringify({ errors: [errorOfFailure(failure)], extensions: { cost } });
        const type = mediaTypeFor(request.headers.accept);
        await send(request, response, { status: failure.status, type, text });
      }
    };
  }

  private async answer(request: Request, response: Response, from: Caller): Promise<void> {
    const facts = factsOf(request);
    const { log, origin } = facts;
    const { authenticator, streams } = this.door;
    const bytes =
      request.method === 'POST'
        ? await this.door.bodies.read(request, response, senderOf(from.actor, origin.address))
        : Buffer.alloc(0);
    const http = await httpRequestOf(request, bytes, senderOf(from.actor, origin.address).name);
    if (request.method !== 'HEAD' && /^text\/event-stream\b/i.test(request.headers.accept ?? '')) {
      const asked = operationRequestOf(http);
      if (asked === null) throw validationFailed([notAnOperation]);
      if (from.actor === null) throw authenticationRequired();
      return await streams.send(request, response, from.actor, origin, asked);
    }
    const transport: Transport = { origin, cookie: authenticator.cookieOn(response), rateLimit: null };
    const progress: Progress = { ...begun, costOnly: isCostOnly(request.headers) };
    await this.admit(from, progress, transport, http);
    const { admission, refused } = progress;
    if (http.method === 'GET' && admission?.operation.operation === OperationTypeNode.MUTATION) {
      throw new Refused(methodNotAllowed(['POST']), admission.cost, admission.grant);
    }
    const run = async (actor: Actor | null) => {
      const release = admission === null ? null : this.door.documents.hold(admission.valid);
      try {
        return await this.apollo.executeHTTPGraphQLRequest({
          httpGraphQLRequest: admission === null ? http : plainRequest(http, admission),
          context: async () => {
            if (refused !== null) throw refusalOf(refused.reason, log);
            return new HttpCall(actor, transport, progress);
          },
        });
      } finally {
        release?.();
      }
    };
    const header = headerOf(request, 'idempotency-key');
    const answer =
      header !== null && from.actor !== null && admission !== null && !progress.costOnly && isIdempotent(admission)
        ? await this.answerOnce(facts, progress, { actor: from.actor, header, body: bytes }, run)
        : await run(from.actor);
    if (progress.refusal !== null && admission?.operation.operation === OperationTypeNode.QUERY) {
      throw new Refused(progress.refusal, progress.cost, progress.grant);
    }
    const type = answer.headers.get('content-type') ?? jsonType;
    let text = answer.body.kind === 'complete' ? answer.body.string : '';
    if (refused !== null) {
      text = answerOf({ errors: errorsOf(refused.reason, log) }, progress.cost);
    } else if (admission === null) {
      // In no form of GraphQL over HTTP, as Apollo says.
      const { cost, grant, reason } = await this.door.gate.refuse(from, null);
      if (reason !== null) throw new Refused(reason, cost, grant);
      progress.grant = grant;
      text = answerOf(JSON.parse(text) as object, cost);
    }
    if (from.actor !== null && progress.grant !== null) setRateLimitHeaders(progress.grant, facts);
    for (const [name, value] of answer.headers) {
      if (!ownHeaders.has(name)) facts.setHeader(name, value);
    }
    const notRun = progress.misfit || (refused !== null && !(refused.reason instanceof Failure));
    // To those who take only `application/json`, a well-formed request is answered with 200, whatever came of it.
    const isLegacy = answer.status === 400 && notRun && type.startsWith('application/json');
    const large = progress.largeData;
    const pieces = large === null ? {} : { pieces: await jsonPieces({ ...(JSON.parse(text) as object), data: large }) };
    await send(request, response, { status: isLegacy ? 200 : (answer.status ?? 200), type, text, ...pieces });
  }

  private async answerOnce(
    facts: RequestFacts,
    { cost, grant }: Progress,
    request: { actor: Actor; header: string; body: Buffer },
    run: (actor: Actor) => Promise<HTTPGraphQLResponse>,
  ): Promise<HTTPGraphQLResponse> {
    try {
      const { answer, replayed } = await runOnce(this.door.idempotency, request, run);
      if (replayed) facts.setHeader('Idempotency-Replayed', 'true');
      return answer;
    } catch (thrown) {
      throw new Refused(thrown, cost, grant);
    }
  }

  /** Nothing is admitted or refused that is in no form of an operation: Apollo words what it lacks. */
  private async admit(from: Caller, progress: Progress, transport: Transport, http: HTTPGraphQLRequest): Promise<void> {
    const asked = operationRequestOf(http);
    if (asked === null) return;
    try {
      const admission = await this.door.gate.admit(from, asked);
      if (admission.operation.operation === OperationTypeNode.SUBSCRIPTION) {
        throw new Refused(subscriptionsElsewhere, admission.cost, admission.grant);
      }
      progress.admission = admission;
      progress.cost = progress.admission.cost;
      progress.grant = progress.admission.grant;
      transport.rateLimit = progress.grant;
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      progress.refused = thrown;
      progress.cost = thrown.cost;
      progress.grant = thrown.grant;
    }
  }
}

const subscriptionsElsewhere = new DocumentErrors('GRAPHQL_VALIDATION_FAILED', [
  new GraphQLError('Subscriptions go over WebSocket (graphql-transport-ws), or with Accept: text/event-stream.'),
]);

/** What `send` says itself. */
const ownHeaders = new Set(['content-type', 'content-length', 'cache-control']);

const asRefused = (thrown: unknown) => (thrown instanceof Refused ? thrown : new Refused(thrown, unknownCost, null));

const answerOf = (answer: object, cost: CostReport) => JSON.stringify({ ...answer, extensions: { cost } });

async function httpRequestOf(request: Request, bytes: Buffer, sender: string): Promise<HTTPGraphQLRequest> {
  const headers = new HeaderMap();
  const { accept, 'content-type': contentType } = request.headers;
  // Whoever takes neither form of our answers gets JSON: Apollo would run the operation and refuse its answer.
  if (accept !== undefined && takesAnAnswer.test(accept)) headers.set('accept', accept);
  if (contentType !== undefined) headers.set('content-type', contentType);
  const query = request.url.indexOf('?');
  return {
    // The answer's head is the same; `send` leaves the rest away.
    method: request.method === 'HEAD' ? 'GET' : request.method,
    headers,
    search: query === -1 ? '' : request.url.slice(query),
    body: request.method === 'POST' ? await bodyOf(bytes, sender) : undefined,
  };
}

/** @throws validation_failed, batching_not_supported: a budget of points is for one operation at a time */
async function bodyOf(bytes: Buffer, sender: string): Promise<unknown> {
  const body = exactValue(await readJsonInTurn(sender, bytes));
  if (Array.isArray(body)) throw batchingNotSupported();
  return body;
}

const takesAnAnswer = /(application\/(json|graphql-response\+json|\*)|\*\/\*)(?!\s*;\s*q=0(\.0*)?\s*(,|$))/i;

function headerOf({ headers }: Request, name: string): string | null {
  const given = headers[name];
  return typeof given === 'string' ? given : null;
}

/** Runs what was admitted, and says what it cost. */
function running(execution: Execution, log: Log): ApolloServerPlugin<HttpCall> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue: call }) {
          const { admission, costOnly } = call.progress;
          if (admission === null) throw new Error('what passed no gate was about to run');
          if (costOnly) return responseOf({ data: null });
          const { data, errors = [] } = await execution.run(admission, call);
          const formatted = errors.map((error) => formatError(plain(error), error, log));
          return responseOf({
            ...(data !== undefined && { data }),
            ...(formatted.length > 0 && { errors: formatted }),
          });
        },
        async willSendResponse({ contextValue: { progress }, response }) {
          if (response.body.kind !== 'single') return;
          const { singleResult } = response.body;
          const { admission } = progress;
          const account = workAccount();
          progress.refusal = admission && refusalOfAnswer(account, admission, singleResult.data);
          if (progress.refusal !== null) {
            singleResult.data = null;
            singleResult.errors = [errorOfFailure(progress.refusal)];
          } else if (account !== null && admission !== null && isLarge(account, admission)) {
            progress.largeData = singleResult.data ?? null;
            singleResult.data = null;
          }
          progress.misfit = progress.admission !== null && singleResult.data === undefined;
          singleResult.extensions = { cost: progress.cost };
        },
      };
    },
  };
}

const responseOf = (singleResult: { data?: Record<string, unknown> | null; errors?: GraphQLFormattedError[] }) => ({
  // Without data nothing ran: the variables did not fit.
  http: { status: singleResult.data === undefined ? 400 : undefined, headers: new HeaderMap() },
  body: { kind: 'single' as const, singleResult },
});

const plain = ({ message, locations, path }: GraphQLFormattedError): GraphQLFormattedError => ({
  message,
  ...(locations && { locations }),
  ...(path && { path }),
});

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
