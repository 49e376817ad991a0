import type { Actor } from '../../platform/actor.js';
import { nowMs } from '../../platform/clock.js';
import type { DeliveryKey } from '../store/open-deliveries.js';
import type { WebhookDelivery } from './delivery.entity.js';
import { madeAt, type WebhookDeliveryService } from './delivery.service.js';

/** So many changed deliveries are known by name; where there are more, the tables are gone through for them. */
const namedMax = 1_000;
/** Where more endpoints are to be gone through, for the others the whole workspace is. */
const passesMax = 200;
/** An attempt takes no longer, from its beginning until it is stored. */
const attemptMsMax = 150_000;
/** Clocks of processes that make and attempt deliveries differ by less. */
const clocksApartMsMax = 3_600_000;

/** What is left of going through an endpoint's deliveries in the order of their ids. */
interface Pass {
  after: string;
  /** Of what has ended, only what ended since is told. */
  sinceMs: number;
}

/**
 * What one stream is still to tell of a workspace's deliveries, or of an endpoint's. However much changes and however
 * slowly the stream is read, it needs a bounded memory and no delivery's last state is lost:
 *
 * - What is made is found in the table, in the order of the ids, behind the last one that was told. What happens to
 *   deliveries that are not told yet need not be remembered.
 * - What happens to those that were told is remembered by name, each once.
 * - Where that is too much, or many change at once, as when an endpoint is paused, the endpoint's deliveries are gone
 *   through. That may tell some again that did not change.
 *
 * Each delivery is read when it is told, so what is told last of it is how it stands.
 */
export class DeliveryFollower {
  /** Endpoints by the ids of their deliveries, the first that changed first. */
  private readonly named = new Map<string, string>();
  private namedSinceMs = 0;
  /** By endpoint. */
  private readonly passes = new Map<string, Pass>();
  private madeUpTo = '';
  private isMadeDue = false;
  /** While it reads what was made, which may be older than what it hears meanwhile. */
  private isReadingMade = true;
  private turn = 0;

  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly actor: Actor,
    /** Null: all of the workspace's. Of one endpoint, what is made is told once it is attempted, held or ended. */
    readonly endpointId: string | null,
    private readonly onDue: () => void,
  ) {}

  /** From here on what is made is told. */
  async begin(): Promise<void> {
    this.madeUpTo = await this.deliveries.end();
    this.isReadingMade = false;
  }

  get isDue(): boolean {
    return this.isMadeDue || this.named.size > 0 || this.passes.size > 0;
  }

  /** There may be deliveries that were made. */
  lookForMade(): void {
    this.isMadeDue = true;
    this.onDue();
  }

  changed({ endpointId, id }: DeliveryKey): void {
    if (this.endpointId !== null && endpointId !== this.endpointId) return;
    if (id > this.madeUpTo && !this.isReadingMade) return this.lookForMade();
    if (this.named.size === 0) this.namedSinceMs = nowMs();
    if (!this.named.has(id)) this.named.set(id, endpointId);
    if (this.named.size > namedMax) this.forgetNames();
    this.onDue();
  }

  /** What is open of the endpoint may have changed, and what ended since did. */
  manyChanged(endpointId: string, sinceMs: number): void {
    if (this.endpointId !== null && endpointId !== this.endpointId) return;
    this.goThrough(endpointId, { after: '', sinceMs });
    this.onDue();
  }

  /** Some deliveries as they stand, at most so many; each of the three kinds is the first in turn. */
  async next(limit: number): Promise<WebhookDelivery[]> {
    const kinds = [this.nextNamed, this.nextMade, this.nextOfPass];
    this.turn = (this.turn + 1) % kinds.length;
    const found: WebhookDelivery[] = [];
    for (const next of [...kinds.slice(this.turn), ...kinds.slice(0, this.turn)])
      if (found.length < limit) found.push(...(await next.call(this, limit - found.length)));
    return found;
  }

  private async nextNamed(limit: number): Promise<WebhookDelivery[]> {
    const keys = [...this.named].slice(0, limit).map(([id, endpointId]) => ({ endpointId, id }));
    // Whoever changes again from here on has to be told again.
    for (const { id } of keys) this.named.delete(id);
    return keys.length === 0 ? [] : await this.deliveries.getOfEndpoints(this.actor, keys);
  }

  private async nextMade(limit: number): Promise<WebhookDelivery[]> {
    if (!this.isMadeDue) return [];
    this.isMadeDue = false;
    this.isReadingMade = true;
    const since = new Date(madeAt(this.madeUpTo).getTime() - clocksApartMsMax);
    const made = await this.deliveries
      .openOrEndedSince(this.actor, { endpointId: this.endpointId, after: this.madeUpTo, since }, limit)
      .finally(() => (this.isReadingMade = false));
    this.madeUpTo = made.at(-1)?.id ?? this.madeUpTo;
    if (made.length === limit) this.isMadeDue = true;
    // What only waits for its first attempt is told by name once that is made.
    return this.endpointId === null
      ? made
      : made.filter(({ status }) => status !== 'pending' && status !== 'delivering');
  }

  private async nextOfPass(limit: number): Promise<WebhookDelivery[]> {
    const [first] = this.passes;
    if (first === undefined) return [];
    const [endpointId, { after, sinceMs }] = first;
    // What is heard meanwhile begins another pass.
    this.passes.delete(endpointId);
    const pass = { endpointId: endpointId === wholeWorkspace ? null : endpointId, after, since: new Date(sinceMs) };
    const found = await this.deliveries.openOrEndedSince(this.actor, pass, limit);
    const last = found.at(-1);
    if (last !== undefined && found.length === limit && last.id <= this.madeUpTo)
      this.goThrough(endpointId, { after: last.id, sinceMs });
    return found.filter(({ id }) => id <= this.madeUpTo);
  }

  /** Of each endpoint, what was known by name lies behind the first of its ids. */
  private forgetNames(): void {
    const sinceMs = this.namedSinceMs - attemptMsMax;
    for (const [id, endpointId] of this.named) this.goThrough(endpointId, { after: justBefore(id), sinceMs });
    this.named.clear();
  }

  private goThrough(endpointId: string, { after, sinceMs }: Pass): void {
    const isRoom = this.passes.has(endpointId) || this.passes.size < passesMax;
    const name = isRoom ? endpointId : wholeWorkspace;
    const other = this.passes.get(name);
    this.passes.set(name, {
      after: other === undefined || after < other.after ? after : other.after,
      sinceMs: Math.min(sinceMs, other?.sinceMs ?? sinceMs),
    });
  }
}

const wholeWorkspace = '';
const justBefore = (id: string) => id.slice(0, -1);
