import DataLoader from 'dataloader';
import type { Actor, Origin } from '../actor.js';
import { authenticationRequired } from '../errors.js';

/** What resolvers may need of the transport that an operation came by. */
export interface Transport {
  origin: Origin | null;
  /** Where the cookie of a session goes; null where none can be set. */
  cookie: { set: (token: string) => void; clear: () => void } | null;
  /** The caller's budget as this operation left it. */
  rateLimit: { limit: number; remaining: number; resetAtMs: number } | null;
  /** What a stream that broke off told last: a browser says so by itself. */
  lastEventId?: string | null;
}

/** What one GraphQL operation runs with: who calls, and one batch per kind of look-up. */
export class OperationContext {
  private readonly batches = new Map<string, DataLoader<string, unknown>>();

  constructor(
    private readonly caller: Actor | null,
    readonly transport: Transport = { origin: null, cookie: null, rateLimit: null },
    /** Names of fields; null: any may be selected. */
    private readonly selected: ReadonlySet<string> | null = null,
  ) {}

  /**
   * Whether the operation selects a field of this name, anywhere: resolvers ask services for rows without what may be
   * large and nobody selects, so that an answer is refused only for what it shows.
   */
  selects(field: string): boolean {
    return this.selected === null || this.selected.has(field);
  }

  /** @throws authentication_required for an anonymous caller */
  get actor(): Actor {
    if (this.caller === null) throw authenticationRequired();
    return this.caller;
  }

  get anonymous(): boolean {
    return this.caller === null;
  }

  /** The thing with this id, looked up together with all others that the same step of the operation wants. */
  load<T extends { id: string }>(
    kind: string,
    id: string,
    fetch: (actor: Actor, ids: readonly string[]) => Promise<T[]>,
  ): Promise<T | null> {
    return this.batch<T | null>(kind, async (ids) => {
      const things = new Map((await fetch(this.actor, ids)).map((thing) => [thing.id, thing]));
      return ids.map((one) => things.get(one) ?? null);
    }).load(id);
  }

  /** What belongs to a parent; `key` tells apart what is asked of it, arguments included. */
  loadFor<T>(
    key: string,
    parentId: string,
    fetch: (actor: Actor, parentIds: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<T | undefined> {
    return this.batch<T | undefined>(key, async (ids) => {
      const found = await fetch(this.actor, ids);
      return ids.map((id) => found.get(id));
    }).load(parentId);
  }

  /** One for a kind of look-up: it asks once for an id, however many want it. */
  private batch<T>(key: string, fetch: (ids: readonly string[]) => Promise<T[]>): DataLoader<string, T> {
    let batch = this.batches.get(key);
    if (batch === undefined) this.batches.set(key, (batch = new DataLoader<string, unknown>(fetch)));
    return batch as DataLoader<string, T>;
  }
}
