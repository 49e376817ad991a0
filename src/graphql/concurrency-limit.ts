import type { Actor } from '../platform/actor.js';

/** How much of something may be open at once in this process: of a key or a person, and of a workspace together. */
export class ConcurrencyLimit {
  private readonly open = new Map<string, number>();

  constructor(private readonly max: { ofCaller: number; ofWorkspace: number }) {}

  /** @returns null when it would be too many; else a function that gives the place back, once */
  enter({ id, workspaceId }: Pick<Actor, 'id' | 'workspaceId'>): (() => void) | null {
    const mine = this.open.get(id) ?? 0;
    const ours = this.open.get(workspaceId) ?? 0;
    if (mine >= this.max.ofCaller || ours >= this.max.ofWorkspace) return null;
    this.add(id, 1);
    this.add(workspaceId, 1);
    let isIn = true;
    return () => {
      if (isIn) for (const name of [id, workspaceId]) this.add(name, -1);
      isIn = false;
    };
  }

  private add(name: string, change: number): void {
    const count = (this.open.get(name) ?? 0) + change;
    if (count === 0) this.open.delete(name);
    else this.open.set(name, count);
  }
}
