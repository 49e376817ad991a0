import { GraphQLError, Kind, OperationTypeNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { networkOf } from '../platform/addresses.js';
import { lookAtBudget, takePoints, type Grant, type RateLimiter } from '../http/rate-limit/rate-limiter.js';
import { SlidingWindows } from '../http/rate-limit/sliding-windows.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import type { Actor } from '../platform/actor.js';
import {
  asFailure,
  authenticationRequired,
  documentNotTrusted,
  type Failure,
  rateLimitExceeded,
} from '../platform/errors.js';
import { heavyWork } from '../platform/work/heavy-work.js';
import { costMax, holdCost, pointsOf, type Fragments, type Variables } from './cost.js';
import { DocumentErrors, holdSubscription, sha256, type Documents, type ValidDocument } from './documents.js';
import { declaredOf, holdVariables } from './variables.js';
import type { TrustedDocumentService } from '../api-keys/trusted-document.service.js';

/** Points that a stranger pays before anything that they sent is read. */
const pointsOnArrival = 1;

/** Root fields that a stranger may call. */
const anonymousFields = new Set(['signIn', 'acceptInvitation', '__schema', '__type', '__typename']);

/** One operation as a client asks for it, before anything is checked. */
export interface OperationRequest {
  /** null beside a `documentId`, and where a client sends the hash of a persisted query alone. */
  query: string | null;
  documentId: string | null;
  /** What Apollo's, urql's and Relay's persisted queries call a document by, sent without its text. */
  persistedHash?: string;
  operationName: string | null;
  variables: Variables;
}

export interface Caller {
  /** null: a stranger, who has paid for the arrival. */
  actor: Actor | null;
  address: string | null;
}

/** The cost of an operation, as every answer says it. */
export interface CostReport {
  requested: number;
  limit: number;
  /** Points that were taken from the per-minute limit. */
  points: number;
}

/** An operation that may run. */
export interface Admitted {
  refusal: null;
  text: string;
  valid: ValidDocument;
  operation: OperationDefinitionNode;
  variables: Variables;
  /** The names of all fields that the operation selects. */
  selected: ReadonlySet<string>;
  cost: CostReport;
  /** The caller's budget as the operation left it; null for a stranger. */
  grant: Grant | null;
}

/** An operation that may not run, and why. */
export interface Refused {
  refusal: Failure;
  /** The cost, as far as it is known. */
  cost: CostReport;
  /** null for a stranger, and where the budget was not looked at. */
  grant: Grant | null;
}

const costOf = (requested: number, points: number): CostReport => ({ requested, limit: costMax, points });

/** A request that was refused before its operation could be counted. */
export const turnedAway = (thrown: unknown): Refused => ({
  refusal: asFailure(thrown),
  cost: costOf(0, 0),
  grant: null,
});

/** So many operations a minute are read and then refused for want of points; further ones are refused unread. */
const readInVainMax = 60;

/** A shorter document is read in a millisecond or two, and is no heavy work. */
const longTextMin = 2_000;

/** What every operation passes before it runs, over HTTP and over streams: points, trust, limits, validity, cost. */
export class Admission {
  private readonly readInVain = new SlidingWindows(readInVainMax, 60_000);

  constructor(
    private readonly documents: Documents,
    private readonly trusted: Pick<TrustedDocumentService, 'find' | 'isTrusted'>,
    private readonly limiter: Pick<RateLimiter, 'take' | 'giveBack' | 'look'>,
    private readonly strangers: Strangers,
  ) {}

  /** @param read reads the request; it is not called for a caller who has no points left */
  async admit<Request extends OperationRequest>(
    caller: Caller,
    read: () => Request | Promise<Request>,
  ): Promise<(Admitted & { request: Request }) | Refused> {
    const { actor } = caller;
    const withoutPoints = actor === null ? null : this.refuseWithoutPoints(actor);
    if (withoutPoints !== null) return withoutPoints;
    let requested = 0;
    try {
      const request = await read();
      const { operationName } = request;
      const text = await this.textOf(actor, request);
      const valid = await this.documentOf(text, caller);
      const operation = operationOf(valid, operationName);
      if (operation.operation === OperationTypeNode.SUBSCRIPTION) holdSubscription(valid, text);
      const variables = declaredOf(operation, request.variables);
      holdVariables(valid, variables);
      if (actor === null) requireAnonymous(operation, valid.fragments);
      const cost = this.documents.costOf(operation, valid.fragments, variables);
      ({ requested } = cost);
      holdCost(cost, operation);
      const points = pointsOf(cost);
      const grant = await this.take(caller, points);
      if (!grant.allowed) return this.refuseForPoints(actor, requested, grant);
      const asked = { request: { ...request, variables }, text, valid, operation, variables, selected: cost.selected };
      return { refusal: null, ...asked, cost: costOf(requested, points), grant: actor && grant };
    } catch (thrown) {
      return await this.refuse(caller, asFailure(thrown), requested);
    }
  }

  /** Refuses an operation; that takes a point, too, unless the reason is that the caller is unknown or has no points. */
  private async refuse(caller: Caller, refusal: Failure, requested: number): Promise<Refused> {
    if (refusal.status === 401) return { refusal, cost: costOf(requested, 0), grant: null };
    if (caller.actor === null) return { refusal, cost: costOf(requested, pointsOnArrival), grant: null };
    const grant = await this.take(caller, 1);
    if (grant.allowed) return { refusal, cost: costOf(requested, 1), grant };
    return { refusal: rateLimitExceeded(grant.retryAfterSeconds), cost: costOf(requested, 0), grant };
  }

  private refuseWithoutPoints(actor: Actor): Refused | null {
    const grant = lookAtBudget(this.limiter, actor);
    const nowMs = performance.now();
    const inVainMs = this.readInVain.freeMs(actor.id, 1, nowMs) - nowMs;
    const waitSeconds = grant.allowed ? Math.ceil(inVainMs / 1_000) : grant.retryAfterSeconds;
    return waitSeconds > 0 ? { refusal: rateLimitExceeded(waitSeconds), cost: costOf(0, 0), grant } : null;
  }

  /** Refuses an operation for want of points, and counts that it was read in vain. */
  private refuseForPoints(actor: Actor | null, requested: number, grant: Grant): Refused {
    const refusal = rateLimitExceeded(grant.retryAfterSeconds);
    if (actor === null) return { refusal, cost: costOf(requested, pointsOnArrival), grant: null };
    this.readInVain.spend(actor.id, 1, performance.now());
    return { refusal, cost: costOf(requested, 0), grant };
  }

  /** Reads a document; a long one that has to be parsed and validated is heavy work. */
  private async documentOf(text: string, { actor, address }: Caller): Promise<ValidDocument> {
    const workspaceId = actor?.workspaceId ?? null;
    const read = () => this.documents.read(text, workspaceId);
    if (text.length < longTextMin || this.documents.has(text, workspaceId)) return read();
    return await heavyWork.run(workspaceId ?? networkOf(address ?? ''), read);
  }

  private async take({ actor, address }: Caller, points: number): Promise<Grant> {
    if (actor === null) return this.strangers.take(address, points - pointsOnArrival);
    return await takePoints(this.limiter, actor, points);
  }

  private async textOf(actor: Actor | null, request: OperationRequest): Promise<string> {
    const { query, documentId, persistedHash } = request;
    if (documentId !== null) {
      const text = await this.trusted.find(actor, documentId);
      if (text === null) throw documentNotTrusted('There is no such trusted document.');
      if (query !== null && query !== text) throw documentNotTrusted('The document and its id do not belong together.');
      return text;
    }
    if (query === null) {
      const text = await this.trusted.find(actor, `sha256:${persistedHash}`);
      if (text !== null) return text;
      // A key that may run trusted documents alone would be refused the text, too.
      throw actor?.documentsOnly
        ? documentNotTrusted('There is no such trusted document.')
        : persistedQueryNotSupported;
    }
    if (actor?.documentsOnly && !(await this.trusted.isTrusted(actor, sha256(query)))) {
      throw documentNotTrusted();
    }
    return query;
  }
}

/** Clients that know this code send the document itself from then on. */
const persistedQueryNotSupported = new DocumentErrors('PERSISTED_QUERY_NOT_SUPPORTED', [
  new GraphQLError('PersistedQueryNotSupported'),
]);

function operationOf({ operations }: ValidDocument, name: string | null): OperationDefinitionNode {
  const named = name === null ? operations : operations.filter((operation) => operation.name?.value === name);
  const [operation] = named;
  if (operation !== undefined && named.length === 1) return operation;
  const message =
    name === null && operations.length > 1
      ? 'Must provide operation name if query contains multiple operations.'
      : name === null
        ? 'Must provide an operation.'
        : `Unknown operation named "${name}".`;
  throw new DocumentErrors('GRAPHQL_VALIDATION_FAILED', [new GraphQLError(message)]);
}

/** The root fields that an operation selects, also through fragments. */
export function rootFields({ selectionSet }: OperationDefinitionNode, fragments: Fragments): string[] {
  const names = new Map<string, string>();
  const seen = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) names.set((selection.alias ?? selection.name).value, selection.name.value);
      else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (!seen.has(selection.name.value)) {
        seen.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) collect(fragment.selectionSet);
      }
    }
  };
  collect(selectionSet);
  return [...names.values()];
}

function requireAnonymous(operation: OperationDefinitionNode, fragments: Fragments): void {
  for (const name of rootFields(operation, fragments)) {
    if (!anonymousFields.has(name)) throw authenticationRequired();
  }
}
