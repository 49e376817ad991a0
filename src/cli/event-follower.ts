import { setTimeout as delay } from 'node:timers/promises';
import { scopeOfPayload, type EventType } from '../events/event-type.js';
import type { Scope } from '../platform/actor.js';
import { delayMs } from '../webhooks/policy/retry.js';
import { Interruption, Refusal, type GraphqlClient } from './graphql-client.js';

export interface FollowedEvent {
  id: string;
  type: EventType;
  /** The body that subscribers are sent, parsed. */
  payload: object;
}

const reconnectDelaysMs = [250, 500, 1_000, 2_000, 5_000, 10_000];
const emptyPollMs = 2_000;

const subscription = `subscription ($types: [EventType!], $after: ID) {
  eventOccurred(types: $types, after: $after) { id type payload }
}`;

/** Follows a workspace's events, also over broken connections: no event is skipped, and none comes twice. */
export class EventFollower {
  /** The id of the last event; null: the workspace has no event yet. */
  private last: string | null = null;
  private lost = false;

  constructor(
    private readonly api: GraphqlClient,
    private readonly types: readonly EventType[],
    private readonly signal: AbortSignal,
    private readonly note: (text: string) => void,
  ) {}

  /** From here on no event is missed. @returns the workspace's name. @throws Refusal, Interruption */
  async start(): Promise<string> {
    const { viewer } = await this.api.query<{ viewer: { scopes: Scope[]; workspace: { name: string } } }>(
      '{ viewer { scopes workspace { name } } }',
    );
    const needed = new Set<Scope>(['manage:webhooks', ...this.types.map((type) => scopeOfPayload[type])]);
    const lacking = [...needed].filter((scope) => !viewer.scopes.includes(scope));
    if (lacking.length > 0) {
      throw new Refusal(
        `This API key lacks ${lacking.join(', ')}. To listen to ${this.types.join(', ')} it takes a key with ` +
          `${[...needed].join(', ')}; --events asks for less.`,
      );
    }
    const { events } = await this.api.query<{ events: { nodes: { id: string }[] } }>(
      '{ events(first: 1) { nodes { id } } }',
    );
    this.last = events.nodes[0]?.id ?? null;
    return viewer.workspace.name;
  }

  /** The events, until the signal is aborted. @throws Refusal */
  async *events(): AsyncGenerator<FollowedEvent, void> {
    for (let failures = 0; !this.signal.aborted;) {
      const openedAt = performance.now();
      try {
        for await (const event of this.connection()) {
          if (this.signal.aborted) return;
          failures = 0;
          this.last = event.id;
          if (event.payload !== null) yield { ...event, payload: event.payload };
        }
      } catch (error) {
        if (this.signal.aborted) return;
        if (!(error instanceof Interruption)) throw error;
        if (!this.lost) this.note(`${error.message} Trying until it is back.`);
        this.lost = true;
      }
      const lasted = performance.now() - openedAt >= Math.max(...reconnectDelaysMs);
      failures = lasted ? 1 : Math.min(failures + 1, reconnectDelaysMs.length);
      await this.pause(delayMs(reconnectDelaysMs, failures) ?? 0);
    }
  }

  private async *connection(): AsyncGenerator<ToldEvent, void> {
    if (this.last === null) yield await this.veryFirst();
    const variables = { types: this.types, after: this.last };
    const stream = this.api.subscribe<{ eventOccurred: ToldEvent }>(subscription, variables, () => this.found());
    for await (const { eventOccurred } of stream) yield eventOccurred;
  }

  /** Waits for the first event by asking: a subscription without a place to resume from begins at an unknown moment. */
  private async veryFirst(): Promise<ToldEvent> {
    for (;;) {
      const { events } = await this.api.query<{ events: { nodes: Omit<ToldEvent, 'payload'>[] } }>(
        '{ events(last: 1) { nodes { id type } } }',
      );
      this.found();
      const [first] = events.nodes;
      if (first === undefined) {
        await this.pause(emptyPollMs);
      } else if (this.types.includes(first.type)) {
        const query = 'query ($id: ID!) { event(id: $id) { id type payload } }';
        return (await this.api.query<{ event: ToldEvent }>(query, { id: first.id })).event;
      } else {
        return { ...first, payload: null };
      }
    }
  }

  private found(): void {
    if (this.lost) this.note('Connected again.');
    this.lost = false;
  }

  private async pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.signal }).catch(() => undefined);
  }
}

/** An event as the server sends it: without a payload where the key may not read it, or retention has deleted it. */
type ToldEvent = Omit<FollowedEvent, 'payload'> & { payload: object | null };
