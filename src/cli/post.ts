import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { OutboundConnection, type OutgoingRequest } from '../platform/outbound/connection.js';
import { connectionProblem } from './connection-problem.js';

export interface PostResult {
  /** The answer's status; null: no answer began. */
  status: number | null;
  error: string | null;
}

/** One POST to a receiver under development, over a connection of its own, read as webhooks read answers. */
export async function postOnce(
  url: URL,
  { headers, body }: Pick<OutgoingRequest, 'headers' | 'body'>,
  signal: AbortSignal,
): Promise<PostResult> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const socket = secure
    ? tls.connect({ host, port, ...(net.isIP(host) === 0 && { servername: host }) })
    : net.connect({ host, port });
  let connection: OutboundConnection | null = null;
  const status = () => connection?.answer.status ?? null;
  try {
    await once(socket, secure ? 'secureConnect' : 'connect', { signal });
    const to = (connection = new OutboundConnection(url.origin, socket, Infinity, () => {}));
    await new Promise<void>((resolve, reject) => {
      const over = () => (status() === null ? reject(new Error('the answer never began')) : resolve());
      const broken = (error: Error | null) => reject(error ?? new Error('the connection closed'));
      signal.addEventListener('abort', () => broken(signal.reason as Error), { once: true });
      const waiting = { onFirstByte: () => {}, onStatus: () => {}, onOver: over, onTooLong: over, onBroken: broken };
      to.send(url.pathname + url.search, { method: 'POST', headers, body }, waiting);
    });
    return { status: status(), error: null };
  } catch (thrown) {
    // `events.once` wraps the reason of an abort in an error of its own.
    return { status: status(), error: connectionProblem(signal.aborted ? signal.reason : thrown) };
  } finally {
    socket.on('error', () => {}).destroy();
  }
}
