/** What rings while nobody waits is heard by who waits next; an abort rings it, too. */
export class Bell {
  private rung = false;
  private wake: (() => void) | null = null;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => this.ring(), { once: true });
  }

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  reset(): void {
    this.rung = false;
  }

  async heard(withinMs: number): Promise<void> {
    if (this.rung) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
      this.wake = resolve;
    });
    clearTimeout(timer);
    this.wake = null;
  }
}
