/**
 * Subscribers as they are in life: HTTP servers that check both signatures with what the field uses, answer fast, slowly,
 * wrongly or not at all, and are away for a while. Each is on an address of its own, as hosts share what is sent to one.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { EventBody, Ledger } from './ledger.js';

export type ReceiverKind = 'fast' | 'slow' | 'failing' | 'in order' | 'gone' | 'named';

/** A timestamp further from the time than this is wrong, however busy the machine. */
const timestampSecondsMax = 60;

interface Registered {
  id: string;
  secret: string;
  kind: ReceiverKind;
}

export class Receivers {
  requests = 0;
  private readonly registered = new Map<string, Registered>();
  private readonly servers = new Map<ReceiverKind, { server: Server; port: number; host: string }>();
  private saysGone = new Set<string>();

  private constructor(private readonly ledger: Ledger) {}

  static async start(ledger: Ledger): Promise<Receivers> {
    const receivers = new Receivers(ledger);
    const kinds: ReceiverKind[] = ['fast', 'slow', 'failing', 'in order', 'gone', 'named'];
    for (const [index, kind] of kinds.entries()) {
      // Only Linux has all of 127.0.0.0/8 without being told.
      const host = process.platform === 'linux' ? `127.0.0.${index + 2}` : '127.0.0.1';
      const server = receivers.server(kind);
      server.listen(0, host);
      await once(server, 'listening');
      receivers.servers.set(kind, { server, host, port: (server.address() as AddressInfo).port });
    }
    return receivers;
  }

  addressOf(kind: ReceiverKind): { host: string; port: number } {
    return this.servers.get(kind) as { host: string; port: number };
  }

  /** What is sent to `path` is that endpoint's. */
  register(path: string, registered: Registered): void {
    this.registered.set(path, registered);
  }

  /** Away: what is open breaks, and what comes is refused, until `back`. */
  leave(kind: ReceiverKind): void {
    const { server } = this.servers.get(kind) as { server: Server };
    server.close();
    server.closeAllConnections();
  }

  async back(kind: ReceiverKind): Promise<void> {
    const { host, port } = this.addressOf(kind);
    const server = this.server(kind);
    this.servers.set(kind, { server, host, port });
    server.listen(port, host);
    await once(server, 'listening');
  }

  /** The endpoints of this kind answer their next request with 410. */
  sayGone(): void {
    for (const [path, { kind }] of this.registered) if (kind === 'gone') this.saysGone.add(path);
  }

  async stop(): Promise<void> {
    for (const { server } of this.servers.values()) {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
  }

  private server(kind: ReceiverKind): Server {
    const server = createServer((request, response) => void this.take(kind, request, response));
    server.keepAliveTimeout = 60_000;
    return server;
  }

  private async take(kind: ReceiverKind, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    try {
      const body = Buffer.concat(await request.toArray()).toString();
      const path = request.url ?? '';
      const registered = this.registered.get(path);
      this.requests += 1;
      if (registered === undefined) {
        this.ledger.breaks('an endpoint gets what it listens to, and nothing else', `a request to ${path}`);
        return void response.writeHead(404).end();
      }
      const event = this.verified(registered, request, body);
      if (event === null) return void response.writeHead(400).end();
      const delivery = String(request.headers['x-iozen-delivery-id']);
      const ended = this.ledger.arrive(registered.id, delivery, event, body, at);
      response.on('finish', () => ended(response.statusCode < 300));
      response.on('close', () => ended(false));
      await this.answer(kind, path, request, response);
    } catch {
      // The sender hung up in the middle, as one does that was killed.
      response.destroy();
    }
  }

  private async answer(
    kind: ReceiverKind,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const luck = Math.random();
    if (kind === 'slow') await delay(200 + luck * 800);
    if (kind === 'in order') await delay(5 + luck * 20);
    if (kind === 'gone' && this.saysGone.delete(path)) return void response.writeHead(410).end();
    const failing = kind === 'failing' ? 0.15 : kind === 'in order' ? 0.01 : 0;
    if (luck >= failing) return void response.end();
    const ways = [
      () => response.writeHead(500).end('broken'),
      () => response.writeHead(503, { 'Retry-After': '1' }).end(),
      () => request.socket.destroy(),
      () => response.writeHead(302, { Location: 'https://example.com/' }).end(),
    ];
    ways[Math.floor(Math.random() * ways.length)]?.();
  }

  /** The event, once both signatures, the headers and the time are right; null and noted otherwise. */
  private verified({ secret, kind, id }: Registered, { headers }: IncomingMessage, body: string): EventBody | null {
    const broken = (why: string) => {
      this.ledger.breaks('every delivery is signed and dated right', `${why} at ${kind} ${id}`);
      return null;
    };
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    } catch (error) {
      return broken((error as Error).message);
    }
    const published = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    if (headers['x-iozen-signature'] !== published) return broken('x-iozen-signature');
    const seconds = Number(headers['x-iozen-timestamp']);
    if (!(Math.abs(Date.now() / 1_000 - seconds) < timestampSecondsMax)) return broken(`the time ${seconds}`);
    const event = JSON.parse(body) as EventBody;
    const sameId = event.id === headers['webhook-id'] && event.id === headers['x-iozen-event-id'];
    if (!sameId || event.type !== headers['x-iozen-event-type']) return broken('headers that name another event');
    return event;
  }
}
