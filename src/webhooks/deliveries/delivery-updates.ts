import type { Notifications } from '../../platform/postgres/notifications.js';
import { deliveriesFollowed, deliveryUpdated } from '../topics.js';

/** A follower repeats `deliveriesFollowed` this often, and a worker forgets it after three times as long. */
export const followAgainMs = 10_000;
const forgetMs = 3 * followAgainMs;

/** A worker's side of following deliveries: of endpoints that nobody follows, it sends nothing. */
export class DeliveryUpdates {
  /** By endpoint, until when in `performance.now()` somebody follows its deliveries. */
  private readonly followed = new Map<string, number>();

  constructor(private readonly notifications: Notifications) {
    notifications.on(deliveriesFollowed, (endpointIds) => {
      for (const id of endpointIds) this.followed.set(id, performance.now() + forgetMs);
    });
  }

  send(endpointId: string, deliveryId: string): void {
    const until = this.followed.get(endpointId);
    if (until === undefined) return;
    if (until < performance.now()) this.followed.delete(endpointId);
    else this.notifications.send(deliveryUpdated, `${endpointId} ${deliveryId}`);
  }
}
