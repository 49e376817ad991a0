interface Entry<Thing> {
  thing: Thing;
  weight: number;
  owner: string;
}

/**
 * Keeps what was made of something that callers sent, up to a weight; what was used least lately goes first. No owner can
 * fill the cache alone: an owner of more than a share loses its own entries.
 */
export class WeighedCache<Key, Thing> {
  /** The entry that was used last stands last. */
  private readonly entries = new Map<Key, Entry<Thing>>();
  private readonly weights = new Map<string, number>();
  private weight = 0;

  constructor(
    private readonly weightMax: number,
    private readonly shareMax = weightMax,
  ) {}

  has(key: Key): boolean {
    return this.entries.has(key);
  }

  get(key: Key): Thing | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.thing;
  }

  /** Keeps a thing, unless it alone weighs more than a share. */
  set(key: Key, thing: Thing, weight: number, owner = ''): void {
    this.delete(key);
    if (weight > this.shareMax) return;
    this.entries.set(key, { thing, weight, owner });
    this.weights.set(owner, (this.weights.get(owner) ?? 0) + weight);
    this.weight += weight;
    this.evict(
      (entry) => entry.owner === owner,
      () => (this.weights.get(owner) ?? 0) > this.shareMax,
    );
    this.evict(
      () => true,
      () => this.weight > this.weightMax,
    );
  }

  delete(key: Key): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    const { weight, owner } = entry;
    this.entries.delete(key);
    this.weight -= weight;
    const left = (this.weights.get(owner) ?? 0) - weight;
    if (left > 0) this.weights.set(owner, left);
    else this.weights.delete(owner);
  }

  private evict(goes: (entry: Entry<Thing>) => boolean, isTooMuch: () => boolean): void {
    if (!isTooMuch()) return;
    for (const [key, entry] of this.entries) {
      if (goes(entry)) this.delete(key);
      if (!isTooMuch()) return;
    }
  }
}
