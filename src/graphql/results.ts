import { GraphQLError, OperationTypeNode, type ExecutionResult, type FormattedExecutionResult } from 'graphql';
import type { Actor, Origin } from '../platform/actor.js';
import { OperationContext } from '../platform/graphql/operation-context.js';
import { asFailure, rateLimitExceeded } from '../platform/errors.js';
import { interruptible } from '../platform/async/interruptible.js';
import type { Log } from '../platform/log.js';
import { inAccountOf, workAccount } from '../platform/work/work-account.js';
import { refusalOfAnswer } from './answer-size.js';
import { errorsOf, formatResult, originOf } from './errors.js';
import { EventPace } from './event-pace.js';
import type { Execution } from './execution.js';
import type { Admitted } from './admission.js';
import { ConcurrencyLimit } from './concurrency-limit.js';

const subscriptionsMax = { ofCaller: 100, ofWorkspace: 400 };

export interface StreamedResult {
  /** The id of the event, from which a client can resume. */
  id: string | null;
  /** The first result says the cost, too. */
  result: FormattedExecutionResult;
}

/** A stream is broken off (the server stops, or lost the database), so that its client resumes behind what it saw. */
export class CutOff extends Error {}

/** An operation whose results are a stream. */
export interface StreamedOperation {
  admitted: Admitted;
  actor: Actor;
  origin: Origin;
  lastEventId?: string | null;
  /** Ends the stream from outside: the signal's reason, a `CutOff` or a `Failure`, is thrown. */
  ending: AbortSignal;
}

/** Runs operations as streams of results. */
export class Results {
  private readonly subscriptions = new ConcurrencyLimit(subscriptionsMax);
  private readonly pace = new EventPace();

  constructor(
    private readonly execution: Execution,
    private readonly log: Log,
  ) {}

  /**
   * Runs a subscription once for each event, each time with loaders of its own, and any other operation once. The stream
   * ends when its source does.
   * @throws CutOff, Failure, and whatever the source throws
   */
  of(streamed: StreamedOperation): AsyncGenerator<StreamedResult, void> {
    return interruptible((left) => this.run(streamed, left));
  }

  private async *run(streamed: StreamedOperation, left: AbortSignal): AsyncGenerator<StreamedResult, void> {
    const { admitted, actor, origin, lastEventId = null, ending } = streamed;
    const { cost, operation } = admitted;
    const transport = { origin, lastEventId, cookie: null, rateLimit: null };
    const contextOf = () => new OperationContext(actor, transport, admitted.selected);
    if (operation.operation !== OperationTypeNode.SUBSCRIPTION) {
      const result = await this.resultOf(streamed, AbortSignal.any([ending, left]), contextOf());
      yield { id: null, result: { ...formatResult(result, this.log), extensions: { cost } } };
      return;
    }
    const release = this.subscriptions.enter(actor);
    if (release === null) {
      yield { id: null, result: { errors: errorsOf(rateLimitExceeded(60)), extensions: { cost } } };
      return;
    }
    try {
      yield* this.follow(streamed, contextOf, left);
    } catch (error) {
      if (ending.aborted) throw ending.reason;
      if (error instanceof CutOff || !isLoss(error)) throw error;
      throw new CutOff('the database was lost', { cause: error });
    } finally {
      release();
    }
  }

  private async *follow(
    streamed: StreamedOperation,
    contextOf: () => OperationContext,
    left: AbortSignal,
  ): AsyncGenerator<StreamedResult, void> {
    const { admitted, actor, ending } = streamed;
    const { cost } = admitted;
    const over = AbortSignal.any([ending, left]);
    const source = await inAccountOf(actor, over, async () => await this.execution.follow(admitted, contextOf()));
    if (!(Symbol.asyncIterator in source)) {
      yield { id: null, result: { ...formatResult(unlost(source), this.log), extensions: { cost } } };
      return;
    }
    const events = source[Symbol.asyncIterator]();
    const stop = () => void events.return?.();
    over.addEventListener('abort', stop);
    if (over.aborted) stop();
    let isFirst = true;
    for await (const event of sourceOf(events, streamed, over)) {
      await this.pace.take(actor.id, cost.requested, over).catch(() => undefined);
      if (over.aborted) break;
      const result = formatResult(unlost(await this.resultOf(streamed, over, contextOf(), event)), this.log);
      if (over.aborted) break;
      yield { id: idOf(event), result: isFirst ? { ...result, extensions: { cost } } : result };
      isFirst = false;
    }
    if (ending.aborted) throw ending.reason;
  }

  /** Runs one event in a work account of its own: a stream may be long. */
  private async resultOf(
    { admitted, actor }: StreamedOperation,
    over: AbortSignal,
    context: OperationContext,
    event?: unknown,
  ): Promise<ExecutionResult> {
    return await inAccountOf(actor, over, async () => {
      const result = await this.execution.run(admitted, context, event);
      const refusal = refusalOfAnswer(workAccount(), admitted, result.data);
      return refusal === null ? result : { data: null, errors: [new GraphQLError('', { originalError: refusal })] };
    });
  }
}

/** The source of a stream, whose reads count as the caller's. */
async function* sourceOf(
  events: AsyncIterator<unknown>,
  { actor }: StreamedOperation,
  over: AbortSignal,
): AsyncGenerator<unknown, void> {
  const next = async () => await inAccountOf(actor, over, async () => await events.next(), true);
  try {
    for (let found = await next(); found.done !== true; found = await next()) yield found.value;
  } finally {
    await events.return?.();
  }
}

const isLoss = (thrown: unknown): boolean => asFailure(originOf(thrown)).code === 'service_unavailable';

/** @throws CutOff for a result that failed with the database: were it sent, its client would take the event for seen */
function unlost(result: ExecutionResult): ExecutionResult {
  const loss = result.errors?.find(isLoss);
  if (loss !== undefined) throw new CutOff('the database was lost', { cause: loss });
  return result;
}

const idOf = (event: unknown): string | null => {
  const { id } = (event ?? {}) as { id?: unknown };
  return typeof id === 'string' ? id : null;
};
