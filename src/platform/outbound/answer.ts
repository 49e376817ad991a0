/**
 * How far an answer is. `tooLong` is beyond what is read, `garbled` what can't be made out, `switched` an answer that goes
 * on in another protocol.
 */
export type AnswerProgress = 'more' | 'over' | 'tooLong' | 'garbled' | 'switched';

const bodyBytesMax = 64 * 1_024;
/** The most bytes of a head, and again of the trailers. */
const headBytesMax = 64 * 1_024;

/** How much of an answer is kept. */
export interface AnswerKept {
  bodyBytes: number;
  headBytes: number;
}

const littleKept: AnswerKept = { bodyBytes: 16 * 1_024, headBytes: 2_048 };
/** For an answer that is parsed: all of its body that is read at all. */
export const wholeAnswer: AnswerKept = { bodyBytes: bodyBytesMax, headBytes: 16 * 1_024 };

/** Headers of an answer whose values are kept nowhere. */
export const secretHeaders: ReadonlySet<string> = new Set(['set-cookie', 'authorization']);
/** The most bytes on the wire, for what no other bound sees: interim answers, chunk extensions, a line without end. */
const wireBytesMax = 1_024 * 1_024;

const statusLine = /^HTTP\/(\d(?:\.\d)?)[ \t]+([1-9]\d\d)(?:[ \t]|$)/;
const lineFeed = 10;

/**
 * Reads one HTTP/1.1 answer from a stranger. The status of the final head says how the request went; interim answers
 * before it are passed over. The reader is generous with oddities that do not matter, such as bare line feeds or folded
 * and broken header lines, and after each of them reads no further answer from that connection.
 */
export class AnswerReader {
  /** Set once the head has come, or so much of it that no more is read. */
  status: number | null = null;
  retryAfter: string | null = null;
  /** Whether the connection can bring another answer after this one. */
  canFollow = true;
  /** For how long the other side says that it keeps an idle connection. */
  keepAliveSeconds = Infinity;

  private state: 'status' | 'interim' | 'head' | 'length' | 'chunkSize' | 'chunk' | 'chunkEnd' | 'trailers' | 'close' =
    'status';
  private wireBytes = 0;
  private headBytes = 0;
  /** The beginning of a line that has not ended. */
  private begun = '';
  private saidStatus = 0;
  private closes = false;
  private headers: string[] = [];
  /** What is left to come of the body, or of the chunk. */
  private bytesLeft = 0;
  private bodyBytes = 0;
  private readonly kept: Buffer[] = [];
  private readonly keptHead: string[] = [];

  constructor(private readonly keeps: AnswerKept = littleKept) {}

  /** The first 16 KiB of the body, or as much of it as is to be kept. */
  get body(): Buffer {
    return this.kept.length === 0 ? nothing : Buffer.concat(this.kept);
  }

  /**
   * The lines of the final head as they came, values of secret ones aside: those that fit into what is kept of a head, parted by line feeds,
   * with one more at the end where others did not.
   */
  get head(): string {
    return this.keptHead.join('\n').replaceAll('\0', '\ufffd');
  }

  read(bytes: Buffer): AnswerProgress {
    this.wireBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.state === 'length' || this.state === 'chunk' || this.state === 'close') {
        at = this.readBody(bytes, at);
        if (this.bodyBytes > bodyBytesMax) return 'tooLong';
        if (this.bytesLeft > 0) continue;
        if (this.state === 'length') return this.over(bytes, at);
        this.state = 'chunkEnd';
        continue;
      }
      const end = bytes.indexOf(lineFeed, at);
      const next = end === -1 ? bytes.length : end + 1;
      const line = this.begun + bytes.toString('latin1', at, end === -1 ? next : end);
      if (this.state === 'head' || this.state === 'trailers') this.headBytes += next - at;
      if (this.headBytes > headBytesMax || line.length > headBytesMax) return this.tooLong();
      if (this.state === 'status' && !'HTTP/'.startsWith(line.slice(0, 5)) && !isEmpty(line)) return 'garbled';
      this.begun = end === -1 ? line : '';
      at = next;
      if (end === -1) break;
      const progress = this.readLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (progress === 'over') return this.over(bytes, at);
      if (progress !== 'more') return progress;
    }
    return this.wireBytes > wireBytesMax ? this.tooLong() : 'more';
  }

  /** The other side has closed. @returns whether the answer is complete by that */
  end(): boolean {
    this.canFollow = false;
    // After the last chunk nothing is missing.
    return this.state === 'close' || this.state === 'trailers';
  }

  private over(bytes: Buffer, at: number): AnswerProgress {
    // Bytes behind the answer could not be told from the next one.
    if (at < bytes.length) this.canFollow = false;
    return 'over';
  }

  private tooLong(): AnswerProgress {
    this.canFollow = false;
    if (this.state === 'head') this.status = this.saidStatus;
    return 'tooLong';
  }

  private readLine(line: string): AnswerProgress {
    switch (this.state) {
      case 'status':
        return this.readStatus(line);
      case 'interim':
        if (line === '') this.state = 'status';
        return 'more';
      case 'head':
        if (line !== '') return this.addHeader(line);
        return this.endHead();
      case 'chunkSize':
        return this.readChunkSize(line);
      case 'chunkEnd':
        this.state = 'chunkSize';
        return line === '' ? 'more' : 'garbled';
      default:
        return line === '' ? 'over' : 'more';
    }
  }

  private readStatus(line: string): AnswerProgress {
    // Some servers end the answer before with an empty line too many.
    if (line === '') return 'more';
    const [, version, digits] = statusLine.exec(line) ?? [];
    if (digits === undefined) return 'garbled';
    const status = Number(digits);
    if (status === 101) return 'switched';
    this.canFollow = version === '1.1';
    this.saidStatus = status;
    this.headers = [];
    this.state = status < 200 ? 'interim' : 'head';
    return 'more';
  }

  private addHeader(line: string): AnswerProgress {
    const isFolded = line.startsWith(' ') || line.startsWith('\t');
    if (isFolded && this.headers.length > 0) this.headers.push(`${this.headers.pop() ?? ''} ${line.trim()}`);
    else this.headers.push(line);
    return 'more';
  }

  private endHead(): AnswerProgress {
    this.status = this.saidStatus;
    const lengths = new Set<string>();
    const codings: string[] = [];
    let roomForHead = this.keeps.headBytes;
    let isAll = true;
    for (const line of this.headers) {
      const colon = line.indexOf(':');
      const value = line.slice(colon + 1).trim();
      const name = line.slice(0, colon).trimEnd().toLowerCase();
      const shown = secretHeaders.has(name) ? line.slice(0, colon + 1) : line;
      // With the line feed behind it.
      if (shown.length < roomForHead) {
        this.keptHead.push(shown);
        roomForHead -= shown.length + 1;
      } else isAll = false;
      switch (name) {
        case 'content-length':
          for (const length of value.split(',')) lengths.add(length.trim());
          break;
        case 'transfer-encoding':
          for (const coding of value.toLowerCase().split(',')) codings.push(coding.replace(/;.*/, '').trim());
          break;
        case 'connection':
          if (/\bclose\b/i.test(value)) this.closes = true;
          // A connection of HTTP/1.0 can bring another answer, too, if it says so.
          else if (/\bkeep-alive\b/i.test(value)) this.canFollow = true;
          break;
        case 'keep-alive':
          this.keepAliveSeconds = Number(/timeout=(\d{1,9})/i.exec(value)?.[1] ?? Infinity);
          break;
        case 'retry-after':
          this.retryAfter ??= value.slice(0, 128);
      }
    }
    if (!isAll) this.keptHead.push('');
    if (this.closes) this.canFollow = false;
    this.headers = [];
    this.headBytes = 0;
    return this.beginBody(codings.filter(Boolean), lengths);
  }

  private beginBody(codings: readonly string[], lengths: ReadonlySet<string>): AnswerProgress {
    const [length = ''] = lengths;
    const bodiless = this.status === 204 || this.status === 304;
    const isOdd = codings.length > 1 || (codings.length === 1 && lengths.size > 0) || lengths.size > 1;
    if (isOdd || (bodiless && (codings.length > 0 || Number(length) > 0))) this.canFollow = false;
    if (bodiless) return 'over';
    if (codings.at(-1) === 'chunked') {
      this.state = 'chunkSize';
      return 'more';
    }
    if (codings.some((coding) => coding !== 'identity') || lengths.size === 0) {
      this.canFollow = false;
      this.bytesLeft = Infinity;
      this.state = 'close';
      return 'more';
    }
    // Nobody can know where this body ends; the head, which says how the request went, has come.
    if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) {
      this.canFollow = false;
      return 'over';
    }
    this.bytesLeft = Number(length);
    this.state = 'length';
    return this.bytesLeft === 0 ? 'over' : 'more';
  }

  private readChunkSize(line: string): AnswerProgress {
    const [, digits] = /^0*([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line) ?? [];
    if (digits === undefined) return 'garbled';
    this.bytesLeft = parseInt(digits, 16);
    this.state = this.bytesLeft === 0 ? 'trailers' : 'chunk';
    return 'more';
  }

  private readBody(bytes: Buffer, from: number): number {
    const to = Math.min(bytes.length, from + this.bytesLeft);
    const missing = this.keeps.bodyBytes - this.bodyBytes;
    // A copy: a part of the socket's buffer would keep the whole buffer alive.
    if (missing > 0) this.kept.push(Buffer.from(bytes.subarray(from, Math.min(to, from + missing))));
    this.bodyBytes += to - from;
    this.bytesLeft -= to - from;
    return to;
  }
}

const nothing = Buffer.alloc(0);

const isEmpty = (line: string) => line === '' || line === '\r';
