import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import type { FormattedExecutionResult } from 'graphql';
import { beginEventStream, isDrained } from '../http/event-stream.js';
import { failureOf } from '../http/failure.js';
import { setRateLimitHeaders } from '../http/rate-limit/headers.js';
import { factsOf } from '../http/request.js';
import type { RevocationWatch } from '../http/revocation-watch.js';
import type { Actor } from '../platform/actor.js';
import { interruptible } from '../platform/async/interruptible.js';
import type { Admitted, Refused } from './admission.js';
import { errorsOf } from './errors.js';
import { isCostOnly } from './operation-request.js';
import { CutOff, type Results, type StreamedResult } from './results.js';
import type { SendBacklog } from './send-backlog.js';

const keepAliveMs = 12_000;
const complete = 'event: complete\ndata:\n\n';

/** Operations as streams of server-sent events (graphql-sse, distinct connections). */
export class EventStreams {
  private readonly stopping = new AbortController();

  constructor(
    private readonly results: Results,
    private readonly backlog: SendBacklog,
    private readonly revocations: RevocationWatch,
  ) {}

  /** Breaks off every stream: its client resumes, with another process or later. */
  stop(): void {
    this.stopping.abort(new CutOff('we stop'));
  }

  /** Sends an operation as a stream; a refusal, too, since a page with an EventSource never sees the body of a refusal. */
  async send(request: Request, response: ServerResponse, actor: Actor, admitted: Admitted | Refused): Promise<void> {
    const facts = factsOf(request);
    if (admitted.grant !== null) setRateLimitHeaders(admitted.grant, facts);
    const revocation = new AbortController();
    const documentHash = admitted.refusal === null ? admitted.valid.hash : null;
    const unwatch = this.revocations.onEnded(actor, (why) => revocation.abort(why), documentHash);
    const ending = AbortSignal.any([this.stopping.signal, revocation.signal]);
    const results = this.resultsFor(request, actor, admitted, ending);
    response.on('close', () => void results.return());
    beginEventStream(response, facts);
    response.write(':\n\n');
    const keepAlive = setInterval(() => response.writableNeedDrain || response.write(':\n\n'), keepAliveMs);
    if (response.destroyed) void results.return();
    try {
      for await (const result of results) await this.write(response, actor, result);
      response.write(complete);
    } catch (error) {
      // A client that gets no `complete` begins the stream again, behind the last event that it saw.
      if (!(error instanceof CutOff)) {
        const errors = errorsOf(failureOf(error, facts.log));
        await this.write(response, actor, { id: null, result: { errors } });
        response.write(complete);
      }
    } finally {
      clearInterval(keepAlive);
      unwatch();
      response.end();
    }
  }

  private resultsFor(
    request: Request,
    actor: Actor,
    admitted: Admitted | Refused,
    ending: AbortSignal,
  ): AsyncGenerator<StreamedResult, void> {
    const { origin, log } = factsOf(request);
    const extensions = { cost: admitted.cost };
    if (admitted.refusal !== null) return single({ errors: errorsOf(failureOf(admitted.refusal, log)), extensions });
    if (isCostOnly(request.headers)) return single({ data: null, extensions });
    const { 'last-event-id': given } = request.headers;
    const lastEventId = typeof given === 'string' && given !== '' ? given : null;
    return this.results.of({ admitted, actor, origin, lastEventId, ending });
  }

  /** Writes a result; hangs up on a client that does not read. */
  private async write(
    response: ServerResponse,
    { id: callerId }: Actor,
    { id, result }: StreamedResult,
  ): Promise<void> {
    const text = `${id === null ? '' : `id: ${id}\n`}event: next\ndata: ${JSON.stringify(result)}\n\n`;
    const sent = this.backlog.add(callerId, text.length);
    if (sent === null) return void response.destroy();
    try {
      if (!response.write(text) && !(await isDrained(response))) response.destroy();
    } finally {
      sent();
    }
  }
}

const single = (result: FormattedExecutionResult): AsyncGenerator<StreamedResult, void> =>
  interruptible(async function* () {
    yield { id: null, result };
  });
