/**
 * What was sent to a caller and has not left, over all their streams: whoever does not read is cut off before it fills
 * our memory. One answer always fits, however large.
 */
export class SendBacklog {
  private readonly bytes = new Map<string, number>();

  constructor(private readonly bytesMax = sendBacklogBytesMax) {}

  /** null when it is too much; else what to call once it has left, or is lost. */
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

/** Of one caller: the largest answer, and what else there may be to say. */
const sendBacklogBytesMax = 48 * 1_048_576;
