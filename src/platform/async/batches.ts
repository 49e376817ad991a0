import { GrowingDelay } from './growing-delay.js';

const sizeMax = 256;
const sizeWanted = 128;
const collectMs = 5;
const failuresMax = 20;

export interface BatchSteps<Item, Stored> {
  store: (batch: readonly Item[]) => Promise<Stored>;
  stored: (batch: readonly Item[], what: Stored) => void;
  /** Returns whether an item may be why: then smaller batches are tried. Else the same is, when a while has passed. */
  failed: (error: unknown) => boolean;
  /** For an item that could not be stored alone, however often it was tried. */
  givenUp: (item: Item) => void;
}

/**
 * Stores items in batches, one batch at a time: as soon as 128 wait, or within 5 ms. What cannot be stored is kept and tried
 * again; an item that can never be stored does not keep the others from it.
 */
export class Batches<Item, Stored> {
  private readonly waiting: Item[] = [];
  private isAsked = false;
  private timer: NodeJS.Timeout | null = null;
  private storing: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly steps: BatchSteps<Item, Stored>,
    private readonly retryDelayMsMax = 2_000,
  ) {}

  /** How many items are not yet stored. */
  get size(): number {
    return this.waiting.length;
  }

  add(item: Item): void {
    this.waiting.push(item);
    if (this.storing !== null) return;
    if (this.waiting.length >= sizeWanted) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), collectMs);
  }

  /** A batch is stored as soon as none is under way, though it may be empty. */
  ask(): void {
    this.isAsked = true;
    this.flush();
  }

  /** Stores everything that waits. */
  async drain(): Promise<void> {
    while (this.waiting.length > 0 && !this.stopped) {
      this.flush();
      await this.storing;
    }
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.storing ??= this.storeAll().finally(() => {
      this.storing = null;
      if (this.waiting.length > 0 && !this.stopped) this.timer ??= setTimeout(() => this.flush(), collectMs);
    });
  }

  private async storeAll(): Promise<void> {
    const delay = new GrowingDelay(20, this.retryDelayMsMax);
    let size = sizeMax;
    let failures = 0;
    while ((this.waiting.length > 0 || this.isAsked) && !this.stopped) {
      const batch = this.waiting.slice(0, size);
      this.isAsked = false;
      try {
        const what = await this.steps.store(batch);
        this.waiting.splice(0, batch.length);
        delay.reset();
        size = sizeMax;
        failures = 0;
        this.steps.stored(batch, what);
        if (this.waiting.length < sizeWanted && !this.isAsked) return;
      } catch (error) {
        const isItems = this.steps.failed(error);
        await delay.wait();
        if (!isItems) continue;
        size = Math.max(1, batch.length >> 1);
        failures += 1;
        if (batch.length > 1 || failures < failuresMax) continue;
        failures = 0;
        for (const item of this.waiting.splice(0, 1)) this.steps.givenUp(item);
      }
    }
  }
}
