import { now } from '../../platform/clock.js';
import type { Database } from '../../platform/postgres/database.js';
import { skipDeliveries } from '../store/open-deliveries.js';
import { readOpen, type OpenDelivery } from '../store/read-open.js';
import { queuedBytesMax, type Delivery, type Found, type Wants } from './endpoint-queue.js';
import type { EventTexts } from './event-text-cache.js';

export interface WantingQueue {
  endpointId: string;
  inOrder: boolean;
  wants: Wants;
}

/** Reads what queues want of the table, with the events' texts: of each queue as many deliveries as fit. */
export class DueDeliveries {
  constructor(
    private readonly database: Database,
    private readonly texts: EventTexts,
  ) {}

  async read(queues: readonly WantingQueue[]): Promise<Map<string, Found>> {
    const nextOf = (inOrder: boolean) =>
      queues
        .filter((queue) => queue.inOrder === inOrder && queue.wants.next > 0)
        .map(({ endpointId, wants }) => ({ endpointId, afterId: wants.afterId, count: wants.next }));
    const failedOf = queues
      .filter(({ wants }) => wants.failed > 0)
      .map(({ endpointId, wants }) => ({ endpointId, afterId: '', count: wants.failed }));
    const [pending, all, failed] = await Promise.all([
      readOpen(this.database, 'pending', nextOf(false)),
      readOpen(this.database, 'all', nextOf(true)),
      readOpen(this.database, 'failed', failedOf),
    ]);
    return await this.withTexts(queues, [...pending, ...all], failed);
  }

  /** At least one of each queue, however long its text is. */
  private async withTexts(
    queues: readonly WantingQueue[],
    next: readonly OpenDelivery[],
    failed: readonly OpenDelivery[],
  ): Promise<Map<string, Found>> {
    const rows = [...next, ...failed];
    const eventIds = new Set(rows.map(({ eventId }) => eventId));
    const sizes = await this.texts.sizes(eventIds);
    // Events outlive what is due of them, so this is for rows that someone restored or tampered with.
    const lost = sizes.size === eventIds.size ? [] : rows.filter(({ eventId }) => !sizes.has(eventId));
    if (lost.length > 0) await skipDeliveries(this.database, lost, now());

    const bytesLeft = new Map<string, number>();
    const fits = ({ endpointId, eventId }: OpenDelivery) => {
      const left = bytesLeft.get(endpointId) ?? queuedBytesMax;
      bytesLeft.set(endpointId, left - (sizes.get(eventId) ?? 0));
      return left > 0;
    };
    const kept = new Set(rows.filter((row) => sizes.has(row.eventId) && fits(row)));
    const texts = await this.texts.read(new Set([...kept].map(({ eventId }) => eventId)));
    const deliveryOf = (row: OpenDelivery): Delivery[] => {
      const event = kept.has(row) ? texts.get(row.eventId) : undefined;
      const { id, attempts, dueAt, askedAt } = row;
      const times = { dueAt: dueAt?.getTime() ?? null, askedAt: askedAt?.getTime() ?? null };
      return event === undefined ? [] : [{ id, event, attempts, ...times }];
    };

    const nextByEndpoint = Map.groupBy(next, ({ endpointId }) => endpointId);
    const failedByEndpoint = Map.groupBy(failed, ({ endpointId }) => endpointId);
    const isLeft = (row: OpenDelivery) => sizes.has(row.eventId) && !kept.has(row);
    const found = queues.map(({ endpointId, wants }): [string, Found] => {
      const ownNext = nextByEndpoint.get(endpointId) ?? [];
      const ownFailed = failedByEndpoint.get(endpointId) ?? [];
      const firstLeft = ownNext.findIndex(isLeft);
      const all = firstLeft === -1;
      const firstFailedLeft = ownFailed.find(isLeft) ?? (ownFailed.length < wants.failed ? null : ownFailed.at(-1));
      return [
        endpointId,
        {
          next: ownNext.flatMap(deliveryOf),
          lastReadId: (all ? ownNext.at(-1) : ownNext[firstLeft - 1])?.id ?? '',
          hasMore: !all || ownNext.length >= wants.next,
          failed: ownFailed.flatMap(deliveryOf),
          nextFailedAt: firstFailedLeft?.dueAt?.getTime() ?? null,
        },
      ];
    });
    return new Map(found);
  }
}
