import type { Actor } from '../platform/actor.js';
import { WakeUp } from '../platform/async/wake-up.js';
import { interruptible } from '../platform/async/interruptible.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { followAgainMs } from './deliveries/delivery-updates.js';
import type { Replay } from './replays/replay.entity.js';
import type { ReplayService } from './replays/replay.service.js';
import { deliveriesFollowed, deliveryUpdated, replayProgressed } from './topics.js';
import type { WebhookDelivery } from './deliveries/delivery.entity.js';
import type { WebhookDeliveryService } from './deliveries/delivery.service.js';
import type { WebhookEndpointService } from './endpoints/endpoint.service.js';

/** A follower that is slower than the deliveries is sent only as many of the latest. */
const updatedMax = 1_000;
/** A follower looks so often by itself, since a notification may be lost. */
const lookAgainMs = 2_000;

/** Follows deliveries and replays: a follower is sent how a thing stands when it looks, not every step on the way. */
export class WebhookFeed {
  constructor(
    private readonly endpoints: WebhookEndpointService,
    private readonly deliveries: WebhookDeliveryService,
    private readonly replays: ReplayService,
    private readonly notifications: Notifications,
  ) {}

  async followDeliveries(actor: Actor, endpointId: string): Promise<AsyncGenerator<WebhookDelivery, void>> {
    await this.endpoints.get(actor, endpointId);
    return interruptible((signal) => this.runDeliveries(actor, endpointId, signal));
  }

  /** Begins with the replay as it stands, and ends when the replay has ended. */
  async followReplay(actor: Actor, id: string): Promise<AsyncGenerator<Replay, void>> {
    const replay = await this.replays.get(actor, id);
    return interruptible((signal) => this.runReplay(actor, replay, signal));
  }

  private async *runDeliveries(
    actor: Actor,
    endpointId: string,
    signal: AbortSignal,
  ): AsyncGenerator<WebhookDelivery, void> {
    const wakeUp = new WakeUp(signal);
    const updated = new Set<string>();
    const silence = this.notifications.on(deliveryUpdated, (subjects) => {
      for (const subject of subjects) {
        const [endpoint, delivery = ''] = subject.split(' ');
        if (endpoint !== endpointId) continue;
        updated.add(delivery);
        if (updated.size > updatedMax) updated.delete(updated.values().next().value ?? '');
        wakeUp.wake();
      }
    });
    try {
      while (!signal.aborted) {
        this.notifications.send(deliveriesFollowed, endpointId);
        wakeUp.reset();
        const ids = [...updated];
        updated.clear();
        if (ids.length > 0) yield* await this.deliveries.getMany(actor, ids);
        if (updated.size === 0) await wakeUp.sleep(followAgainMs);
      }
    } finally {
      silence();
    }
  }

  private async *runReplay(actor: Actor, start: Replay, signal: AbortSignal): AsyncGenerator<Replay, void> {
    const wakeUp = new WakeUp(signal);
    const silence = this.notifications.on(replayProgressed, (ids) => ids.includes(start.id) && wakeUp.wake());
    try {
      yield start;
      for (let known = start; known.status === 'RUNNING' && !signal.aborted;) {
        await wakeUp.sleep(lookAgainMs);
        wakeUp.reset();
        const replay = await this.replays.get(actor, start.id);
        if (replay.done !== known.done || replay.status !== known.status) yield replay;
        known = replay;
      }
    } finally {
      silence();
    }
  }
}
