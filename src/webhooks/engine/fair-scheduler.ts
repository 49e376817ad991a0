import type { EndpointQueue } from './endpoint-queue.js';

interface Workspace {
  readonly waiting: EndpointQueue[];
  inFlight: number;
}

/** How many times the free places a workspace may hold: alone three quarters of all, and others always find some. */
const shareOfFree = 3;

/**
 * Which endpoint is next: workspaces take turns, and within one its endpoints do. What a workspace has in flight is
 * bounded by what is free, so that one whose endpoints all hang cannot hold every place.
 */
export class FairScheduler {
  private readonly workspaces = new Map<string, Workspace>();
  /** Those with an endpoint that waits. */
  private readonly ring: string[] = [];
  private readonly waiting = new Set<EndpointQueue>();

  add(queue: EndpointQueue): void {
    if (this.waiting.has(queue)) return;
    this.waiting.add(queue);
    const workspace = this.workspaceOf(queue);
    if (workspace.waiting.length === 0) this.ring.push(queue.workspaceId);
    workspace.waiting.push(queue);
  }

  /** `free` is how many places there are over all. */
  next(free: number): EndpointQueue | null {
    for (let looked = this.ring.length; looked > 0; looked -= 1) {
      const workspaceId = this.ring.shift() ?? '';
      const workspace = this.workspaces.get(workspaceId);
      const hasShare = workspace !== undefined && workspace.inFlight < free * shareOfFree;
      const queue = hasShare ? workspace.waiting.shift() : undefined;
      if (workspace !== undefined && workspace.waiting.length > 0) this.ring.push(workspaceId);
      if (queue === undefined) continue;
      this.waiting.delete(queue);
      return queue;
    }
    return null;
  }

  started(queue: EndpointQueue): void {
    this.workspaceOf(queue).inFlight += 1;
  }

  ended(queue: EndpointQueue): void {
    const workspace = this.workspaceOf(queue);
    workspace.inFlight -= 1;
    if (workspace.inFlight === 0 && workspace.waiting.length === 0) this.workspaces.delete(queue.workspaceId);
  }

  private workspaceOf({ workspaceId }: EndpointQueue): Workspace {
    let workspace = this.workspaces.get(workspaceId);
    if (workspace === undefined) this.workspaces.set(workspaceId, (workspace = { waiting: [], inFlight: 0 }));
    return workspace;
  }
}
