import type { Actor } from '../platform/actor.js';
import { nowMs } from '../platform/clock.js';
import type { Secrets } from '../platform/secrets.js';
import type { Replay, ReplayOnly } from '../webhooks/replays/replay.entity.js';
import type { ReplayService } from '../webhooks/replays/replay.service.js';

/** How many events somebody was told of, and until when they were counted. */
export interface Told {
  count: number;
  until: Date;
}

/** Of a replay, what a confirmation is for. */
export interface Asked {
  endpointId: string;
  since: Date;
  until?: Date | null | undefined;
  only: ReplayOnly;
}

const heldForMs = 300_000;

/**
 * For five minutes a person can agree to what their agent was told, once, and to nothing else: an agent that calls again,
 * say because it missed the answer, sends nothing a second time.
 */
export class Confirmations {
  constructor(
    private readonly replays: ReplayService,
    private readonly secrets: Secrets,
  ) {}

  /** What comes back with the person's answer: sealed for this key, so that nobody else can make or use it. */
  stateOf(actor: Actor, asked: Asked, { total, until }: Pick<Replay, 'total' | 'until'>): string {
    const state = { for: subjectOf(asked), count: total ?? 0, until: until.getTime(), expires: nowMs() + heldForMs };
    return this.secrets.seal(JSON.stringify(state), contextOf(actor));
  }

  /** What the person was asked; null where the state is no such, another key's or call's, too old, or was used. */
  async toldIn(actor: Actor, asked: Asked, state: string): Promise<Told | null> {
    let opened: { for: string; count: number; until: number; expires: number };
    try {
      opened = JSON.parse(this.secrets.open(state, contextOf(actor))) as typeof opened;
    } catch {
      return null;
    }
    if (opened.for !== subjectOf(asked) || opened.expires < nowMs()) return null;
    if (await this.isUsed(actor, asked, new Date(opened.expires - heldForMs))) return null;
    return { count: opened.count, until: new Date(opened.until) };
  }

  /** The dry run of the last minutes that told this key this count, for the same events, unless it was confirmed already. */
  async toldBefore(actor: Actor, asked: Asked, count: number): Promise<Told | null> {
    const told = await this.replays.lastCount(actor, asked.endpointId, {
      ...asked,
      until: asked.until ?? null,
      total: count,
      after: new Date(nowMs() - heldForMs),
    });
    if (told === null || (await this.isUsed(actor, asked, told.at))) return null;
    return { count, until: told.until };
  }

  private async isUsed(actor: Actor, asked: Asked, after: Date): Promise<boolean> {
    return await this.replays.hasStarted(actor, asked.endpointId, { ...asked, after });
  }
}

const contextOf = (actor: Actor) => `mcp_confirmation:${actor.id}`;

const subjectOf = ({ endpointId, since, until, only }: Asked) =>
  JSON.stringify([endpointId, since.getTime(), until?.getTime() ?? null, only]);
