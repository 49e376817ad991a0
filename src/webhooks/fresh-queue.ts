import type { Delivery } from './lane.js';
import type { MadeRun } from './runs.js';

/** Of a run, what still waits: from `next` on, `end` not included. */
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
  length = 0;
  /** What the texts of these come to. */
  bytes = 0;
  private readonly waiting: (Delivery | Part)[] = [];
  private head: Delivery | null = null;

  push(delivery: Delivery): void {
    this.waiting.push(delivery);
    this.length += 1;
    this.bytes += delivery.event.body.length;
  }

  /** The first `count` of a run, one at least and none without its event. */
  pushMade(run: MadeRun, count: number): void {
    this.waiting.push({ run, next: 0, end: count });
    this.length += count;
    for (const event of run.events.slice(0, count)) this.bytes += event?.body.length ?? 0;
  }

  get first(): Delivery | null {
    return (this.head ??= this.firstOf(this.waiting[0]));
  }

  shift(): void {
    const [part] = this.waiting;
    this.length -= 1;
    this.bytes -= this.first?.event.body.length ?? 0;
    this.head = null;
    if (part !== undefined && 'run' in part && (part.next += 1) < part.end) return;
    this.waiting.shift();
  }

  private firstOf(part: Delivery | Part | undefined): Delivery | null {
    if (part === undefined) return null;
    return 'run' in part ? part.run.deliveryAt(part.next) : part;
  }
}
