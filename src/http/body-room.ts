import { networkOf } from '../platform/addresses.js';
import type { Actor } from '../platform/actor.js';
import { serviceUnavailable } from '../platform/errors.js';

/** A body up to this size is let in at once, so that a sign-in never waits for somebody else's megabytes. */
export const smallBodyBytesMax = 16_384;

export interface BodyRoomLimits {
  /** Room for all bodies together. */
  bytesMax: number;
  /** Room for the bodies of all strangers. */
  strangersBytesMax: number;
  /** Room for the bodies of one caller, or of one network of strangers. */
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
  /** The id of the caller, or the stranger's network. */
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
 * Room for the bodies of requests, from when a body is read until the request is answered: read as JSON, a megabyte comes
 * to ten. A body that finds no room is not read, so that its sender waits; a body that waits for its own sender's share
 * holds up no other sender's.
 */
export class BodyRoom {
  private bytes = 0;
  private strangersBytes = 0;
  private readonly bytesOf = new Map<string, number>();
  private readonly waiting = new Set<Waiting>();

  constructor(private readonly limits: BodyRoomLimits = bodyRoomLimits) {}

  /**
   * @returns a function that gives the room back
   * @throws service_unavailable when there is no room for too long, or the sender has left
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
