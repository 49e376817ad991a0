/** One file because it is one path: what a request passes between the HTTP door and the answer to its operation. */
import { ApolloServer, HeaderMap, type ApolloServerPlugin, type HTTPGraphQLRequest } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { Request, RequestHandler, Response } from 'express';
import { GraphQLError, OperationTypeNode, type FormattedExecutionResult, type GraphQLSchema } from 'graphql';
import { callerOf, type Authenticator } from '../http/authenticate.js';
import { senderOf } from '../http/body-room.js';
import { isJson, type BodyReader } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import type { Idempotency } from '../http/idempotency.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import { factsOf } from '../http/request.js';
import { jsonType, send } from '../http/send.js';
import type { Actor } from '../platform/actor.js';
import {
  asFailure,
  authenticationRequired,
  Failure,
  methodNotAllowed,
  unsupportedMediaType,
  validationFailed,
  workspaceArchived,
} from '../platform/errors.js';
import { OperationContext, type Transport } from '../platform/graphql/operation-context.js';
import type { Log } from '../platform/log.js';
import { jsonPieces } from '../platform/text/json-pieces.js';
import { workAccount } from '../platform/work/work-account.js';
import { requireFeature } from '../workspaces/plans.js';
import {
  turnedAway,
  type Admission,
  type Admitted,
  type Caller,
  type OperationRequest,
  type Refused,
} from './admission.js';
import { isLarge, refusalOfAnswer } from './answer-size.js';
import { DocumentErrors, type Documents } from './documents.js';
import { errorOfFailure, errorsOf, formatError, formatResult } from './errors.js';
import type { Execution } from './execution.js';
import { isIdempotent, runOnce } from './idempotent-mutation.js';
import { mediaTypeFor } from './media-type.js';
import { httpRequestOf, isCostOnly, notAnOperation, operationRequestOf } from './operation-request.js';
import type { Streams } from './streams.js';

/** The operation that Apollo is to run. */
class AdmittedOperation extends OperationContext {
  constructor(
    actor: Actor | null,
    transport: Transport,
    readonly admitted: Admitted,
  ) {
    super(actor, transport, admitted.selected);
  }
}

interface HttpOperationRequest extends OperationRequest {
  /** By these bytes an idempotency key knows its request again. */
  body: Buffer;
}

type HttpAdmitted = Admitted & { request: HttpOperationRequest };

/** What an operation came to. */
interface Ran extends Pick<Admitted, 'cost' | 'grant'> {
  refusal: null;
  result: FormattedExecutionResult;
  isLarge: boolean;
}

export interface TransportNeeds {
  schema: GraphQLSchema;
  documents: Documents;
  execution: Execution;
  admission: Admission;
  authenticator: Authenticator;
  strangers: Strangers;
  bodies: BodyReader;
  streams: Streams;
  idempotency: Idempotency;
  log: Log;
}

/** `/graphql` over HTTP; `outcomeOf` has the steps of a request in their order. */
export class GraphqlTransport {
  private readonly apollo: ApolloServer<OperationContext>;

  constructor(private readonly needs: TransportNeeds) {
    const { schema, documents, execution, log } = needs;
    this.apollo = new ApolloServer<OperationContext>({
      schema,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      persistedQueries: false,
      // Of cookies only, which the authenticator looks after: other callers say who they are in a header.
      csrfPrevention: false,
      // What was admitted is parsed and validated.
      documentStore: {
        get: async (key) => documents.find(key.slice(-64)),
        set: async () => undefined,
        delete: async () => undefined,
      },
      formatError: (formatted, error) => formatError(formatted, error, log),
      plugins: [
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        runningBy(execution, log),
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
      try {
        const outcome = await this.outcomeOf(request, response);
        if (outcome !== null) await this.send(request, response, outcome);
      } catch (thrown) {
        await this.send(request, response, turnedAway(thrown));
      }
    };
  }

  /** null: it was told in a stream. @throws what those are refused for who are not let in at all */
  private async outcomeOf(request: Request, response: Response): Promise<Ran | Refused | null> {
    const { caller, refusal } = await this.letIn(request);
    const admitted = await this.needs.admission.admit(caller, async () => {
      if (refusal !== null) throw refusal;
      return await this.read(request, response, caller);
    });
    const outcome = admitted.refusal === null ? byKind(request, admitted) : admitted;
    // Who opened a stream hears there what is wrong with the document: a page never sees the body of a refusal.
    const isSaidInStream = outcome.refusal === null || outcome.refusal instanceof DocumentErrors;
    if (caller.actor !== null && wantsStream(request) && isSaidInStream) {
      await this.needs.streams.send(request, response, caller.actor, outcome);
      return null;
    }
    return outcome.refusal === null ? await this.run(request, response, caller.actor, outcome) : outcome;
  }

  /** `refusal`: what a stranger showed in vain, to be said once they are counted. */
  private async letIn(request: Request): Promise<{ caller: Caller; refusal: Failure | null }> {
    const { authenticator, strangers } = this.needs;
    const { address } = factsOf(request).origin;
    const { actor, refusal } = await callerOf(async () => await authenticator.actorOf(request));
    if (actor === null) strangers.enter(address);
    else if (actor.workspace.archived) throw workspaceArchived();
    else if (actor.kind === 'key') requireFeature(actor, 'api');
    return { caller: { actor, address }, refusal };
  }

  private async read(request: Request, response: Response, { actor, address }: Caller): Promise<HttpOperationRequest> {
    const { method } = request;
    if (!['POST', 'GET', 'HEAD'].includes(method)) throw methodNotAllowed(['GET', 'POST']);
    const { 'content-type': contentType } = request.headers;
    if (method !== 'POST' && !wantsStream(request) && !isJson(contentType ?? 'application/json')) {
      throw unsupportedMediaType();
    }
    const sender = senderOf(actor, address);
    const body = method === 'POST' ? await this.needs.bodies.read(request, response, sender) : Buffer.alloc(0);
    const http = await httpRequestOf(request, body, sender.name);
    const asked = operationRequestOf(http);
    if (!wantsStream(request)) return { ...(asked ?? (await this.refuseUnformed(http))), body };
    if (asked === null) throw validationFailed([notAnOperation]);
    if (actor === null) throw authenticationRequired();
    return { ...asked, body };
  }

  /** Apollo has the words for what is in no form of GraphQL over HTTP. @throws Failure */
  private async refuseUnformed(httpGraphQLRequest: HTTPGraphQLRequest): Promise<never> {
    const context = async () => new OperationContext(null);
    const { body } = await this.apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
    const { errors = [] } = JSON.parse(body.kind === 'complete' ? body.string : '{}') as FormattedExecutionResult;
    throw new Failure('GRAPHQL_VALIDATION_FAILED', errors[0]?.message ?? 'This is no GraphQL over HTTP.');
  }

  private async run(
    request: Request,
    response: Response,
    actor: Actor | null,
    admitted: HttpAdmitted,
  ): Promise<Ran | Refused> {
    const { cost, grant, operation } = admitted;
    try {
      const isRun = !isCostOnly(request.headers);
      const result = isRun ? await this.resultOf(request, response, actor, admitted) : { data: null };
      const account = workAccount();
      const refusal = refusalOfAnswer(account, admitted, result.data);
      if (refusal === null) {
        return { refusal, result, cost, grant, isLarge: account !== null && isLarge(account, admitted) };
      }
      if (operation.operation === OperationTypeNode.QUERY) return { refusal, cost, grant };
      return { refusal: null, result: { errors: [errorOfFailure(refusal)], data: null }, cost, grant, isLarge: false };
    } catch (thrown) {
      return { refusal: asFailure(thrown), cost, grant };
    }
  }

  private async resultOf(
    request: Request,
    response: Response,
    actor: Actor | null,
    admitted: HttpAdmitted,
  ): Promise<FormattedExecutionResult> {
    const { authenticator, idempotency } = this.needs;
    const facts = factsOf(request);
    const cookie = authenticator.cookieOn(response);
    const transport = { origin: facts.origin, cookie, rateLimit: admitted.grant };
    const runAs = async (one: Actor | null) => await this.execute(new AdmittedOperation(one, transport, admitted));
    const header = request.headers['idempotency-key'];
    if (typeof header !== 'string' || actor === null || !isIdempotent(admitted)) return await runAs(actor);
    const { body } = admitted.request;
    const { answer, replayed } = await runOnce(idempotency, { actor, header, body }, runAs);
    if (replayed) facts.setHeader('Idempotency-Replayed', 'true');
    return answer;
  }

  private async execute(contextValue: AdmittedOperation): Promise<FormattedExecutionResult> {
    const { text: query, valid, variables, operation } = contextValue.admitted;
    const release = this.needs.documents.hold(valid);
    try {
      const request = { query, variables, operationName: operation.name?.value };
      const { body } = await this.apollo.executeOperation(request, { contextValue });
      if (body.kind !== 'single') throw new Error('an operation was run in parts');
      return body.singleResult;
    } finally {
      release();
    }
  }

  private async send(request: Request, response: Response, outcome: Ran | Refused): Promise<void> {
    const facts = factsOf(request);
    const type = mediaTypeFor(request.headers.accept);
    // Those who take only `application/json` get 200 for a well-formed request, whatever came of it.
    const statusOfNothing = type === jsonType ? 200 : 400;
    const extensions = { cost: outcome.cost };
    if (outcome.grant !== null) setRateLimitHeaders(outcome.grant, facts);
    if (outcome.refusal !== null) {
      const failure = failureOf(outcome.refusal, facts.log);
      for (const [name, value] of Object.entries(failure.headers)) facts.setHeader(name, value);
      const status = failure instanceof DocumentErrors ? statusOfNothing : failure.status;
      const text = JSON.stringify({ errors: errorsOf(failure), extensions });
      return await send(request, response, { status, type, text });
    }
    const { errors, data } = outcome.result;
    const body = { errors, data, extensions };
    const status = data === undefined ? statusOfNothing : 200;
    const content = outcome.isLarge
      ? { text: '', pieces: await jsonPieces(body) }
      : { text: `${JSON.stringify(body)}\n` };
    await send(request, response, { status, type, ...content });
  }
}

const wantsStream = ({ method, headers }: Request) =>
  method !== 'HEAD' && /^text\/event-stream\b/i.test(headers.accept ?? '');

/** Not every kind of operation goes over every transport. */
function byKind<A extends Admitted>(request: Request, admitted: A): A | Refused {
  const { operation, cost, grant } = admitted;
  const refused = (refusal: Failure): Refused => ({ refusal, cost, grant });
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  // An idempotency key would go unheard.
  if (wantsStream(request)) return isMutation ? refused(mutationsElsewhere) : admitted;
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) return refused(subscriptionsElsewhere);
  return isMutation && request.method !== 'POST' ? refused(methodNotAllowed(['POST'])) : admitted;
}

const elsewhere = (message: string) => new DocumentErrors('GRAPHQL_VALIDATION_FAILED', [new GraphQLError(message)]);
const mutationsElsewhere = elsewhere('Mutations go over plain HTTP: without Accept: text/event-stream.');
const subscriptionsElsewhere = elsewhere(
  'Subscriptions go over WebSocket (graphql-transport-ws), or with Accept: text/event-stream.',
);

/** Has Apollo run what was admitted, and nothing else. */
function runningBy(execution: Execution, log: Log): ApolloServerPlugin<OperationContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue }) {
          if (!(contextValue instanceof AdmittedOperation)) throw new Error('what was not admitted was about to run');
          const singleResult = formatResult(await execution.run(contextValue.admitted, contextValue), log);
          return { http: { status: undefined, headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
        },
      };
    },
  };
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
