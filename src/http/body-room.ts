import { networkOf } from '../platform/addresses.js';
import type { Actor } from '../platform/actor.js';
import { serviceUnavailable } from '../platform/errors.js';

/** A body up to this is let in at once: whoever sends a sign-in waits for nobody's megabytes. */
export const smallBodyBytesMax = 16_384;

export interface BodyRoomLimits {
  /** Of all bodies. */
  bytesMax: number;
  /** Of those of strangers. */
  strangersBytesMax: number;
  /** Of one caller's, or of one stranger's network. */
  callersBytesMax: number;
  waitMsMax: number;
}

const bodyRoomLimits: BodyRoomLimits = {
  bytesMax: 33_554_432,
  strangersBytesMax: 8_388_608,
  callersBytesMax: 4_194_304,
  waitMsMax: 10_000,
};

export interface BodySender {
  /** Whose share it is. */
  name: string;
  isKnown: boolean;
}

/** @param address of a stranger */
export function senderOf(actor: Actor | null, address: string | null = null): BodySender {
  if (actor !== null) return { name: actor.workspaceId, isKnown: true };
  return { name: networkOf(address ?? ''), isKnown: false };
}

interface Waiting {
  sender: BodySender;
  bytes: number;
  enter: () => void;
}

/**
 * Room for the bodies of requests under way, from when one is read until it is answered: read as JSON, a megabyte comes
 * to ten. Who finds none waits, unread, so that the other side waits too; one who waits for room of their own holds up
 * nobody behind.
 */
export class BodyRoom {
  private bytes = 0;
  private strangersBytes = 0;
  private readonly bytesOf = new Map<string, number>();
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly limits: BodyRoomLimits = bodyRoomLimits) {}

  /**
   * @returns what gives the room back
   * @throws service_unavailable when there is none for too long, or the sender is gone
   */
  async take(sender: BodySender, bytes: number, gone: AbortSignal): Promise<() => void> {
    if (!this.fits(sender, bytes)) await this.wait(sender, bytes, gone);
    else this.add(sender, bytes);
    let isGiven = false;
    return () => {
      if (isGiven) return;
      isGiven = true;
      this.add(sender, -bytes);
      this.letIn();
    };
  }

  private async wait(sender: BodySender, bytes: number, gone: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        this.waiting.delete(waiting);
        clearTimeout(timer);
        reject(serviceUnavailable({ cause: 'there was no room for the body' }));
      };
      const enter = () => {
        this.waiting.delete(waiting);
        clearTimeout(timer);
        gone.removeEventListener('abort', giveUp);
        this.add(sender, bytes);
        resolve();
      };
      const waiting: Waiting = { sender, bytes, enter };
      const timer = setTimeout(giveUp, this.limits.waitMsMax);
      this.waiting.add(waiting);
      gone.addEventListener('abort', giveUp, { once: true });
      if (gone.aborted) giveUp();
    });
  }

  private letIn(): void {
    for (const { sender, bytes, enter } of this.waiting) {
      if (this.bytes >= this.limits.bytesMax) return;
      if (this.fits(sender, bytes)) enter();
    }
  }

  private fits({ name, isKnown }: BodySender, bytes: number): boolean {
    if (this.bytes + bytes > this.limits.bytesMax) return false;
    if (!isKnown && this.strangersBytes + bytes > this.limits.strangersBytesMax) return false;
    return (this.bytesOf.get(name) ?? 0) + bytes <= this.limits.callersBytesMax;
  }

  private add({ name, isKnown }: BodySender, bytes: number): void {
    this.bytes += bytes;
    if (!isKnown) this.strangersBytes += bytes;
    const sum = (this.bytesOf.get(name) ?? 0) + bytes;
    if (sum === 0) this.bytesOf.delete(name);
    else this.bytesOf.set(name, sum);
  }
}
