import { rateLimitExceeded, serviceUnavailable } from '../errors.js';
import type { WorkAccount } from './work-account.js';

export interface ShareLimits {
  /** Places of all workspaces together. */
  total: number;
  /** The most places that one workspace may have. */
  each: number;
  /** Its own excess waits this long. */
  ownWaitMsMax: number;
}

/** Of one workspace. */
const waitingMax = 1_000;
/** A workspace within its share waits for others for so long; then it is told that the service is busy. */
const waitMsMax = 10_000;

interface Waiting {
  share: Share;
  account: WorkAccount | null;
  since: number;
  resolve: () => void;
  reject: (error: unknown) => void;
  timer: NodeJS.Timeout | null;
  abandon: () => void;
  readonly onlyReads: boolean;
}

interface Share {
  readonly workspaceId: string;
  underWay: number;
  readonly waiting: Waiting[];
}

/**
 * Shares places among workspaces. A workspace may have up to its bound, and never more places than are still free, so that
 * two workspaces which ask for all they can get leave room for a third. What exceeds that waits in the workspace's own
 * queue; the queues take turns.
 */
export class WorkspaceShares {
  private readonly shares = new Map<string, Share>();
  /** The workspaces for which something waits, the next one first. */
  private readonly queues = new Set<Share>();
  private free: number;

  constructor(private readonly limits: ShareLimits) {
    this.free = limits.total;
  }

  /**
   * Takes a place, which has to be given back by `leave`. @returns null: the place is there at once
   * @throws rate_limit_exceeded when the workspace itself has too much under way, service_unavailable when others have
   */
  enter(workspaceId: string, account: WorkAccount | null, onlyReads: boolean): Promise<void> | null {
    let share = this.shares.get(workspaceId);
    if (share === undefined) this.shares.set(workspaceId, (share = { workspaceId, underWay: 0, waiting: [] }));
    if (share.waiting.length === 0 && this.mayEnter(share)) {
      this.count(share, 1);
      return null;
    }
    return this.wait(share, account, onlyReads);
  }

  leave(workspaceId: string): void {
    const share = this.shares.get(workspaceId);
    if (share === undefined) throw new Error('somebody left who had not entered');
    this.count(share, -1);
    this.forget(share);
    this.letIn();
  }

  private mayEnter({ underWay }: Share): boolean {
    return underWay < this.limits.each && underWay < this.free;
  }

  private count(share: Share, by: 1 | -1): void {
    share.underWay += by;
    this.free -= by;
  }

  private forget(share: Share): void {
    if (share.underWay === 0 && share.waiting.length === 0) this.shares.delete(share.workspaceId);
  }

  private async wait(share: Share, account: WorkAccount | null, onlyReads: boolean): Promise<void> {
    if (share.waiting.length >= waitingMax) throw rateLimitExceeded(1);
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        share,
        account,
        since: performance.now(),
        resolve,
        reject,
        timer: null,
        abandon: () => this.giveUp(waiting, account?.refusal ?? serviceUnavailable({ cause: 'nobody waits for it' })),
        onlyReads,
      };
      share.waiting.push(waiting);
      this.queues.add(share);
      account?.begin(waiting);
      this.setTimer(waiting);
    });
  }

  private setTimer(waiting: Waiting): void {
    waiting.timer = setTimeout(() => {
      if (waiting.share.underWay > 0) this.giveUp(waiting, rateLimitExceeded(1));
      else if (performance.now() - waiting.since < waitMsMax) this.setTimer(waiting);
      else this.giveUp(waiting, serviceUnavailable({ cause: 'all connections were busy' }));
    }, this.limits.ownWaitMsMax);
  }

  private giveUp(waiting: Waiting, why: unknown): void {
    const { share } = waiting;
    const at = share.waiting.indexOf(waiting);
    if (at === -1) return;
    share.waiting.splice(at, 1);
    this.take(waiting);
    this.forget(share);
    waiting.reject(why);
  }

  private letIn(): void {
    for (const share of this.queues) {
      if (this.free <= 0) return;
      if (!this.mayEnter(share)) continue;
      const waiting = share.waiting.shift();
      if (waiting === undefined) continue;
      this.count(share, 1);
      this.take(waiting);
      // The workspace's next one waits behind those of the others.
      if (share.waiting.length > 0) {
        this.queues.delete(share);
        this.queues.add(share);
      }
      waiting.resolve();
    }
  }

  private take(waiting: Waiting): void {
    const { share, account, timer } = waiting;
    if (timer !== null) clearTimeout(timer);
    account?.end(waiting);
    if (share.waiting.length === 0) this.queues.delete(share);
  }
}
