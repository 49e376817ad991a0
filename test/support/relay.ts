import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** An address that stays, in front of a server whose port does not, and a network that may swallow what is sent. */
export class Relay {
  target = 0;
  private readonly ways = new Map<Socket, Socket>();
  private readonly swallowed: Socket[] = [];
  holds = false;
  /** Whether who comes is turned away, as by a proxy that has no server. */
  refuses = false;
  /** How many came. */
  came = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Relay> {
    const relay: Relay = new Relay(createServer((inner) => relay.join(inner)));
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Nothing gets through any more, and nobody is told. */
  hold(): void {
    this.holds = true;
    for (const [from, to] of this.ways) from.unpipe(to);
  }

  /** What was held gets through, and what comes. */
  release(): void {
    this.holds = false;
    for (const [from, to] of this.ways) from.pipe(to);
  }

  /** What is open is swallowed for good, and nobody is told; what is opened from now on gets through. */
  swallow(): void {
    for (const [from, to] of this.ways) from.unpipe(to);
    this.swallowed.push(...this.ways.keys());
    this.ways.clear();
  }

  /** What is open breaks, and both sides are told. */
  breakOff(): void {
    for (const socket of this.ways.keys()) socket.destroy();
  }

  async stop(): Promise<void> {
    for (const socket of this.swallowed) socket.destroy();
    for (const socket of this.ways.keys()) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(inner: Socket): void {
    this.came += 1;
    if (this.refuses) return void inner.on('error', () => {}).destroy();
    const outer = connect(this.target, '127.0.0.1');
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.ways.set(from, to);
      from.setNoDelay(true);
      if (!this.holds) from.pipe(to);
      from
        .on('error', () => {})
        .on('close', () => {
          this.ways.delete(from);
          to.destroy();
        });
    }
  }
}
