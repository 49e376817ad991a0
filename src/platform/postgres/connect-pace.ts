const firstMs = 50;
const mostMs = 1_000;

/**
 * How often this process tries to connect to a server that lets nobody in. While a failover lasts, each request would
 * otherwise try by itself, and whoever has just become the primary, or the proxy before it, would be met by a storm.
 */
export class ConnectPace {
  private failures = 0;
  private failedAt = -Infinity;
  private notBefore = -Infinity;
  private why: Error | null = null;

  /** Null: try it. Else why the last try failed, a moment ago; the first failure keeps nobody from trying. */
  get refusal(): Error | null {
    return performance.now() < this.notBefore ? this.why : null;
  }

  succeeded(): void {
    this.failures = 0;
    this.notBefore = -Infinity;
  }

  /** @param startedAt when the try began, in `performance.now()`: those that were under way together count once */
  failed(startedAt: number, why: Error): void {
    if (startedAt < this.failedAt) return;
    this.failures += 1;
    this.failedAt = performance.now();
    this.why = why;
    const delayMs = this.failures < 2 ? 0 : Math.min(firstMs * 2 ** (this.failures - 2), mostMs);
    this.notBefore = this.failedAt + delayMs * (1 + Math.random() / 2);
  }
}
