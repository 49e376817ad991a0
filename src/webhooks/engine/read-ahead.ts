import type { Delivery } from './endpoint-queue.js';
import type { MadeRun } from '../store/packed-deliveries.js';

/** Of a run, those from `next` on, `end` not included. */
interface Part {
  readonly run: MadeRun;
  next: number;
  readonly end: number;
}

/**
 * Deliveries of one endpoint that were never attempted, in order. What fan-out made stays in its runs until its turn
 * comes: the garbage collector would copy an object for each, and mark it again and again, for as long as it waits.
 */
export class FreshQueue {
  /** The next; only this one is made an object of. */
  first: Delivery | null = null;
  length = 0;
  /** What the texts of these come to. */
  bytes = 0;
  private readonly behind: (Delivery | Part)[] = [];

  push(delivery: Delivery): void {
    this.behind.push(delivery);
    this.length += 1;
    this.bytes += delivery.event.body.length;
    this.first ??= this.next();
  }

  /** The first `count` of a run, one at least and none without its event, whose texts come to `bytes`. */
  pushMade(run: MadeRun, count: number, bytes: number): void {
    this.behind.push({ run, next: 0, end: count });
    this.length += count;
    this.bytes += bytes;
    this.first ??= this.next();
  }

  shift(): void {
    this.length -= 1;
    this.bytes -= this.first?.event.body.length ?? 0;
    this.first = this.next();
  }

  private next(): Delivery | null {
    const [part] = this.behind;
    if (part === undefined) return null;
    const isRun = 'run' in part;
    const delivery = isRun ? part.run.take(part.next) : part;
    if (isRun) part.next += 1;
    if (!isRun || part.next === part.end) this.behind.shift();
    return delivery;
  }
}
