import type { IncomingMessage, ServerResponse } from 'node:http';
import { beginEventStream, isDrained } from '../http/event-stream.js';
import { factsOf } from '../http/request.js';
import { jsonType, send } from '../http/send.js';
import { asFailure } from '../platform/errors.js';
import { refusalFor, type RpcId } from './refusal.js';

/** Sends the events of an answer as they come. Whoever is broken off is told why, as the answer of the call. */
async function sendStream(
  request: IncomingMessage,
  response: ServerResponse,
  events: ReadableStream<Uint8Array>,
  signal: AbortSignal,
  id: RpcId,
): Promise<void> {
  const facts = factsOf(request);
  beginEventStream(response, facts);
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
