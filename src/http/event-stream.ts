import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { RequestFacts } from './request.js';

/** For so long a reader may leave unread what was written to its connection. */
const unreadMsMax = 30_000;

/** Begins an answer of server-sent events. */
export function beginEventStream(response: ServerResponse, facts: RequestFacts): void {
  facts.lasts = true;
  facts.setHeader('Content-Type', 'text/event-stream; charset=utf-8');
  facts.setHeader('Cache-Control', 'no-store');
  // The connection ends with the stream, so that a server that stops need not wait for an idle connection.
  facts.setHeader('Connection', 'close');
  facts.setHeader('X-Accel-Buffering', 'no');
  facts.setHeader('X-Content-Type-Options', 'nosniff');
  response.writeHead(200, facts.answerHeaders);
  response.flushHeaders();
}

/** Whether all that was written is on its way, within the time that a slow reader has; false once the reader left. */
export async function isDrained(response: ServerResponse): Promise<boolean> {
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
