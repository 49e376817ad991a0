import { getHeapStatistics } from 'node:v8';

/** What is read for one answer. */
export const answerBytesMax = 33_554_432;
/**
 * A byte that is read comes to some eight of memory at the worst: the text as it came, the values in it, the text of the
 * answer, and that again compressed; of a text with a character beyond Latin-1, each has two bytes a character.
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
 * The large answers under way in this process share so many bytes, and those of one workspace no more than one answer
 * may have. Who would go beyond waits until others were sent; one at a time may go on regardless, so that answers that
 * are half read never wait for each other alone.
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

/** What one answer has of it. */
export class Charge {
  bytes = 0;

  constructor(
    private readonly budget: AnswerBudget,
    readonly workspaceId: string,
  ) {}

  /** It has come to so many bytes. */
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
