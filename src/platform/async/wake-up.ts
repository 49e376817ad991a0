/** Lets one loop sleep until it is woken; a wake-up or an abort while the loop is busy ends its next sleep at once. */
export class WakeUp {
  private isDue = false;
  private end: (() => void) | null = null;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  wake(): void {
    this.isDue = true;
    this.end?.();
  }

  reset(): void {
    this.isDue = false;
  }

  async sleep(forMsMax: number): Promise<void> {
    if (this.isDue) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, forMsMax);
      this.end = resolve;
    });
    clearTimeout(timer);
    this.end = null;
  }
}
