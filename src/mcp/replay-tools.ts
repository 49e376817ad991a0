import { acceptedContent, inputRequired, inputResponse, type InputRequiredResult } from '@modelcontextprotocol/server';
import { setTimeout as delay } from 'node:timers/promises';
import type { Idempotency } from '../http/idempotency.js';
import { confirmationStale } from '../platform/errors.js';
import { isoTime } from '../platform/postgres/timestamps.js';
import type { Secrets } from '../platform/secrets.js';
import { validate, type Valid } from '../platform/validate.js';
import { inAccountOf } from '../platform/work/work-account.js';
import type { Replay } from '../webhooks/replays/replay.entity.js';
import type { ReplayService } from '../webhooks/replays/replay.service.js';
import { resultBytesMax, resultOf, type ToolAnswer } from './answer.js';
import { Confirmations, type Told } from './confirm.js';
import * as inputs from './inputs.js';
import * as outputs from './outputs.js';
import { answeredOnce, type Tool, type ToolCall } from './tool.js';
import { replayRange, replayView } from './views.js';

const lookAgainMs = 1_000;
const bounds = { fieldBytesMax: 2_048, bytesMax: resultBytesMax, list: null };

type Read = Valid<typeof inputs.newReplay.input>;

interface ReplayNeeds {
  replays: ReplayService;
  idempotency: Idempotency;
  secrets: Secrets;
}

/** Counts, asks, and only then sends: what a person has agreed to is what is sent. */
export function startReplay({ replays, idempotency, secrets }: ReplayNeeds): Tool {
  const confirmations = new Confirmations(replays, secrets);

  async function run(call: ToolCall) {
    const { actor, args, issues } = call;
    actor.require('manage:webhooks');
    const asked = validate(inputs.newReplay.input, args, 'snake_case', issues);
    if (asked.dryRun) return resultOf(countedAnswer(await count(call, asked, null)), bounds);
    try {
      const answer = await answeredOnce('replay_webhooks', idempotency, call, startedAnswer, async (keeping) => {
        const told = await confirmed(call, asked);
        const now = await count(call, asked, told);
        // What could not be counted in its time is not compared: no two counts of it are alike.
        if (now.counted && now.total !== told.count) throw staleCount(now);
        return await replays.start(keeping, asked.endpointId, () => ({ ...asked, until: told.until, dryRun: false }));
      });
      return resultOf(answer, bounds);
    } catch (thrown) {
      if (thrown instanceof Asking) return thrown.question;
      if (thrown instanceof Declined) return resultOf(declinedAnswer(thrown.told, asked), bounds);
      throw thrown;
    }
  }

  /** @param told the window to count in; null: until now */
  async function count({ actor }: ToolCall, asked: Read, told: Pick<Told, 'until'> | null): Promise<Replay> {
    const until = told?.until ?? asked.until;
    return await replays.start(actor, asked.endpointId, () => ({ ...asked, until, dryRun: true }));
  }

  /** What the caller's person agreed to. @throws the question, for a client that can ask; confirmation_stale */
  async function confirmed(call: ToolCall, asked: Read): Promise<Told> {
    const { actor, context, canAsk } = call;
    const state = context.mcpReq.requestState();
    if (typeof state === 'string') {
      const told = await confirmations.toldIn(actor, asked, state);
      if (told === null) throw staleCount(await count(call, asked, null));
      const { inputResponses } = context.mcpReq;
      if (acceptedContent<{ send?: unknown }>(inputResponses, 'send')?.send === true) return told;
      if (inputResponse(inputResponses, 'send').kind === 'elicit') throw new Declined(told);
      throw staleCount(await count(call, asked, null));
    }
    // A client that can ask its person does: its model cannot answer in the person's place.
    if (asked.confirm !== undefined && !canAsk) {
      const told = await confirmations.toldBefore(actor, asked, Number(asked.confirm));
      if (told === null) throw staleCount(await count(call, asked, null));
      return told;
    }
    const now = await count(call, asked, null);
    if (!canAsk) throw staleCount(now, 'Nothing was sent yet.');
    const question = inputRequired.elicit({
      message: `Send ${events(now)} to the endpoint ${now.endpointId} again (${now.only}, ${isoTime(now.since)} to ${isoTime(now.until)})?`,
      requestedSchema: {
        type: 'object',
        properties: { send: { type: 'boolean', title: `Send ${events(now)} again` } },
        required: ['send'],
      },
    });
    const requestState = confirmations.stateOf(actor, asked, now);
    throw new Asking(inputRequired({ inputRequests: { send: question }, requestState }));
  }

  return {
    name: 'replay_webhooks',
    title: 'Replay webhooks',
    description:
      'Sends an endpoint the events of a range of time again: those that failed, unless only says otherwise. By default it only counts them (dry_run). Tell your person the count, and once they agree call again with dry_run false and confirm set to it, within 5 minutes.',
    hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
    scope: 'manage:webhooks',
    feature: 'webhooks',
    toolset: 'webhooks',
    input: inputs.newReplay.schema,
    output: outputs.replayed,
    run,
  };
}

/** Ends a call that goes on once its person has answered. */
class Asking extends Error {
  constructor(readonly question: InputRequiredResult) {
    super('the person is asked');
  }
}

class Declined extends Error {
  constructor(readonly told: Told) {
    super('the person declined');
  }
}

const events = ({ total, counted }: Pick<Replay, 'total' | 'counted'>) =>
  `${counted ? '' : 'at least '}${total ?? 0} ${total === 1 ? 'event' : 'events'}`;

const countedAnswer = (replay: Replay): ToolAnswer => ({
  says: `${events(replay)} would be sent again; nothing was sent. Once your person agrees, call again with dry_run false and confirm ${replay.total ?? 0}, within 5 minutes.`,
  data: { state: 'counted', count: replay.total ?? 0, ...replayRange(replay) },
});

const startedAnswer = (replay: Replay): ToolAnswer => ({
  says: `The replay ${replay.id} began; get_replay tells how it goes.`,
  data: { state: 'started', replay_id: replay.id, status: replay.status, done: replay.done, ...replayRange(replay) },
});

const declinedAnswer = ({ count }: Told, { endpointId }: Read): ToolAnswer => ({
  says: 'Your person did not agree: nothing was sent.',
  data: { state: 'declined', count, endpoint_id: endpointId },
});

const staleCount = (now: Replay, first = 'The confirmation does not hold (any more): nothing was sent.') =>
  confirmationStale(
    `${first} It would be ${events(now)} now. Ask your person, then call again with confirm ${now.total ?? 0}, within 5 minutes.`,
    now.total ?? 0,
  );

/** How a replay goes; waits for its end as long as it is asked to, and tells how far it has come. */
export async function followed(
  replays: ReplayService,
  { actor, ending: { signal }, progress }: ToolCall,
  { replayId, waitSeconds }: Valid<typeof inputs.replay.input>,
): Promise<ToolAnswer> {
  const untilMs = performance.now() + waitSeconds * 1_000;
  // Each look is work of its own: a request's reads have less time together than a wait may take.
  const look = async () => await inAccountOf(actor, signal, async () => await replays.get(actor, replayId));
  let replay = await look();
  while (replay.status === 'RUNNING' && performance.now() < untilMs) {
    await progress(replay.done, replay.total, `${replay.done} of ${replay.total ?? 'not yet counted'}`);
    await delay(Math.min(lookAgainMs, Math.max(0, untilMs - performance.now())), null, { signal });
    replay = await look();
  }
  if (waitSeconds > 0) await progress(replay.done, replay.total, replay.status);
  return {
    says: `The replay is ${replay.status}: ${replay.done} deliveries were made${replay.total === null ? '' : ` of ${replay.total}`}.`,
    data: replayView(replay),
  };
}
