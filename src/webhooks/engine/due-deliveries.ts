import { now } from '../../platform/clock.js';
import type { Database } from '../../platform/postgres/database.js';
import { skipDeliveries, type DeliveryKey } from '../store/open-deliveries.js';
import { readOpen, type OpenDelivery } from '../store/read-open.js';
import { queuedBytesMax, type Delivery, type Found, type Wants } from './endpoint-queue.js';
import type { EventTexts } from './event-text-cache.js';

export interface WantingQueue {
  workspaceId: string;
  endpointId: string;
  inOrder: boolean;
  wants: Wants;
}

/** Reads what queues want of the table, with the events' texts: of each queue as many deliveries as fit. */
export class DueDeliveries {
  constructor(
    private readonly database: Database,
    private readonly texts: EventTexts,
    private readonly onSkipped: (workspaceId: string, delivery: DeliveryKey) => void,
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
    const rows = [...pending, ...all, ...failed];
    // An event is kept as long as something of it is open: this one was dropped while it was being sent once more.
    const lost = rows.filter(({ eventBytes }) => eventBytes === null);
    if (lost.length > 0) await this.skip(queues, lost);

    const nextByEndpoint = Map.groupBy([...pending, ...all], ({ endpointId }) => endpointId);
    const failedByEndpoint = Map.groupBy(failed, ({ endpointId }) => endpointId);
    const read = queues.map(({ endpointId, wants }) => ({
      endpointId,
      ...fitting(wants, nextByEndpoint.get(endpointId) ?? [], failedByEndpoint.get(endpointId) ?? []),
    }));
    const eventIds = read.flatMap(({ next, failed }) => [...next, ...failed].map(({ eventId }) => eventId));
    const texts = await this.texts.read(new Set(eventIds));
    const deliveriesOf = (some: readonly OpenDelivery[]) =>
      some.flatMap(({ id, eventId, attempts, dueAt, askedAt }): Delivery[] => {
        const event = texts.get(eventId);
        const times = { dueAt: dueAt?.getTime() ?? null, askedAt: askedAt?.getTime() ?? null };
        return event === undefined ? [] : [{ id, event, attempts, ...times }];
      });
    return new Map(
      read.map(({ endpointId, next, failed, ...rest }) => {
        return [endpointId, { next: deliveriesOf(next), failed: deliveriesOf(failed), ...rest }];
      }),
    );
  }

  private async skip(queues: readonly WantingQueue[], lost: readonly DeliveryKey[]): Promise<void> {
    await skipDeliveries(this.database, lost, { at: now(), reason: 'event_gone' });
    for (const delivery of lost) {
      const queue = queues.find(({ endpointId }) => endpointId === delivery.endpointId);
      if (queue !== undefined) this.onSkipped(queue.workspaceId, delivery);
    }
  }
}

/** Of what was read for a queue, the first whose texts fit into memory; one at least, however long its text is. */
function fitting(wants: Wants, next: readonly OpenDelivery[], failed: readonly OpenDelivery[]) {
  let bytes = 0;
  const fits = ({ eventBytes }: OpenDelivery) => {
    const isRoom = bytes < queuedBytesMax;
    bytes += eventBytes ?? 0;
    return isRoom;
  };
  const [keptNext, keptFailed] = [next.filter(fits), failed.filter(fits)];
  // Beyond those that were read there may be others, due later than the last.
  const leftFailed = failed[keptFailed.length] ?? (failed.length < wants.failed ? null : failed.at(-1));
  return {
    next: keptNext,
    lastReadId: keptNext.at(-1)?.id ?? '',
    hasMore: keptNext.length < next.length || next.length >= wants.next,
    failed: keptFailed,
    nextFailedAt: leftFailed?.dueAt?.getTime() ?? null,
  };
}
