/**
 * The soak's own book of what was asked, answered, published and delivered. It shares no code with the server: an event
 * belongs to a write because it carries a token that the write sent, and nothing else. Whoever breaks a promise is found
 * by comparing the two sides of the book when everything has come to rest.
 */
import { createHash } from 'node:crypto';

/** `unknown`: whoever asked gave up without an answer, so it may have been done or not. */
export type Outcome = 'unknown' | 'accepted' | 'refused';

export interface Write {
  outcome: Outcome;
  /** What was asked, in words, for whoever reads the account. */
  readonly story: string;
  readonly workspaceId: string;
  /** The events that it fires when it is accepted, in their order, as `keyOf` names them. */
  readonly events: readonly string[];
  /** Writes of one life come one after another, and so must their events. */
  readonly life: string;
}

export interface EventBody {
  id: string;
  type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what a stranger's body holds is looked at as it is.
  data: any;
}

export interface Listener {
  readonly id: string;
  readonly workspaceId: string;
  readonly kind: string;
  readonly types: readonly string[];
  /** Whether it gets one at a time, in order. */
  readonly inOrder: boolean;
}

interface Receipt {
  /** As they came: when each try arrived and when its answer was out, in Unix milliseconds. */
  readonly tries: { at: number; endedAt: number | null; ok: boolean }[];
  readonly digest: string;
  readonly deliveries: Set<string>;
}

export interface Broken {
  promise: string;
  count: number;
  /** The first of them, in words. */
  examples: string[];
}

export interface Counts {
  accepted: number;
  refused: number;
  unknown: number;
  events: number;
  /** Deliveries that were promised, and of these what no endpoint took. */
  deliveries: number;
  lost: number;
  /** What arrived once more, under the same event id: allowed, and counted. */
  duplicates: number;
  orderViolations: number;
}

/** Names what an event tells of by the token that the write gave it. */
export function keyOf({ type, data }: EventBody): string {
  const tokens: Record<string, unknown> = {
    'submission.completed': data.submission?.data?.token,
    'submission.updated': data.submission?.data?.token,
    'contact.created': data.contact?.email?.split('@')[0],
    'contact.updated': data.contact?.last_name,
    'intake-bot.status-changed': data.intake_bot?.name,
  };
  return `${type} ${String(tokens[type])}`;
}

export class Ledger {
  private readonly writes: Write[] = [];
  private readonly writeOf = new Map<string, Write>();
  /** What each event that was heard of is named, and the ids under which each name was heard. */
  private readonly nameOf = new Map<string, string>();
  private readonly idsOf = new Map<string, Set<string>>();
  private readonly typeOf = new Map<string, string>();
  private readonly listeners = new Map<string, Listener>();
  private readonly receipts = new Map<string, Map<string, Receipt>>();
  private readonly listed = new Map<string, string[]>();
  private readonly broken = new Map<string, Broken>();

  /** A write is in the book before it is sent: what is never answered is as good as unknown. */
  write(story: string, workspaceId: string, life: string, events: readonly string[]): Write {
    const write: Write = { outcome: 'unknown', story, workspaceId, events, life };
    this.writes.push(write);
    for (const event of events) this.writeOf.set(event, write);
    return write;
  }

  listen(listener: Listener): void {
    this.listeners.set(listener.id, listener);
    this.receipts.set(listener.id, new Map());
  }

  /** Something that whoever watched saw by himself. */
  breaks(promise: string, example: string): void {
    const broken = this.broken.get(promise) ?? { promise, count: 0, examples: [] };
    this.broken.set(promise, broken);
    broken.count += 1;
    if (broken.examples.length < 5) broken.examples.push(example);
  }

  /** Any source tells of an event: its id and its name must always go together. */
  hear(event: EventBody): void {
    const name = keyOf(event);
    const known = this.nameOf.get(event.id);
    if (known !== undefined) {
      if (known !== name) this.breaks('an event never changes', `${event.id} was ${known}, then ${name}`);
      return;
    }
    this.nameOf.set(event.id, name);
    this.typeOf.set(event.id, event.type);
    const ids = this.idsOf.get(name) ?? new Set();
    this.idsOf.set(name, ids.add(event.id));
  }

  /** A request arrived at an endpoint. @returns what to call once it is answered */
  arrive(
    endpointId: string,
    deliveryId: string,
    event: EventBody,
    body: string,
    at = Date.now(),
  ): (ok: boolean, at?: number) => void {
    this.hear(event);
    const digest = createHash('sha256').update(body).digest('base64');
    const receipts = this.receipts.get(endpointId);
    if (receipts === undefined) throw new Error(`${endpointId} was not registered`);
    const receipt = receipts.get(event.id) ?? { tries: [], digest, deliveries: new Set() };
    receipts.set(event.id, receipt);
    receipt.deliveries.add(deliveryId);
    if (receipt.digest !== digest) {
      this.breaks('a repeat has the same bytes', `${event.id} at ${this.nameOfEndpoint(endpointId)}`);
    }
    const one = { at, endedAt: null as number | null, ok: false };
    receipt.tries.push(one);
    return (ok, endedAt = Date.now()) => {
      one.endedAt ??= endedAt;
      one.ok ||= ok;
    };
  }

  /** The workspace's own list of events, in the order of fan-out; each page as it was read. */
  list(workspaceId: string, events: readonly EventBody[]): void {
    for (const event of events) this.hear(event);
    this.listed.set(workspaceId, [...(this.listed.get(workspaceId) ?? []), ...events.map(({ id }) => id)]);
  }

  /** How many events a follower has to be told of, from behind the event `after`. */
  toFollow(workspaceId: string, after: string, types: readonly string[] | null): number {
    return this.wanted(workspaceId, after, types).length;
  }

  /** What a follower was told, from behind the event `after`, of these types. */
  followed(name: string, workspaceId: string, after: string, types: readonly string[] | null, ids: string[]): void {
    const wanted = this.wanted(workspaceId, after, types);
    if (wanted.length === ids.length && wanted.every((id, index) => ids[index] === id)) return;
    const told = new Set(ids);
    const promise = 'a stream skips no event, repeats none, and keeps their order';
    if (told.size < ids.length) this.breaks(promise, `${name} was told ${ids.length - told.size} twice`);
    const skipped = wanted.filter((id) => !told.has(id));
    if (skipped.length > 0) this.breaks(promise, `${name} missed ${skipped.length}: ${skipped.slice(0, 3).join(', ')}`);
    const strange = ids.filter((id) => !wanted.includes(id));
    if (strange.length > 0) this.breaks(promise, `${name} was told of ${strange.slice(0, 3).join(', ')}`);
    if (told.size === ids.length && skipped.length + strange.length === 0)
      this.breaks(promise, `${name} was told in another order than that of the list`);
  }

  /** How many of the promised deliveries were not taken yet, with where the first of them lacks. */
  due(): { count: number; example: string } {
    let [count, example] = [0, ''];
    for (const { key, listener } of this.promised()) {
      if (this.wasTaken(listener, key)) continue;
      count += 1;
      example ||= `${key} at ${this.nameOfEndpoint(listener.id)}`;
    }
    return { count, example };
  }

  /** Events of accepted writes that nobody has heard of yet. */
  unheard(): number {
    return this.accepted().filter((key) => !this.idsOf.has(key)).length;
  }

  /** How often what happened so far. */
  counts(): Counts {
    const of = (outcome: Outcome) => this.writes.filter((write) => write.outcome === outcome).length;
    let duplicates = 0;
    for (const receipts of this.receipts.values()) {
      for (const { tries } of receipts.values()) {
        const firstOk = tries.findIndex(({ ok }) => ok);
        if (firstOk !== -1) duplicates += tries.length - firstOk - 1;
      }
    }
    const orderViolations = [...this.broken.values()].filter(({ promise }) => promise.startsWith('order'));
    return {
      accepted: of('accepted'),
      refused: of('refused'),
      unknown: of('unknown'),
      events: this.nameOf.size,
      deliveries: [...this.promised()].length,
      lost: this.due().count,
      duplicates,
      orderViolations: orderViolations.reduce((sum, { count }) => sum + count, 0),
    };
  }

  /** Compares both sides of the book, once nothing is under way any more. */
  judge(): Broken[] {
    this.judgeEvents();
    this.judgeDeliveries();
    for (const listener of this.listeners.values()) if (listener.inOrder) this.judgeOrder(listener);
    return [...this.broken.values()];
  }

  private judgeEvents(): void {
    const inList = new Set([...this.listed.values()].flat());
    for (const ids of this.listed.values()) {
      if (new Set(ids).size < ids.length)
        this.breaks('the list of events repeats none', `${ids.length - new Set(ids).size}`);
    }
    const lastOf = new Map<string, { id: string; key: string }>();
    for (const write of this.writes) {
      for (const key of write.events) {
        const ids = [...(this.idsOf.get(key) ?? [])];
        if (write.outcome === 'accepted' && ids.length === 0)
          this.breaks('what was accepted is an event', `${write.story}: ${key}`);
        if (write.outcome === 'refused' && ids.length > 0)
          this.breaks('what was refused leaves no trace', `${write.story}: ${key} is ${ids.join(', ')}`);
        if (ids.length > 1) this.breaks('what was done once is one event', `${key} is ${ids.join(', ')}`);
        for (const id of ids) {
          if (!inList.has(id)) this.breaks('the list of events skips none', `${id} ${key}`);
          const last = lastOf.get(write.life);
          if (last !== undefined && last.id >= id)
            this.breaks('order: ids follow the history of an object', `${key} ${id} is behind ${last.key} ${last.id}`);
          lastOf.set(write.life, { id, key });
        }
      }
    }
    for (const [id, key] of this.nameOf) {
      if (!this.writeOf.has(key)) this.breaks('there is no event without a cause', `${id} ${key}`);
    }
  }

  private judgeDeliveries(): void {
    for (const { key, listener } of this.promised()) {
      if (!this.wasTaken(listener, key)) {
        const ids = [...(this.idsOf.get(key) ?? [])].join(', ');
        this.breaks('no delivery is lost', `${key} ${ids} at ${this.nameOfEndpoint(listener.id)}`);
      }
    }
    for (const [endpointId, receipts] of this.receipts) {
      const listener = this.listeners.get(endpointId);
      for (const id of receipts.keys()) {
        const { workspaceId } = this.writeOf.get(this.nameOf.get(id) ?? '') ?? {};
        const type = this.typeOf.get(id) ?? '';
        if (workspaceId !== listener?.workspaceId || listener?.types.includes(type) !== true)
          this.breaks(
            'an endpoint gets what it listens to, and nothing else',
            `${id} at ${this.nameOfEndpoint(endpointId)}`,
          );
      }
    }
  }

  /** One at a time, in the order of fan-out: the next begins once the one before was taken. */
  private judgeOrder(listener: Listener): void {
    const receipts = this.receipts.get(listener.id) ?? new Map<string, Receipt>();
    const place = new Map((this.listed.get(listener.workspaceId) ?? []).map((id, index) => [id, index]));
    const tries = [...receipts]
      .flatMap(([id, { tries }]) => tries.map((one, index) => ({ id, ...one, isFirst: index === 0 })))
      .toSorted((one, other) => one.at - other.at);
    const where = this.nameOfEndpoint(listener.id);
    let [furthest, busyUntil, busyWith] = [-1, 0, ''];
    const taken = new Set<string>();
    let open: string | null = null;
    for (const { id, at, endedAt, ok, isFirst } of tries) {
      if (at < busyUntil)
        this.breaks(
          'order: one at a time where an endpoint asks for it',
          `${id} while ${busyWith} was open at ${where}`,
        );
      [busyUntil, busyWith] = [endedAt ?? at, id];
      const index = place.get(id) ?? -1;
      if (isFirst && index < furthest)
        this.breaks('order: deliveries follow the order of fan-out', `${id} came late at ${where}`);
      if (isFirst && open !== null && !taken.has(open))
        this.breaks('order: a failing delivery holds the next one back', `${id} before ${open} was taken at ${where}`);
      furthest = Math.max(furthest, index);
      if (isFirst) open = id;
      if (ok) taken.add(id);
    }
  }

  private wanted(workspaceId: string, after: string, types: readonly string[] | null): string[] {
    const all = this.listed.get(workspaceId) ?? [];
    return all
      .slice(all.indexOf(after) + 1)
      .filter((id) => types === null || types.includes(this.typeOf.get(id) ?? ''));
  }

  private accepted(): string[] {
    return this.writes.flatMap(({ outcome, events }) => (outcome === 'accepted' ? events : []));
  }

  /** Whatever became an event, known or unknown to whoever asked for it, is promised to all that listen. */
  private *promised(): Generator<{ key: string; listener: Listener }> {
    const byWorkspace = Map.groupBy(this.listeners.values(), ({ workspaceId }) => workspaceId);
    for (const { outcome, events, workspaceId } of this.writes) {
      for (const key of events) {
        if (outcome !== 'accepted' && !this.idsOf.has(key)) continue;
        const type = key.slice(0, key.indexOf(' '));
        for (const listener of byWorkspace.get(workspaceId) ?? [])
          if (listener.types.includes(type)) yield { key, listener };
      }
    }
  }

  private wasTaken({ id }: Listener, key: string): boolean {
    for (const eventId of this.idsOf.get(key) ?? []) {
      if (
        this.receipts
          .get(id)
          ?.get(eventId)
          ?.tries.some(({ ok }) => ok) === true
      )
        return true;
    }
    return false;
  }

  private nameOfEndpoint(id: string): string {
    return `${this.listeners.get(id)?.kind ?? 'unknown'} ${id}`;
  }
}
