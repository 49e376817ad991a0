import { GraphQLError, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { networkOf } from '../platform/addresses.js';
import { lookAtBudget, takePoints, type Grant, type RateLimiter } from '../http/rate-limit/rate-limiter.js';
import { SlidingWindows } from '../http/rate-limit/sliding-windows.js';
import type { Strangers } from '../http/rate-limit/strangers.js';
import type { Actor } from '../platform/actor.js';
import { authenticationRequired, Failure, rateLimitExceeded } from '../platform/errors.js';
import { heavyWork } from '../platform/work/heavy-work.js';
import { costMax, holdCost, pointsOf, type Fragments, type Variables } from './cost.js';
import { DocumentErrors, sha256, type Documents, type ValidDocument } from './documents.js';
import type { TrustedDocumentService } from '../api-keys/trusted-document.service.js';

/** What a stranger pays before anything of theirs is read. */
const pointsAtDoor = 1;

/** What may be called by nobody in particular. */
const anonymousFields = new Set(['signIn', 'acceptInvitation', '__schema', '__type', '__typename']);

/** One operation as a client asks for it, before anything of it is believed. */
export interface OperationRequest {
  /** null beside a `documentId`, and where a client sends the hash of a persisted query alone. */
  query: string | null;
  documentId: string | null;
  operationName: string | null;
  variables: Variables;
}

export interface Caller {
  /** null: a stranger, of whom the door took a point already. */
  actor: Actor | null;
  address: string | null;
}

/** What every answer says of an operation's cost. */
export interface CostReport {
  requested: number;
  limit: number;
  /** What was taken from the per-minute limit. */
  points: number;
}

export interface Admission {
  text: string;
  valid: ValidDocument;
  operation: OperationDefinitionNode;
  variables: Variables;
  /** The names of all fields that the operation selects. */
  selected: ReadonlySet<string>;
  cost: CostReport;
  grant: Grant;
}

/** An operation that was turned away: what to say, and of its cost what is known. */
export class Refused extends Error {
  constructor(
    readonly reason: unknown,
    readonly cost: CostReport,
    readonly grant: Grant | null,
  ) {
    super('refused', { cause: reason });
  }
}

export const unknownCost: CostReport = { requested: 0, limit: costMax, points: 0 };

/** So many operations that are read and then refused for want of points, a minute; beyond it none is read any more. */
const readInVainMax = 60;

/** Shorter documents are read in a millisecond or two. */
const longTextMin = 2_000;

/** What every operation passes before it runs, over HTTP and over streams: trust, limits, validity, cost, budget. */
export class Gate {
  private readonly readInVain = new SlidingWindows(readInVainMax, 60_000);

  constructor(
    private readonly documents: Documents,
    private readonly trusted: Pick<TrustedDocumentService, 'find' | 'isTrusted'>,
    private readonly limiter: Pick<RateLimiter, 'take' | 'giveBack' | 'look'>,
    private readonly strangers: Strangers,
  ) {}

  /** What a caller without points is refused for before anything of theirs is read. @throws Refused */
  requirePoints({ actor }: Caller): void {
    if (actor === null) return;
    const budget = lookAtBudget(this.limiter, actor);
    const nowMs = performance.now();
    const inVainMs = this.readInVain.freeMs(actor.id, 1, nowMs) - nowMs;
    const waitSeconds = budget.allowed ? Math.ceil(inVainMs / 1_000) : budget.retryAfterSeconds;
    if (waitSeconds > 0) throw new Refused(rateLimitExceeded(waitSeconds), unknownCost, budget);
  }

  /** @throws Refused */
  async admit(caller: Caller, request: OperationRequest): Promise<Admission> {
    let requested = 0;
    let points = 1;
    let admitted: Omit<Admission, 'cost' | 'grant'>;
    try {
      const text = await this.textOf(caller.actor, request);
      const valid = await this.read(text, caller);
      const operation = operationOf(valid, request.operationName);
      if (caller.actor === null) requireAnonymous(operation, valid.fragments);
      const cost = this.documents.costOf(operation, valid.fragments, request.variables);
      ({ requested } = cost);
      holdCost(cost, operation);
      points = pointsOf(cost);
      admitted = { text, valid, operation, variables: request.variables, selected: cost.selected };
    } catch (reason) {
      throw await this.refuse(caller, reason, requested);
    }
    const grant = await this.take(caller, points);
    const taken = caller.actor === null ? pointsAtDoor : 0;
    const cost = { requested, limit: costMax, points: grant.allowed ? points : taken };
    if (grant.allowed) return { ...admitted, cost, grant };
    if (caller.actor !== null) this.readInVain.spend(caller.actor.id, 1, performance.now());
    throw new Refused(rateLimitExceeded(grant.retryAfterSeconds), cost, grant);
  }

  /** A long document that is new has to be parsed and validated, which has its turn. */
  private async read(text: string, { actor, address }: Caller): Promise<ValidDocument> {
    const workspaceId = actor?.workspaceId ?? null;
    const read = () => this.documents.read(text, workspaceId);
    if (text.length < longTextMin || this.documents.has(text, workspaceId)) return read();
    return await heavyWork.run(workspaceId ?? networkOf(address ?? ''), read);
  }

  /** What is refused takes a point too, unless it is refused for want of a name or of points. */
  async refuse(caller: Caller, reason: unknown, requested = 0): Promise<Refused> {
    const cost = { requested, limit: costMax, points: 0 };
    if (reason instanceof Failure && reason.status === 401) return new Refused(reason, cost, null);
    if (caller.actor === null) return new Refused(reason, { ...cost, points: pointsAtDoor }, null);
    const grant = await this.take(caller, 1);
    if (!grant.allowed) return new Refused(rateLimitExceeded(grant.retryAfterSeconds), cost, grant);
    return new Refused(reason, { ...cost, points: 1 }, grant);
  }

  private async take({ actor, address }: Caller, points: number): Promise<Grant> {
    if (actor === null) return this.strangers.take(address, points - pointsAtDoor);
    return await takePoints(this.limiter, actor, points);
  }

  private async textOf(actor: Actor | null, { query, documentId }: OperationRequest): Promise<string> {
    if (documentId !== null) {
      const text = await this.trusted.find(actor, documentId);
      if (text === null) throw notTrusted('There is no such trusted document.');
      if (query !== null && query !== text) throw notTrusted('The document and its id do not belong together.');
      return text;
    }
    if (query === null) throw persistedQueryNotSupported;
    if (actor?.documentsOnly && !(await this.trusted.isTrusted(actor, sha256(query)))) {
      throw notTrusted('This API key may run trusted documents only.');
    }
    return query;
  }
}

/** Clients that know the code send the document itself from then on. */
const persistedQueryNotSupported = new DocumentErrors('PERSISTED_QUERY_NOT_SUPPORTED', [
  new GraphQLError('PersistedQueryNotSupported'),
]);

const notTrusted = (message: string) => new Failure('document_not_trusted', message);

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

/** The fields that an operation asks of the root, through fragments too. */
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
