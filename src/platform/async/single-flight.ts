/**
 * Work that runs one at a time. Callers who ask while it runs share one more run after it: the run under way may have
 * looked before what they ask about was there.
 */
export class SingleFlight {
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;

  constructor(private readonly work: () => Promise<void>) {}

  /** Whether a run is under way or about to be. */
  get isRunning(): boolean {
    return this.running !== null || this.next !== null;
  }

  /** Settles as the first run does that begins after this call. */
  run(): Promise<void> {
    if (this.next !== null) return this.next;
    if (this.running === null) return this.begin();
    this.next = this.running.catch(noop).then(() => {
      this.next = null;
      return this.begin();
    });
    return this.next;
  }

  /** Resolves when every run that was asked for is over, however it ended. */
  async idle(): Promise<void> {
    while (this.isRunning) await (this.next ?? this.running)?.catch(noop);
  }

  private begin(): Promise<void> {
    this.running = this.work().finally(() => (this.running = null));
    return this.running;
  }
}

const noop = () => {};
