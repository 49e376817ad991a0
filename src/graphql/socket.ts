import type { IncomingMessage } from 'node:http';
import type { Server } from 'graphql-ws';
import { WebSocket, type RawData } from 'ws';
import type { Failure, Issue } from '../platform/errors.js';
import { errorFields, type Log } from '../platform/log.js';
import type { BodyRoom, BodySender } from '../http/body-room.js';
import { isLongJson, readJsonInTurn, type ReadJson } from '../platform/text/read-json.js';
import { isObject } from '../platform/text/storable-json.js';
import { ArrivingMessage } from './arriving-message.js';

/** Messages that a socket may send before its caller is known. */
const strangersMessagesMax = 5;
const strangersMessageBytesMax = 16_384;
const idCharactersMax = 255;
const messagesAtOnce = 1_000;
const messagesPerSecond = 100;
const bytesPerMessage = 16_384;
/** The time for the other side to close, too, before we hang up. */
const closingMs = 1_000;
const clientsTypes = new Set<unknown>(['connection_init', 'ping', 'pong', 'subscribe', 'complete']);

export interface SocketOptions<Extra> {
  /** How often the other side is pinged, which also shows it that we are alive. */
  keepAliveMs: number;
  /** The caller; null until it is known who that is. */
  senderOf(extra: Extra): BodySender | null;
  bodyRoom: BodyRoom;
  /** Counts bytes until they have left; null when too many have not, because the other side does not read. */
  toSend(extra: Extra, bytes: number): (() => void) | null;
  log: Log;
}

const issuesByPayload = new WeakMap<object, readonly Issue[]>();
const roomByPayload = new WeakMap<object, () => void>();

/** Gives the room of a message back before what it asks for ends, as a stream may last; the message is not kept either. */
export function forgetMessage(payload: object): void {
  roomByPayload.get(payload)?.();
  for (const name of Object.keys(payload)) Reflect.deleteProperty(payload, name);
}

/** Issues of a message's payload, of values that could not be given back as sent; paths are relative to the payload. */
export const issuesIn = (payload: object): readonly Issue[] => issuesByPayload.get(payload) ?? [];

/**
 * Attaches a socket to the protocol's library, with our own reader of messages: a message passes the same checks as a
 * body. A mistake of the other side's is not logged.
 */
export function attachSocket<Extra extends object>(
  protocol: Server<Extra & { socket: WebSocket; request: IncomingMessage }>,
  extra: Extra & { socket: WebSocket; request: IncomingMessage },
  { keepAliveMs, senderOf, bodyRoom, toSend, log }: SocketOptions<Extra>,
): void {
  const { socket, request } = extra;
  const stopPings = keepAlive(socket, keepAliveMs);
  let messages = 0;
  const allowance = new MessageAllowance();
  const sender = () => senderOf(extra);
  const arriving = new ArrivingMessage({
    socket,
    connection: request.socket,
    room: bodyRoom,
    sender,
    refuse: (why) => (why === 'no room' ? closeSocket(socket, 1013, 'Try again later') : refuseMessage(socket)),
  });
  const isStrange = (bytes: number) => {
    messages += 1;
    return messages > strangersMessagesMax || bytes > strangersMessageBytesMax;
  };
  const failed = (error: unknown) => {
    log.error({ error: errorFields(error) }, 'a message of a WebSocket could not be handled');
    closeSocket(socket, 4500, 'Internal server error');
  };
  /** @returns null for a message that is not taken */
  const read = async (bytes: Buffer) => {
    // After our close frame further messages are ignored.
    if (socket.readyState !== WebSocket.OPEN) return null;
    const known = sender();
    if (known !== null && !allowance.allows(bytes.length)) return closeSocket(socket, 4429, 'Too many messages');
    const isRefused = known === null && isStrange(bytes.length);
    const message = isRefused ? null : await readMessage(bytes, known?.name ?? '');
    return message ?? refuseMessage(socket);
  };
  const hear = async (bytes: Buffer, giveBack: () => void, take: (message: string) => Promise<void>) => {
    const message = (await read(bytes)) ?? null;
    if (message === null) return giveBack();
    if (isObject(message['payload'])) roomByPayload.set(message['payload'], giveBack);
    // The library also takes a parsed message, which its types do not say. What the message asks for may take long.
    void take(message as unknown as string)
      .catch(failed)
      .finally(giveBack);
  };
  /** Messages are heard in their order, also behind one whose reading takes a while. */
  let heard = Promise.resolve();
  // The library answers a ping, in a few bytes that are not counted.
  socket.on('ping', () => allowance.allows(0) || socket.terminate());
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: async (text) => {
        if (socket.readyState !== WebSocket.OPEN) return;
        const sent = toSend(extra, text.length);
        if (sent === null) return socket.terminate();
        // What cannot be sent is lost with its socket, whose end is told to the library.
        await sendText(socket, text)
          .catch((error: unknown) => log.debug({ error: errorFields(error) }, 'a message could not be sent'))
          .finally(sent);
      },
      close: (code = 1000, reason = '') => closeSocket(socket, code, reason),
      onMessage: (take) =>
        socket.on('message', (data: RawData) => {
          const bytes = Array.isArray(data) ? Buffer.concat(data) : (data as Buffer);
          const room = arriving.whole();
          const letGo = room === null && !isLongJson(bytes) ? () => undefined : arriving.hold();
          // A listener that throws ends the process: what fails is a rejection, whoever sent the message.
          heard = heard
            .then(async () => hear(bytes, (await room) ?? (() => undefined), take))
            .catch(failed)
            .finally(letGo);
        }),
    },
    extra,
  );
  socket.on('error', (error) => log.debug({ error: errorFields(error) }, 'a WebSocket broke off'));
  socket.once('close', (code, reason) => {
    stopPings();
    void closed(code, String(reason));
  });
}

/** Closes a socket, and hangs up where the other side does not close as well. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  if (socket.readyState === WebSocket.CLOSING || socket.readyState === WebSocket.CLOSED) return;
  socket.close(code, reason);
  const hangUp = setTimeout(() => socket.terminate(), closingMs).unref();
  socket.once('close', () => clearTimeout(hangUp));
}

/** Closes a socket whose caller may not have it; the reason of a close has at most 123 bytes. */
export const forbid = (socket: WebSocket, because: string) =>
  closeSocket(socket, 4403, Buffer.from(`Forbidden: ${because}`).subarray(0, 123).toString());

/** Of a caller who is not let in. 4403 says that it is of no use to come again: never for what passes, say a lost database. */
export function turnAway(socket: WebSocket, { status, message }: Failure): void {
  if (status === 401) forbid(socket, 'send {"authorization": "Bearer <a valid API key>"} in connection_init');
  else if (status === 403) forbid(socket, message);
  else closeSocket(socket, 1013, 'Try again later');
}

const refuseMessage = (socket: WebSocket) => closeSocket(socket, 4400, 'Invalid message received');

/** Reads a message that a client may send, and keeps the issues of its payload; null for any other message. */
async function readMessage(bytes: Buffer, sender: string): Promise<Record<string, unknown> | null> {
  let read: ReadJson;
  try {
    read = await readJsonInTurn(sender, bytes);
  } catch {
    return null;
  }
  const { value, issues } = read;
  if (!isObject(value) || !clientsTypes.has(value['type'])) return null;
  const { id, type, payload } = value;
  // Each result repeats it.
  if (typeof id === 'string' && id.length > idCharactersMax) return null;
  const message = { ...(id !== undefined && { id }), type, ...(payload !== undefined && { payload }) };
  if (type !== 'subscribe' || !isObject(payload)) return issues.length === 0 ? message : null;
  // The library wants a `query`, also where the message has the id or the hash of a document.
  if (payload['documentId'] !== undefined || payload['extensions'] !== undefined) payload['query'] ??= '';
  const inPayload = issues.map((issue) => ({ ...issue, path: issue.path.replace(/^payload\.?/, '') }));
  if (inPayload.length > 0) issuesByPayload.set(payload, inPayload);
  return message;
}

/** The messages that a socket may send: so many at once, and so many a second; a large one counts for several. */
class MessageAllowance {
  private left = messagesAtOnce;
  private atMs = performance.now();

  allows(bytes: number): boolean {
    const nowMs = performance.now();
    this.left = Math.min(messagesAtOnce, this.left + ((nowMs - this.atMs) / 1_000) * messagesPerSecond);
    this.atMs = nowMs;
    this.left -= 1 + bytes / bytesPerMessage;
    return this.left >= 0;
  }
}

async function sendText(socket: WebSocket, text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.send(text, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
}

/** Hangs up where a ping is not answered before the next. */
function keepAlive(socket: WebSocket, everyMs: number): () => void {
  let answered = true;
  socket.on('pong', () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, everyMs);
  return () => clearInterval(timer);
}
