import DataLoader from 'dataloader';
import type { Actor } from './actor.js';
import { authenticationRequired } from './errors.js';

/** What one GraphQL operation runs with: who calls, and one batch per kind of look-up. */
export class CallContext {
  private readonly loaders = new Map<string, DataLoader<string, object | null>>();

  constructor(private readonly caller: Actor | null) {}

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
    const loader =
      this.loaders.get(kind) ??
      new DataLoader<string, object | null>(async (ids) => {
        const found = new Map((await fetch(this.actor, ids)).map((thing) => [thing.id, thing]));
        return ids.map((wanted) => found.get(wanted) ?? null);
      });
    this.loaders.set(kind, loader);
    return (await loader.load(id)) as T | null;
  }
}
