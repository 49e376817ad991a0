import { getHeapStatistics } from 'node:v8';

/** The most bytes that are read for one answer. */
export const answerBytesMax = 33_554_432;
/**
 * A byte that is read costs some eight bytes of memory at worst: for the text as it came, its values, the text of the
 * answer and its compressed form; a text with a character beyond Latin-1 takes two bytes for each character.
 */
const heapBytesPerByte = 12;
const waitMsMax = 5_000;

/** Whether there is room, or whose answers leave none: those of the same workspace, or of others. */
export type Room = 'room' | 'own' | 'others';

interface Waiting {
  charge: Charge;
  resolve: (room: Room) => void;
  timer: NodeJS.Timeout;
}

/**
 * A bound on the bytes of all large answers under way in this process; those of one workspace together may have as many
 * as one answer. An answer that would exceed the bound waits until others were sent. One at a time may go on regardless,
 * so that answers which are half read do not wait for each other for ever.
 */
export class AnswerBudget {
  private used = 0;
  private readonly usedBy = new Map<string, number>();
  private favoured: Charge | null = null;
  private readonly waiting = new Set<Waiting>();

  constructor(
    private readonly max = Math.max(answerBytesMax, getHeapStatistics().heap_size_limit / heapBytesPerByte),
  ) {}

  open(workspaceId: string): Charge {
    return new Charge(this, workspaceId);
  }

  add(workspaceId: string, bytes: number): void {
    this.used += bytes;
    const used = (this.usedBy.get(workspaceId) ?? 0) + bytes;
    if (used > 0) this.usedBy.set(workspaceId, used);
    else this.usedBy.delete(workspaceId);
  }

  /** Null when there is; else what came of waiting for it. */
  roomFor(charge: Charge): Promise<Room> | null {
    if (this.hasRoom(charge)) return null;
    return new Promise((resolve) => {
      const giveUp = () => this.settle(waiting, this.isOwn(charge) ? 'own' : 'others');
      const waiting: Waiting = { charge, resolve, timer: setTimeout(giveUp, waitMsMax) };
      this.waiting.add(waiting);
    });
  }

  close(charge: Charge): void {
    if (this.favoured === charge) this.favoured = null;
    for (const waiting of this.waiting) {
      if (waiting.charge === charge || this.hasRoom(waiting.charge)) this.settle(waiting, 'room');
    }
  }

  private hasRoom(charge: Charge): boolean {
    if (this.used <= this.max && !this.isOwn(charge)) return true;
    this.favoured ??= charge;
    return this.favoured === charge;
  }

  /** Whether it is its own workspace that has too much under way. */
  private isOwn({ workspaceId, bytes }: Charge): boolean {
    const besides = (this.usedBy.get(workspaceId) ?? 0) - bytes;
    return besides > 0 && besides + bytes > answerBytesMax;
  }

  private settle(waiting: Waiting, room: Room): void {
    clearTimeout(waiting.timer);
    if (this.waiting.delete(waiting)) waiting.resolve(room);
  }
}

/** The part of the budget that one answer has. */
export class Charge {
  bytes = 0;

  constructor(
    private readonly budget: AnswerBudget,
    readonly workspaceId: string,
  ) {}

  /** Notes that the answer has come to so many bytes. */
  raise(bytes: number): void {
    this.budget.add(this.workspaceId, bytes - this.bytes);
    this.bytes = bytes;
  }

  room(): Promise<Room> | null {
    return this.budget.roomFor(this);
  }

  close(): void {
    this.budget.add(this.workspaceId, -this.bytes);
    this.bytes = 0;
    this.budget.close(this);
  }
}
