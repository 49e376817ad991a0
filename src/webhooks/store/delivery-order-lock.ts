import { nowMs } from '../../platform/clock.js';
import type { Database, Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { followedMsMax, idFloor, numberedIds } from '../../platform/id.js';

// By the version, fan-out, which is one statement, notices that what it sees is older than a change made under the lock.
const lock = prepared<{ lastDeliveryMs: string }>(
  'update webhook_fan_out set version = version + 1 returning last_delivery_ms as "lastDeliveryMs"',
);
const release = prepared('update webhook_fan_out set last_delivery_ms = $1');

/** Raised under the lock, so that a worker that missed the notification sees at its next look that texts were erased. */
export const countErasure = prepared('update webhook_fan_out set erasures = erasures + 1');

/** No two processes' clocks are. */
const clocksApartMsMax = 60_000;

export interface DeliveryOrder {
  /** Of deliveries, in order. */
  ids: (count: number) => string[];
  /** Once deliveries were made. */
  release: () => void;
}

/**
 * Waits for the lock under which all deliveries are made, one process at a time: their ids grow in the order of their
 * commits, so that whoever reads on from the last one it knows misses none. Ids made under it are younger than every
 * delivery's, unless a clock that was wrong made that.
 */
export async function lockDeliveryOrder(tx: Tx): Promise<DeliveryOrder> {
  const [row] = await tx.query(lock);
  const { ms, at } = numberedIds('webhookDelivery', Number(row?.lastDeliveryMs ?? '0'));
  return {
    ids: (count) => Array.from({ length: count }, (_, index) => at(index + 1)),
    release: () => tx.write(release, [ms]),
  };
}

const lastMade = prepared<{ lastDeliveryMs: string }>(
  'select last_delivery_ms as "lastDeliveryMs" from webhook_fan_out',
);

/** Above the ids of all deliveries that are committed, and below those that will be. */
export async function endOfDeliveries(database: Database): Promise<string> {
  const [row] = await database.query(lastMade);
  return floorSince(Number(row?.lastDeliveryMs ?? '0') + 1);
}

/** Not above the ids of deliveries that were made since the last one was of this millisecond. */
export function floorSince(lastDeliveryMs: number): string {
  const trueMs = nowMs();
  return idFloor(new Date(lastDeliveryMs <= trueMs + followedMsMax ? lastDeliveryMs : trueMs - clocksApartMsMax));
}
