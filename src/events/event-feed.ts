import type { Actor } from '../platform/actor.js';
import { WakeUp } from '../platform/async/wake-up.js';
import { notFound } from '../platform/errors.js';
import { isEventId } from '../platform/id.js';
import { interruptible } from '../platform/async/interruptible.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import type { EventType } from './event-type.js';
import { eventsPlaced, type EventService, type ListedEvent } from './event.service.js';

const pageRows = 100;
/** The feed looks for new events so often by itself, since the notification of them may be lost. */
const lookAgainMs = 2_000;

/** Follows the list of events: no event is skipped or sent twice, and one page of them at most is held in memory. */
export class EventFeed {
  constructor(
    private readonly eventLog: EventService,
    private readonly notifications: Notifications,
  ) {}

  /** Begins behind the event `after`, or with the next one. @throws resource_not_found when there is no event `after` */
  async follow(
    actor: Actor,
    type: readonly EventType[] | null,
    after: string | null,
  ): Promise<AsyncGenerator<ListedEvent, void>> {
    actor.require('manage:webhooks');
    const start = after ?? (await this.latest(actor));
    if (after !== null && !(isEventId(after) && (await this.eventLog.getMany(actor, [after])).length === 1)) {
      throw notFound('event');
    }
    return interruptible((signal) => this.run(actor, type, start, signal));
  }

  private async *run(
    actor: Actor,
    type: readonly EventType[] | null,
    start: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<ListedEvent, void> {
    const wakeUp = new WakeUp(signal);
    const silence = this.notifications.on(eventsPlaced, (ids) => ids.includes(actor.workspaceId) && wakeUp.wake());
    try {
      for (let cursor = start; !signal.aborted;) {
        wakeUp.reset();
        const page = await this.eventLog.list(actor, { type }, { cursor, direction: 'newer', limit: pageRows });
        for (const event of page.rows.toReversed()) {
          yield event;
          cursor = event.id;
        }
        if (!page.hasMore) await wakeUp.sleep(lookAgainMs);
      }
    } finally {
      silence();
    }
  }

  private async latest(actor: Actor): Promise<string | null> {
    const { rows } = await this.eventLog.list(actor, {}, { cursor: null, direction: 'older', limit: 1 });
    return rows[0]?.id ?? null;
  }
}
