import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { factsOf } from '../http/request.js';
import { jsonType, send } from '../http/send.js';
import { asFailure } from '../platform/errors.js';
import { refusalFor, type RpcId } from './refusal.js';

/** For so long a reader may leave unread what was written to its connection. */
const unreadMsMax = 30_000;

/** Sends the events of an answer as they come. Whoever is broken off is told why, as the answer of the call. */
async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  events: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  id: RpcId,
): Promise<void> {
  const facts = factsOf(request);
  facts.lasts = true;
  facts.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  facts.setHeader('Cache-Control', 'no-store');
  // The connection ends with the stream, so that a server that stops need not wait for an idle connection.
  facts.setHeader('Connection', 'close');
  facts.setHeader('X-Accel-Buffering', 'no');
  facts.setHeader('X-Content-Type-Options', 'nosniff');
  response.writeHead(200, facts.answerHeaders);
  response.flushHeaders();
  const reader = events.getReader();
  const leave = () => {
    const text = refusalFor(asFailure(signal.reason)).textFor(id, facts.origin.requestId);
    response.end(`event: message\ndata: ${text}\n\n`);
    reader.cancel().catch(() => undefined);
  };
  signal.addEventListener('abort', leave, { once: true });
  try {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (response.writableEnded || response.destroyed) break;
      if (!response.write(piece.value) && !(await isDrained(response))) response.destroy();
    }
  } finally {
    signal.removeEventListener('abort', leave);
    response.end();
  }
}

/** Whether all that was written is on its way, within the time that a slow reader has; false once the reader left. */
async function isDrained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return false;
  const settled = new AbortController();
  const signal = AbortSignal.any([settled.signal, AbortSignal.timeout(unreadMsMax)]);
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    return !response.destroyed;
  } catch {
    return false;
  } finally {
    settled.abort();
  }
}

/** Sends an answer of the library as it is: nothing, a text, or a stream. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Response,
  signal: AbortSignal,
  id: RpcId,
): Promise<void> {
  const facts = factsOf(request);
  if (answer.body === null) return void response.writeHead(answer.status, facts.answerHeaders).end();
  const type = answer.headers.get('Content-Type') ?? '';
  if (type.startsWith('text/event-stream')) return await sendStream(request, response, answer.body, signal, id);
  const text = await answer.text();
  await send(request, response, { status: answer.status, type: jsonType, text });
}
