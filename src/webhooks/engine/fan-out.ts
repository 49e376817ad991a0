import { setTimeout as sleep } from 'node:timers/promises';
import { eventsPlaced } from '../../events/event.service.js';
import { SingleFlight } from '../../platform/async/single-flight.js';
import { numberedIds } from '../../platform/id.js';
import { errorFields, type Log } from '../../platform/log.js';
import type { Database } from '../../platform/postgres/database.js';
import type { Notifications } from '../../platform/postgres/notifications.js';
import { fanOutWaiting, type FannedOut } from '../store/fan-out-statement.js';

/** Events taken at once: few first, so that the first is soon on its way, then more for as long as more wait. */
const batchMin = 50;
const batchMax = 400;
const busyMs = 10;

/** Turns events into deliveries, as soon as they are committed. No lease, no expiry. */
export class FanOut {
  private readonly connection;
  private readonly flight = new SingleFlight(async () => await this.takeAll());
  private lastMs = 0;
  private stopped = false;

  /** `onMade` is told of endpoints for which deliveries were committed. */
  constructor(
    database: Database,
    private readonly notifications: Notifications,
    private readonly log: Log,
    private readonly onMade: (endpointIds: readonly string[]) => void,
  ) {
    this.connection = database.connection();
  }

  start(): void {
    this.notifications.on('events', () => this.wake());
    this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.flight.idle();
    await this.connection.close();
  }

  get isRunning(): boolean {
    return this.flight.isRunning;
  }

  wake(): void {
    this.finish().catch((error: unknown) => {
      if (!this.stopped) this.log.warn({ error: errorFields(error) }, 'webhook fan-out failed and will be tried again');
    });
  }

  /** @throws unless everything that was committed before this call is fanned out now */
  async finish(): Promise<void> {
    await this.flight.run();
  }

  private async takeAll(): Promise<void> {
    for (let batch = batchMin; ; batch = Math.min(batch * 2, batchMax)) {
      if (this.stopped) throw new Error('fan-out stops');
      if ((await this.take(batch)) < batch) return;
    }
  }

  /** Returns how many events it took, of at most `batch`. */
  private async take(batch: number): Promise<number> {
    for (;;) {
      const ids = numberedIds('webhookDelivery', this.lastMs);
      this.lastMs = ids.ms;
      const values = [ids.ms, ids.start, ids.end, batch];
      const [made] = (await this.connection.query<FannedOut>({ ...fanOutWaiting, values })).rows;
      if (made?.isCurrent === true) {
        for (const workspaceId of made.workspaceIds) this.notifications.send(eventsPlaced, workspaceId);
        if (made.endpointIds.length > 0) this.onMade(made.endpointIds);
        return made.events;
      }
      // Whoever holds the lock may have looked before our events came.
      if (made === undefined) await sleep(busyMs);
      else this.lastMs = Math.max(this.lastMs, Number(made.lastDeliveryMs));
      if (this.stopped) throw new Error('fan-out stops');
    }
  }
}
