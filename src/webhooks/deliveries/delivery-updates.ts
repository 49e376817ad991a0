import type { Notifications } from '../../platform/postgres/notifications.js';

/** Topics of `Notifications`: endpoints whose deliveries somebody follows, and `<endpoint id> <delivery id>` of what changed. */
export const deliveriesFollowed = 'webhook-deliveries-followed';
export const deliveryUpdated = 'webhook-delivery-updated';

/** Who follows says so this often. */
export const followAgainMs = 10_000;
const forgetMs = 3 * followAgainMs;

/** A worker's side of following deliveries: it tells of those that somebody follows, and nobody pays for the others. */
export class DeliveryNews {
  /** Until when, in `performance.now()`. */
  private readonly followed = new Map<string, number>();

  constructor(private readonly notifications: Notifications) {
    notifications.on(deliveriesFollowed, (endpointIds) => {
      for (const id of endpointIds) this.followed.set(id, performance.now() + forgetMs);
    });
  }

  tell(endpointId: string, deliveryId: string): void {
    const until = this.followed.get(endpointId);
    if (until === undefined) return;
    if (until < performance.now()) this.followed.delete(endpointId);
    else this.notifications.send(deliveryUpdated, `${endpointId} ${deliveryId}`);
  }
}
