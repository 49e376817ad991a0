import type { Actor } from '../platform/actor.js';

export interface HoldingsMax {
  ofCaller: number;
  ofWorkspace: number;
}

/** How much of something the callers of this process have open at once: a key or a person, and a workspace together. */
export class Holdings {
  private readonly open = new Map<string, number>();

  constructor(private readonly max: HoldingsMax) {}

  /** null when it would be too many; else what gives it back, once. */
  take({ id, workspaceId }: Pick<Actor, 'id' | 'workspaceId'>): (() => void) | null {
    const mine = this.open.get(id) ?? 0;
    const ours = this.open.get(workspaceId) ?? 0;
    if (mine >= this.max.ofCaller || ours >= this.max.ofWorkspace) return null;
    this.add(id, 1);
    this.add(workspaceId, 1);
    let held = true;
    return () => {
      if (held) for (const name of [id, workspaceId]) this.add(name, -1);
      held = false;
    };
  }

  private add(name: string, change: number): void {
    const count = (this.open.get(name) ?? 0) + change;
    if (count === 0) this.open.delete(name);
    else this.open.set(name, count);
  }
}
