/**
 * Work that runs one at a time. Whoever asks while it runs gets one more run after it, which all who ask meanwhile share:
 * the run under way may have looked before what they ask about was there.
 */
export class SingleFlight {
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;

  constructor(private readonly work: () => Promise<void>) {}

  /** Whether a run is under way or about to be. */
  get isRunning(): boolean {
    return this.running !== null || this.next !== null;
  }

  /** Ends as the first run does that begins from here on. */
  run(): Promise<void> {
    if (this.next !== null) return this.next;
    if (this.running === null) return this.begin();
    this.next = this.running.catch(noop).then(() => {
      this.next = null;
      return this.begin();
    });
    return this.next;
  }

  /** When every run that has been asked for is over, however it ended. */
  async idle(): Promise<void> {
    while (this.isRunning) await (this.next ?? this.running)?.catch(noop);
  }

  private begin(): Promise<void> {
    this.running = this.work().finally(() => (this.running = null));
    return this.running;
  }
}

const noop = () => {};
