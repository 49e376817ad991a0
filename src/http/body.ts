import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalid, payloadTooLarge, unsupportedMediaType } from '../platform/errors.js';
import { factsOf } from './request.js';
import { smallBodyBytesMax, type BodyRoom, type BodySender } from './body-room.js';

export const bodyBytesMax = 1_048_576;
/** Each piece costs a microsecond, however small it is; a body of a megabyte comes in some 700 pieces from a network. */
const piecesMax = 20_000;

export const isJson = (contentType: string) => /^application\/json *(;|$)/i.test(contentType);
const foreignCharset = /charset *= *(?!"?utf-?8"? *(;|$))/i;

/** Reads what requests bring along, as far as there is room for it. */
export class BodyReader {
  constructor(private readonly room: BodyRoom) {}

  /**
   * The bytes of a JSON body, which have their room until the answer is sent.
   * @throws unsupported_media_type, payload_too_large, service_unavailable
   */
  async read(
    request: IncomingMessage,
    response: ServerResponse,
    sender: BodySender,
    bytesMax = bodyBytesMax,
  ): Promise<Buffer> {
    const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
    if (!isJson(type) || foreignCharset.test(type) || encoding !== 'identity') throw unsupportedMediaType();
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > bytesMax) throw payloadTooLarge(bytesMax);
    const body = new Body(announced, bytesMax);
    let hasRoom = announced > smallBodyBytesMax ? await this.makeRoom(request, response, sender, announced) : false;
    await new Promise<void>((resolve, reject) => {
      request.on('data', (chunk: Buffer) => {
        // The rest is read and dropped: were the connection reset now, the answer would be lost.
        if (!body.add(chunk)) return reject(payloadTooLarge(bytesMax));
        if (hasRoom || body.length <= smallBodyBytesMax) return;
        // A body without a length takes the most room that a body may have.
        hasRoom = true;
        request.pause();
        this.makeRoom(request, response, sender, bytesMax).then(() => request.resume(), reject);
      });
      request.once('end', resolve);
      request.once('error', () => reject(invalid('', 'bad_format', 'ended early')));
    });
    return body.bytes();
  }

  private async makeRoom(
    request: IncomingMessage,
    response: ServerResponse,
    sender: BodySender,
    bytes: number,
  ): Promise<true> {
    const gone = new AbortController();
    request.once('close', () => gone.abort());
    const giveBack = await this.room.take(sender, bytes, gone.signal);
    factsOf(request).giveBackBody = giveBack;
    if (response.closed) giveBack();
    else response.once('close', giveBack);
    return true;
  }
}

/** Puts the pieces of a body together as they come: kept by itself, a piece of one byte would take a hundred. */
class Body {
  length = 0;
  private pieces = 0;
  private kept: Buffer | null = null;

  constructor(
    private readonly announced: number,
    private readonly bytesMax: number,
  ) {}

  /** @returns false when the body is too large, or in too many pieces */
  add(piece: Buffer): boolean {
    this.pieces += 1;
    const length = this.length + piece.length;
    if (length > this.bytesMax || this.pieces > piecesMax) return false;
    // Most bodies come in one piece, which is kept as it is.
    if (this.kept === null && (length === this.announced || (this.pieces === 1 && this.announced === 0)))
      this.kept = piece;
    else this.append(piece, length);
    this.length = length;
    return true;
  }

  bytes(): Buffer {
    return this.kept?.subarray(0, this.length) ?? Buffer.alloc(0);
  }

  private append(piece: Buffer, length: number): void {
    if (this.kept === null || this.kept.length < length) {
      const larger = Buffer.allocUnsafe(Math.max(length, this.announced, Math.min(this.bytesMax, this.length * 2)));
      this.kept?.copy(larger, 0, 0, this.length);
      this.kept = larger;
    }
    piece.copy(this.kept, this.length);
  }
}
