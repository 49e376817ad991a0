import { LRUCache } from 'lru-cache';

/** For so long a process may go by what it looked up of a caller, as the notification of a change may be lost. */
const knownForMs = 30_000;
const knownMax = 10_000;

/**
 * Remembers what was looked up, for 30 s or until it is forgotten. A look-up that is under way when something is forgotten
 * is not remembered, as its answer may be from before the change.
 */
export class LookupCache<Thing extends object> {
  private readonly kept = new LRUCache<string, { thing: Thing; atMs: number }>({ max: knownMax });
  private readonly underWay = new Map<string, Promise<Thing | null>>();

  constructor(
    private readonly lookUp: (name: string) => Promise<Thing | null>,
    private readonly elapsedMs = () => performance.now(),
  ) {}

  async get(name: string): Promise<Thing | null> {
    const known = this.kept.get(name);
    if (known !== undefined && this.elapsedMs() - known.atMs < knownForMs) return known.thing;
    const asked = this.underWay.get(name);
    if (asked !== undefined) return await asked;
    const atMs = this.elapsedMs();
    const asking = this.lookUp(name);
    this.underWay.set(name, asking);
    try {
      const thing = await asking;
      if (thing !== null && this.underWay.get(name) === asking) this.kept.set(name, { thing, atMs });
      return thing;
    } finally {
      if (this.underWay.get(name) === asking) this.underWay.delete(name);
    }
  }

  /** Everything that is remembered just now. */
  *all(): Generator<Thing> {
    for (const { thing } of this.kept.values()) yield thing;
  }

  forget(isStale: (thing: Thing) => boolean): void {
    this.underWay.clear();
    for (const [name, { thing }] of this.kept) if (isStale(thing)) this.kept.delete(name);
  }

  clear(): void {
    this.underWay.clear();
    this.kept.clear();
  }
}
