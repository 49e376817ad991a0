import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { bodyBytesMax } from '../http/body.js';
import { smallBodyBytesMax, type BodyRoom, type BodySender } from '../http/body-room.js';

/** As long as a known caller has for a body. */
const arrivalMsMax = 60_000;
/** The bytes of a client's control frame beside what it carries. */
const controlFrameBytes = 6;

export interface ArrivingMessageOptions {
  socket: WebSocket;
  /** The connection of the socket. */
  connection: Socket;
  room: BodyRoom;
  /** The caller; null while nobody knows who that is. */
  sender(): BodySender | null;
  /** There is no room for the message, or a stranger sends too much. */
  refuse(why: 'no room' | 'a stranger'): void;
}

/**
 * The message of a WebSocket that has not come whole: the library keeps its pieces, however long the rest takes. A large
 * one has room among the bodies of requests, and a time to arrive; a socket without room is not read.
 */
export class ArrivingMessage {
  private bytes = 0;
  private isWhole = false;
  private taken: Promise<() => void> | null = null;
  private late: NodeJS.Timeout | null = null;
  private holds = 0;
  private readonly gone = new AbortController();

  constructor(private readonly options: ArrivingMessageOptions) {
    const { socket, connection } = options;
    const control = ({ length }: Buffer) => (this.bytes -= length + controlFrameBytes);
    socket.on('ping', control);
    socket.on('pong', control);
    // The library hears of each piece first, and has told of the messages that end in it.
    connection.on('data', (piece: Buffer) => this.add(piece.length));
    socket.once('close', () => {
      this.gone.abort();
      void this.whole()?.then((giveBack) => giveBack());
    });
  }

  /** The message has come whole. @returns its room; null for one that takes none, and as the value where there was none */
  whole(): Promise<() => void> | null {
    const { taken } = this;
    this.isWhole = true;
    this.taken = null;
    if (this.late !== null) clearTimeout(this.late);
    return taken;
  }

  /** Reads nothing from the socket until the returned function is called. */
  hold(): () => void {
    const { socket } = this.options;
    if (this.holds++ === 0) socket.pause();
    return () => {
      if (--this.holds === 0) socket.resume();
    };
  }

  private add(bytes: number): void {
    this.bytes = this.isWhole ? 0 : this.bytes + bytes;
    this.isWhole = false;
    if (this.bytes > smallBodyBytesMax && this.taken === null) this.taken = this.take();
  }

  private async take(): Promise<() => void> {
    const { socket, room, sender, refuse } = this.options;
    const letGo = this.hold();
    const known = sender();
    if (known === null) {
      // It is not read any more.
      refuse('a stranger');
      return () => undefined;
    }
    try {
      const giveBack = await room.take(known, bodyBytesMax, this.gone.signal);
      this.late = setTimeout(() => socket.terminate(), arrivalMsMax).unref();
      letGo();
      return giveBack;
    } catch {
      refuse('no room');
      return () => undefined;
    }
  }
}
