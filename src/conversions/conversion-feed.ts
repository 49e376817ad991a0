import { setTimeout as wait } from 'node:timers/promises';
import type { Actor } from '../platform/actor.js';
import { interruptible } from '../platform/async/interruptible.js';
import { WakeUp } from '../platform/async/wake-up.js';
import { serviceUnavailable } from '../platform/errors.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import type { Conversion } from './conversion.entity.js';
import type { ConversionService } from './conversion.service.js';
import type { ConversionDestinationService } from './destination.service.js';
import { conversionUpdated } from './topics.js';

/** A stream is told at most this many conversions, and nothing in the time after them: 20 a second. */
const toldAtOnce = 5;
const restMs = 250;
/** So many changed conversions are known by name; a stream that falls further behind is cut. */
const namedMax = 5_000;
const idleMsMax = 60_000;

/** Follows conversions: a follower is sent how each stands when it looks, not every step on the way. */
export class ConversionFeed {
  constructor(
    private readonly conversions: ConversionService,
    private readonly destinations: ConversionDestinationService,
    private readonly notifications: Notifications,
  ) {}

  /** The conversions of the workspace, or of a destination, as they are made, attempted, held and ended. */
  async follow(actor: Actor, destinationId: string | null): Promise<AsyncGenerator<Conversion, void>> {
    actor.requireRole('ADMIN');
    if (destinationId !== null) await this.destinations.get(actor, destinationId);
    return interruptible((signal) => this.run(actor, destinationId, signal));
  }

  private async *run(
    actor: Actor,
    destinationId: string | null,
    signal: AbortSignal,
  ): AsyncGenerator<Conversion, void> {
    const wakeUp = new WakeUp(signal);
    const changed = new Set<string>();
    let missed = false;
    const silences = [
      this.notifications.on(conversionUpdated, (subjects) => {
        for (const subject of subjects) {
          const [workspaceId, destination, id = ''] = subject.split(' ');
          if (workspaceId !== actor.workspaceId) continue;
          if (destinationId === null || destination === destinationId) changed.add(id);
        }
        if (changed.size > namedMax) missed = true;
        if (changed.size > 0) wakeUp.wake();
      }),
      this.notifications.onReconnect(() => {
        missed = true;
        wakeUp.wake();
      }),
    ];
    try {
      while (!signal.aborted) {
        // Whoever comes back reads what it shows anew, and nothing is missing there.
        if (missed) throw serviceUnavailable({ cause: 'changes of conversions may not have been heard of' });
        wakeUp.reset();
        const ids = [...changed].slice(0, toldAtOnce);
        // What changes again from here on has to be told again.
        for (const id of ids) changed.delete(id);
        if (ids.length === 0) {
          await wakeUp.sleep(idleMsMax);
          continue;
        }
        yield* await this.conversions.getMany(actor, ids, true);
        await wait(restMs, undefined, { signal }).catch(() => undefined);
      }
    } finally {
      for (const silence of silences) silence();
    }
  }
}
