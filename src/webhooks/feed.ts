import { setTimeout as wait } from 'node:timers/promises';
import { eventsPlaced } from '../events/event.service.js';
import type { Actor } from '../platform/actor.js';
import { WakeUp } from '../platform/async/wake-up.js';
import { interruptible } from '../platform/async/interruptible.js';
import { serviceUnavailable } from '../platform/errors.js';
import { isId } from '../platform/id.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { DeliveryFollower } from './deliveries/delivery-follower.js';
import { followAgainMs } from './deliveries/delivery-updates.js';
import type { Replay } from './replays/replay.entity.js';
import type { ReplayService } from './replays/replay.service.js';
import { deliveriesFollowed, deliveriesMade, deliveryUpdated, followersSought, replayProgressed } from './topics.js';
import type { WebhookDelivery } from './deliveries/delivery.entity.js';
import type { WebhookDeliveryService } from './deliveries/delivery.service.js';
import type { WebhookEndpointService } from './endpoints/endpoint.service.js';

/** A stream is told at most this many deliveries, and nothing in the time after them: 20 a second. */
const toldAtOnce = 5;
const restMs = 250;
/** A follower of a replay looks so often by itself, since a notification may be lost. */
const lookAgainMs = 2_000;

/** Follows deliveries and replays: a follower is sent how a thing stands when it looks, not every step on the way. */
export class WebhookFeed {
  /** By workspace. */
  private readonly followers = new Map<string, Set<DeliveryFollower>>();

  constructor(
    private readonly endpoints: WebhookEndpointService,
    private readonly deliveries: WebhookDeliveryService,
    private readonly replays: ReplayService,
    private readonly notifications: Notifications,
  ) {
    notifications.on(deliveryUpdated, (subjects) => {
      for (const subject of subjects) this.hear(subject);
    });
    for (const topic of [eventsPlaced, deliveriesMade])
      notifications.on(topic, (workspaceIds) => {
        for (const id of workspaceIds) for (const follower of this.followers.get(id) ?? []) follower.lookForMade();
      });
    notifications.on(followersSought, () => {
      for (const [workspaceId, followers] of this.followers)
        for (const follower of followers)
          this.notifications.send(deliveriesFollowed, follower.endpointId ?? workspaceId);
    });
  }

  /**
   * All deliveries of the workspace, as they are made, held, attempted and ended; or those of an endpoint, once they are
   * attempted, held or ended.
   */
  async followDeliveries(actor: Actor, endpointId: string | null): Promise<AsyncGenerator<WebhookDelivery, void>> {
    actor.require('manage:webhooks');
    if (endpointId !== null) await this.endpoints.get(actor, endpointId);
    return interruptible((signal) => this.runDeliveries(actor, endpointId, signal));
  }

  /** Begins with the replay as it stands, and ends when the replay has ended. */
  async followReplay(actor: Actor, id: string): Promise<AsyncGenerator<Replay, void>> {
    const replay = await this.replays.get(actor, id);
    return interruptible((signal) => this.runReplay(actor, replay, signal));
  }

  private async *runDeliveries(
    actor: Actor,
    endpointId: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<WebhookDelivery, void> {
    const wakeUp = new WakeUp(signal);
    const follower = new DeliveryFollower(this.deliveries, actor, endpointId, () => wakeUp.wake());
    let missed = false;
    const stopListening = this.notifications.onReconnect(() => {
      missed = true;
      wakeUp.wake();
    });
    const { workspaceId } = actor;
    const followers = this.followers.get(workspaceId) ?? new Set();
    this.followers.set(workspaceId, followers.add(follower));
    const follow = () => this.notifications.send(deliveriesFollowed, endpointId ?? workspaceId);
    try {
      follow();
      await follower.begin();
      let followedMs = performance.now();
      while (!signal.aborted) {
        // Whoever comes back reads what it shows anew, and nothing is missing there.
        if (missed) throw serviceUnavailable({ cause: 'changes of deliveries may not have been heard of' });
        if (performance.now() - followedMs >= followAgainMs) {
          followedMs = performance.now();
          follow();
          follower.lookForMade();
        }
        wakeUp.reset();
        const deliveries = await follower.next(toldAtOnce);
        yield* deliveries;
        if (deliveries.length > 0) await wait(restMs, undefined, { signal }).catch(() => undefined);
        else if (!follower.isDue) await wakeUp.sleep(followAgainMs);
      }
    } finally {
      stopListening();
      followers.delete(follower);
      if (followers.size === 0) this.followers.delete(workspaceId);
    }
  }

  private hear(subject: string): void {
    const [workspaceId = '', endpointId = '', what = ''] = subject.split(' ');
    for (const follower of this.followers.get(workspaceId) ?? []) {
      if (isId(what, 'webhookDelivery')) follower.changed({ endpointId, id: what });
      else follower.manyChanged(endpointId, Number(what));
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
