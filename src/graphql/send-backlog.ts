/**
 * Counts the bytes that were sent to a caller, over all their streams, and have not left: a caller who does not read is cut
 * off before they fill our memory. One answer always fits, however large.
 */
export class SendBacklog {
  private readonly bytes = new Map<string, number>();

  constructor(private readonly bytesMax = sendBacklogBytesMax) {}

  /** @returns null when it is too much; else a function to call once the bytes have left, or are lost */
  add(callerId: string, bytes: number): (() => void) | null {
    const before = this.bytes.get(callerId) ?? 0;
    if (before > 0 && before + bytes > this.bytesMax) return null;
    this.bytes.set(callerId, before + bytes);
    return () => {
      const rest = (this.bytes.get(callerId) ?? 0) - bytes;
      if (rest > 0) this.bytes.set(callerId, rest);
      else this.bytes.delete(callerId);
    };
  }
}

/** The most bytes for one caller: the largest answer, and room for others. */
const sendBacklogBytesMax = 48 * 1_048_576;
