import DataLoader from 'dataloader';
import type { Actor, Origin } from './actor.js';
import { authenticationRequired } from './errors.js';

/** What of the door an operation came through its resolvers may need. */
export interface Door {
  origin: Origin | null;
  /** Where the cookie of a session goes; null where none can be set. */
  cookie: { set: (token: string) => void; clear: () => void } | null;
  /** The caller's budget as this operation left it; the door sets it before the operation runs. */
  rateLimit: { limit: number; remaining: number; resetAtMs: number } | null;
  /** What a stream that broke off told last: a browser says so by itself. */
  lastEventId?: string | null;
}

/** What one GraphQL operation runs with: who calls, and one batch per kind of look-up. */
export class CallContext {
  private readonly loaders = new Map<string, DataLoader<string, unknown>>();

  constructor(
    private readonly caller: Actor | null,
    readonly door: Door = { origin: null, cookie: null, rateLimit: null },
  ) {}

  /** @throws authentication_required for an anonymous caller */
  get actor(): Actor {
    if (this.caller === null) throw authenticationRequired();
    return this.caller;
  }

  get anonymous(): boolean {
    return this.caller === null;
  }

  /** The thing with this id, looked up together with all others that the same step of the operation wants. */
  async load<T extends { id: string }>(
    kind: string,
    id: string,
    fetch: (actor: Actor, ids: readonly string[]) => Promise<T[]>,
  ): Promise<T | null> {
    const found = await this.loadFor(kind, id, async (actor, ids) => {
      const things = await fetch(actor, ids);
      return new Map(things.map((thing) => [thing.id, thing]));
    });
    return found ?? null;
  }

  /** What belongs to a parent; `key` tells apart what is asked of it, arguments included. */
  async loadFor<T>(
    key: string,
    parentId: string,
    fetch: (actor: Actor, parentIds: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  ): Promise<T | undefined> {
    const loader =
      this.loaders.get(key) ??
      new DataLoader<string, unknown>(async (ids) => {
        const found = await fetch(this.actor, ids);
        return ids.map((id) => found.get(id));
      });
    this.loaders.set(key, loader);
    return (await loader.load(parentId)) as T | undefined;
  }
}
