import type { Lane } from './endpoint-queue.js';

interface Tenant {
  readonly lanes: Lane[];
  inFlight: number;
}

/** How many times the free places a workspace may hold: alone three quarters of all, and others always find some. */
const shareOfFree = 3;

/**
 * Who is next: workspaces take turns, and within one its endpoints do. What a workspace has in flight is bounded by
 * what is free, so that one whose endpoints all hang cannot hold every place.
 */
export class Turns {
  private readonly tenants = new Map<string, Tenant>();
  /** Workspaces with a lane that waits. */
  private ring: string[] = [];

  add(lane: Lane): void {
    if (lane.waitsForTurn) return;
    lane.waitsForTurn = true;
    const tenant = this.tenant(lane);
    if (tenant.lanes.length === 0) this.ring.push(lane.subscriber.workspaceId);
    tenant.lanes.push(lane);
  }

  /** `free` is how many places there are over all. */
  next(free: number): Lane | null {
    for (let looked = this.ring.length; looked > 0; looked -= 1) {
      const workspaceId = this.ring.shift() ?? '';
      const tenant = this.tenants.get(workspaceId);
      const lane = tenant !== undefined && tenant.inFlight < free * shareOfFree ? tenant.lanes.shift() : undefined;
      if (tenant !== undefined && tenant.lanes.length > 0) this.ring.push(workspaceId);
      if (lane === undefined) continue;
      lane.waitsForTurn = false;
      return lane;
    }
    return null;
  }

  started(lane: Lane): void {
    this.tenant(lane).inFlight += 1;
  }

  ended(lane: Lane): void {
    const tenant = this.tenant(lane);
    tenant.inFlight -= 1;
    if (tenant.inFlight === 0 && tenant.lanes.length === 0) this.tenants.delete(lane.subscriber.workspaceId);
  }

  private tenant(lane: Lane): Tenant {
    const { workspaceId } = lane.subscriber;
    let tenant = this.tenants.get(workspaceId);
    if (tenant === undefined) this.tenants.set(workspaceId, (tenant = { lanes: [], inFlight: 0 }));
    return tenant;
  }
}
