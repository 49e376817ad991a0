/**
 * What was said to a caller and has not been taken: whoever does not read is cut off before it fills our memory. One
 * answer always fits, however large.
 */
export class Untaken {
  private readonly bytes = new Map<string, number>();

  constructor(private readonly bytesMax: number) {}

  /** null when it is too much; else what to call once it is taken, or lost. */
  add(callerId: string, bytes: number): (() => void) | null {
    const before = this.bytes.get(callerId) ?? 0;
    if (before > 0 && before + bytes > this.bytesMax) return null;
    this.bytes.set(callerId, before + bytes);
    return () => {
      const left = (this.bytes.get(callerId) ?? 0) - bytes;
      if (left > 0) this.bytes.set(callerId, left);
      else this.bytes.delete(callerId);
    };
  }
}
