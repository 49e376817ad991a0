import type { Notifications } from '../../platform/postgres/notifications.js';
import type { DeliveryKey } from '../store/open-deliveries.js';
import { deliveriesFollowed, deliveryUpdated, followersSought, updated } from '../topics.js';

/** A follower repeats `deliveriesFollowed` this often, and a worker forgets it after three times as long. */
export const followAgainMs = 10_000;
const forgetMs = 3 * followAgainMs;

/** A worker's side of following deliveries: of what nobody follows, it sends nothing. */
export class DeliveryUpdates {
  /** By workspace or endpoint, until when in `performance.now()` somebody follows its deliveries. */
  private readonly followed = new Map<string, number>();

  constructor(private readonly notifications: Notifications) {
    notifications.on(deliveriesFollowed, (ids) => {
      for (const id of ids) this.followed.set(id, performance.now() + forgetMs);
    });
    notifications.onReconnect(() => this.start());
  }

  /** Learns who follows already. */
  start(): void {
    this.notifications.send(followersSought);
  }

  send(workspaceId: string, delivery: DeliveryKey): void {
    if (this.isFollowed(workspaceId) || this.isFollowed(delivery.endpointId))
      this.notifications.send(deliveryUpdated, updated.one(workspaceId, delivery));
  }

  private isFollowed(id: string): boolean {
    const until = this.followed.get(id);
    if (until === undefined) return false;
    if (until >= performance.now()) return true;
    this.followed.delete(id);
    return false;
  }
}
