import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  headers: IncomingHttpHeaders;
  /** As they came: names and values in turns. */
  rawHeaders: string[];
  body: string;
  path: string;
  /** Unix milliseconds. */
  at: number;
}

export type Answer = (response: ServerResponse, received: Received) => void;

/** A subscriber: an HTTP server on a free port that keeps what it got and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** 200 with an empty body, unless a test says otherwise. */
  answer: Answer = (response) => void response.end();
  private readonly waiting: { isThere: () => boolean; resolve: () => void }[] = [];

  private constructor(
    readonly url: string,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async start(host = '127.0.0.1'): Promise<Receiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { headers, rawHeaders, url: path = '' } = request;
        receiver.take({ headers, rawHeaders, body, path, at: Date.now() }, response);
      });
      request.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const receiver = new Receiver(`http://${host}:${(server.address() as AddressInfo).port}/hook`, server);
    return receiver;
  }

  /** Fails when fewer than `count` came within `timeoutMs`. */
  async arrived(count: number, timeoutMs = 10_000): Promise<Received[]> {
    await this.until(
      () => this.received.length >= count,
      timeoutMs,
      () => `${this.received.length} of ${count} came`,
    );
    return this.received;
  }

  async until(isThere: () => boolean, timeoutMs: number, story: () => string): Promise<void> {
    if (isThere()) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`within ${timeoutMs} ms: ${story()}`)), timeoutMs);
    });
    await Promise.race([late, new Promise<void>((resolve) => this.waiting.push({ isThere, resolve }))]);
    clearTimeout(timer);
  }

  /** Once whoever called has hung up: nothing that was sent before is still to come. */
  async deserted(): Promise<void> {
    const connections = () =>
      new Promise<number>((resolve) => this.server.getConnections((_error, count) => resolve(count)));
    while ((await connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(received: Received, response: ServerResponse): void {
    this.received.push(received);
    this.answer(response, received);
    for (const { isThere, resolve } of this.waiting) if (isThere()) resolve();
  }
}
