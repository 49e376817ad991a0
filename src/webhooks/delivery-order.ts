import { prepared, type Tx } from '../platform/database.js';
import { nextMoment } from '../platform/id.js';

// The turn tells fan-out, which is one statement, that what it sees is older than a change made under the lock.
const lock = prepared<{ lastDeliveryMs: string }>(
  'update webhook_fan_out set turn = turn + 1 returning last_delivery_ms as "lastDeliveryMs"',
);
const release = prepared('update webhook_fan_out set last_delivery_ms = $1 where last_delivery_ms < $1');

/** Told to whoever looks, should the signal be lost. For who holds the lock. */
export const countErasure = prepared('update webhook_fan_out set erasures = erasures + 1');

export interface DeliveryOrder {
  /** Once deliveries were made. */
  release: () => void;
}

/**
 * Waits for the lock under which all deliveries are made, one process at a time: their ids grow in the order of their
 * commits, so that whoever reads on from the last one it knows misses none. Ids made from here on are younger than every
 * delivery's, even where another machine's clock is ahead.
 */
export async function lockDeliveryOrder(tx: Tx): Promise<DeliveryOrder> {
  const [row] = await tx.query(lock);
  nextMoment(new Date(Number(row?.lastDeliveryMs ?? '0')));
  return { release: () => tx.write(release, [nextMoment().at.getTime()]) };
}
