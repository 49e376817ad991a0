import type { Request, RequestHandler, Response } from 'express';
import { GraphQLError, OperationTypeNode, type FormattedExecutionResult } from 'graphql';
import { callerOf, requireAccess, type Authenticator } from '../http/authenticate.js';
import { senderOf } from '../http/body-room.js';
import { isJson, type BodyReader } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import type { Idempotency } from '../http/idempotency.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import { factsOf } from '../http/request.js';
import type { AskedOperation } from '../http/request-metrics.js';
import { jsonType, send } from '../http/send.js';
import type { Actor } from '../platform/actor.js';
import {
  asFailure,
  authenticationRequired,
  Failure,
  methodNotAllowed,
  unsupportedMediaType,
  validationFailed,
} from '../platform/errors.js';
import { jsonPieces } from '../platform/text/json-pieces.js';
import { workAccount } from '../platform/work/work-account.js';
import {
  turnedAway,
  type Admission,
  type Admitted,
  type Caller,
  type OperationRequest,
  type Refused,
} from './admission.js';
import { isLarge, refusalOfAnswer } from './answer-size.js';
import { AdmittedOperation, type Apollo } from './apollo.js';
import { DocumentErrors } from './documents.js';
import { errorOfFailure, errorsOf } from './errors.js';
import type { EventStreams } from './event-streams.js';
import { isIdempotent, runOnce } from './idempotent-mutation.js';
import { mediaTypeFor } from './media-type.js';
import { httpOperationOf, isCostOnly, notAnOperation, operationRequestOf } from './operation-request.js';

interface HttpOperationRequest extends OperationRequest {
  /** The bytes by which idempotency tells whether a request is the same as the first under its key. */
  body: Buffer;
}

type HttpAdmitted = Admitted & { request: HttpOperationRequest };

/** The result of an operation that ran. */
interface Ran extends Pick<Admitted, 'cost' | 'grant'> {
  refusal: null;
  result: FormattedExecutionResult;
  isLarge: boolean;
}

export interface TransportNeeds {
  admission: Admission;
  apollo: Apollo;
  authenticator: Authenticator;
  strangers: Strangers;
  bodies: BodyReader;
  eventStreams: EventStreams;
  idempotency: Idempotency;
}

/** `/graphql` over HTTP; `outcomeOf` has the steps of a request in their order. */
export class GraphqlTransport {
  constructor(private readonly needs: TransportNeeds) {}

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

  /** @returns null where the outcome was sent in a stream. @throws the refusal of a caller who is not let in */
  private async outcomeOf(request: Request, response: Response): Promise<Ran | Refused | null> {
    factsOf(request).route = '/graphql';
    const { caller, refusal } = await this.letIn(request);
    const admitted = await this.needs.admission.admit(caller, async () => {
      if (refusal !== null) throw refusal;
      return await this.read(request, response, caller);
    });
    const outcome = admitted.refusal === null ? byKind(request, admitted) : admitted;
    if (admitted.refusal === null) factsOf(request).operation = askedBy(admitted);
    // A page that opened a stream never sees the body of a refusal.
    const isSaidInStream = outcome.refusal === null || outcome.refusal instanceof DocumentErrors;
    if (caller.actor !== null && wantsStream(request) && isSaidInStream) {
      if (outcome.refusal === null && outcome.operation.operation === OperationTypeNode.SUBSCRIPTION) {
        forgetBody(request, outcome);
      }
      await this.needs.eventStreams.send(request, response, caller.actor, outcome);
      return null;
    }
    return outcome.refusal === null ? await this.run(request, response, caller.actor, outcome) : outcome;
  }

  /** @returns the caller; `refusal` says why a stranger's credential was refused, to be told once they are counted */
  private async letIn(request: Request): Promise<{ caller: Caller; refusal: Failure | null }> {
    const { authenticator, strangers } = this.needs;
    const { address } = factsOf(request).origin;
    const { actor, refusal } = await callerOf(authenticator.actorOf(request));
    if (actor === null) strangers.enter(address);
    else requireAccess(actor);
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
    const asked = operationRequestOf(await httpOperationOf(request, body, sender.name));
    if (asked === null) throw wantsStream(request) ? validationFailed([notAnOperation]) : withoutOperation();
    if (actor === null && wantsStream(request)) throw authenticationRequired();
    return { ...asked, body };
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
    const { apollo, authenticator, idempotency } = this.needs;
    const facts = factsOf(request);
    const cookie = authenticator.cookieOn(response);
    const transport = { origin: facts.origin, cookie, rateLimit: admitted.grant };
    const runAs = async (one: Actor | null) => await apollo.run(new AdmittedOperation(one, transport, admitted));
    const header = request.headers['idempotency-key'];
    if (typeof header !== 'string' || actor === null || !isIdempotent(admitted)) return await runAs(actor);
    const { body } = admitted.request;
    const { answer, replayed } = await runOnce(idempotency, { actor, header, body }, runAs);
    if (replayed) facts.setHeader('Idempotency-Replayed', 'true');
    return answer;
  }

  private async send(request: Request, response: Response, outcome: Ran | Refused): Promise<void> {
    const facts = factsOf(request);
    const type = mediaTypeFor(request.headers.accept);
    // By the specification a client that accepts `application/json` alone gets 200 for every well-formed request.
    const statusWithoutData = type === jsonType ? 200 : 400;
    const extensions = { cost: outcome.cost };
    if (outcome.grant !== null) setRateLimitHeaders(outcome.grant, facts);
    if (outcome.refusal !== null) {
      const failure = failureOf(outcome.refusal, facts.log);
      for (const [name, value] of Object.entries(failure.headers)) facts.setHeader(name, value);
      const status = failure instanceof DocumentErrors ? statusWithoutData : failure.status;
      const text = JSON.stringify({ errors: errorsOf(failure), extensions });
      return await send(request, response, { status, type, text });
    }
    const { errors, data } = outcome.result;
    if (facts.operation !== null) facts.operation.outcome = errors === undefined ? 'data' : 'errors';
    const body = { errors, data, extensions };
    const status = data === undefined ? statusWithoutData : 200;
    const content = outcome.isLarge
      ? { text: '', pieces: await jsonPieces(body) }
      : { text: `${JSON.stringify(body)}\n` };
    await send(request, response, { status, type, ...content });
  }
}

/** A stream may last, and keeps no body. */
function forgetBody(request: Request, { request: asked }: HttpAdmitted): void {
  asked.body = Buffer.alloc(0);
  factsOf(request).giveBackBody();
}

const askedBy = ({ operation }: Admitted): AskedOperation => ({
  type: operation.operation,
  name: operation.name?.value ?? null,
  outcome: 'refused',
});

const wantsStream = ({ method, headers }: Request) =>
  method !== 'HEAD' && /^text\/event-stream\b/i.test(headers.accept ?? '');

/** Not every kind of operation goes over every transport. */
function byKind<A extends Admitted>(request: Request, admitted: A): A | Refused {
  const { operation, cost, grant } = admitted;
  const refused = (refusal: Failure): Refused => ({ refusal, cost, grant });
  const isMutation = operation.operation === OperationTypeNode.MUTATION;
  // A stream would ignore an idempotency key.
  if (wantsStream(request)) return isMutation ? refused(mutationsElsewhere) : admitted;
  if (operation.operation === OperationTypeNode.SUBSCRIPTION) return refused(subscriptionsElsewhere);
  return isMutation && request.method !== 'POST' ? refused(methodNotAllowed(['POST'])) : admitted;
}

const withoutOperation = () => new Failure('GRAPHQL_VALIDATION_FAILED', `The request ${notAnOperation.message}.`);

const elsewhere = (message: string) => new DocumentErrors('GRAPHQL_VALIDATION_FAILED', [new GraphQLError(message)]);
const mutationsElsewhere = elsewhere('Mutations go over plain HTTP: without Accept: text/event-stream.');
const subscriptionsElsewhere = elsewhere(
  'Subscriptions go over WebSocket (graphql-transport-ws), or with Accept: text/event-stream.',
);
