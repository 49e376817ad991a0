import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { startServer, type TestServer, type TestServerOptions } from './app.js';
import { cloneDatabase } from './postgres.js';

/** What a client sends PostgreSQL, message by message: https://www.postgresql.org/docs/current/protocol-message-formats.html */
class SentMessages {
  private rest = Buffer.alloc(0);
  private isBegun = false;
  private readonly prepared = new Map<string, string>();

  constructor(private readonly onStatement: (text: string) => void) {}

  add(chunk: Buffer): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      // The first message alone has no type before its length.
      const typeBytes = this.isBegun ? 1 : 0;
      if (this.rest.length < typeBytes + 4) return;
      const end = typeBytes + this.rest.readInt32BE(typeBytes);
      if (this.rest.length < end) return;
      if (this.isBegun) this.read(String.fromCharCode(this.rest[0] ?? 0), this.rest.subarray(5, end));
      this.isBegun = true;
      this.rest = this.rest.subarray(end);
    }
  }

  private read(type: string, body: Buffer): void {
    const [first = '', second = ''] = body.toString('utf8').split('\0', 2);
    if (type === 'Q') this.onStatement(first);
    // Parse: the statement's name and text. Bind: the portal's name and the statement's.
    else if (type === 'P') this.prepared.set(first, second);
    else if (type === 'B') this.onStatement(this.prepared.get(second) ?? '');
  }
}

/** Stands between a process and PostgreSQL: sees the statements that are sent, and may keep an answer back. */
export class Wiretap {
  private readonly texts: string[] = [];
  private late: { isMeant: (text: string) => boolean; read: () => void; answered: Promise<void> } | null = null;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  static async start(databaseUrl: string): Promise<Wiretap> {
    const tap: Wiretap = new Wiretap(
      createServer((inner) => tap.join(inner)),
      new URL(databaseUrl),
    );
    tap.server.listen(0, '127.0.0.1');
    await once(tap.server, 'listening');
    return tap;
  }

  /** By which the database is reached through it. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** The statements that read or write rows and were sent while `work` ran, each time that they were. */
  async statementsOf(work: () => Promise<unknown>): Promise<string[]> {
    const from = this.texts.length;
    await work();
    const isOfRows = (text: string) => /^\s*(select(?! pg_notify)|with|insert|update|delete)\b/i.test(text);
    return this.texts.slice(from).filter(isOfRows);
  }

  /** The next such statement runs, which resolves `read`, and is answered once `answer` is called. */
  answerLate(isMeant: (text: string) => boolean): { read: Promise<void>; answer: () => void } {
    const read = Promise.withResolvers<void>();
    const late = Promise.withResolvers<void>();
    this.late = { isMeant, read: read.resolve, answered: late.promise };
    return { read: read.promise, answer: late.resolve };
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(inner: Socket): void {
    const outer = connect(Number(this.target.port), this.target.hostname);
    let late: typeof this.late = null;
    let answers = Promise.resolve();
    const sent = new SentMessages((text) => {
      this.texts.push(text);
      if (this.late?.isMeant(text) !== true) return;
      late = this.late;
      this.late = null;
    });
    inner.on('data', (chunk: Buffer) => {
      sent.add(chunk);
      outer.write(chunk);
    });
    outer.on('data', (chunk: Buffer) => {
      late?.read();
      const { answered } = late ?? {};
      answers = answers.then(async () => await answered).then(() => void inner.write(chunk));
    });
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.sockets.add(one);
      one.setNoDelay(true);
      one
        .on('error', () => {})
        .on('close', () => {
          this.sockets.delete(one);
          other.destroy();
        });
    }
  }
}

export type TappedServer = TestServer & { tap: Wiretap };

/** A server that asks PostgreSQL through a wiretap. */
export async function startTappedServer(options: TestServerOptions = {}): Promise<TappedServer> {
  const database = options.beside === undefined ? await cloneDatabase() : null;
  const tap = await Wiretap.start(options.beside?.databaseUrl ?? database?.url ?? '');
  const server = await startServer({ ...options, databaseUrl: tap.url });
  const stop = async () => {
    await server.stop();
    await tap.stop();
    await database?.drop();
  };
  return { ...server, tap, stop };
}
