/** Those who follow a workspace's events, over WebSocket, over server-sent events and by reading the list. */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { EventBody, Ledger } from './ledger.js';
import type { Requests } from './requests.js';
import type { Workspace } from './site.js';

const pauseMs = 500;

export class Follower {
  readonly ids: string[] = [];
  /** How often a stream ended, and how: a process that stops or dies ends all of its streams. */
  readonly ends = new Map<string, number>();
  private readonly ending = new AbortController();
  private running: Promise<void> | null = null;

  constructor(
    readonly name: string,
    private readonly requests: Requests,
    private readonly ledger: Ledger,
    readonly workspace: Workspace,
    readonly types: readonly string[] | null,
    private readonly over: 'socket' | 'sse',
  ) {}

  start(): void {
    this.running = this.goOn();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  /** Whenever the stream ends it is taken up behind the last event that was told, at the next process. */
  private async goOn(): Promise<void> {
    const { signal } = this.ending;
    while (!signal.aborted) {
      const end = await (this.over === 'socket' ? this.socket() : this.stream()).catch(
        (error: unknown) => (error as Error).message || 'broken',
      );
      this.ends.set(end, (this.ends.get(end) ?? 0) + 1);
      await delay(pauseMs, null, { signal }).catch(() => {});
    }
  }

  private get after(): string {
    return this.ids.at(-1) ?? this.workspace.firstEventId;
  }

  private readonly query = `subscription ($types: [EventType!], $after: ID) {
    eventOccurred(types: $types, after: $after) { id type payload }
  }`;

  // oxlint-disable-next-line typescript/no-explicit-any -- the answer of a stranger.
  private take(result: any): void {
    const event = result?.data?.eventOccurred as { id: string; payload: EventBody } | undefined;
    if (event === undefined) throw new Error(result?.errors?.[0]?.extensions?.code ?? 'an answer without an event');
    this.ledger.hear(event.payload);
    this.ids.push(event.id);
  }

  private async socket(): Promise<string> {
    const { url } = this.requests.target();
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${this.workspace.followers.socket}` },
      onNonLazyError: () => {},
    });
    const { signal } = this.ending;
    const variables = { types: this.types, after: this.after };
    const end = await new Promise<string>((resolve) => {
      signal.addEventListener('abort', () => resolve('stopped'), { once: true });
      client.subscribe(
        { query: this.query, variables },
        {
          next: (result) => {
            try {
              this.take(result);
            } catch (error) {
              resolve((error as Error).message);
            }
          },
          error: (error) => {
            const { code, message } = error as { code?: number; message?: string };
            resolve(`closed with ${code ?? message ?? JSON.stringify(error)}`);
          },
          complete: () => resolve('complete'),
        },
      );
    });
    await client.dispose();
    return end;
  }

  private async stream(): Promise<string> {
    const { url } = this.requests.target();
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.workspace.followers.sse}`,
        Accept: 'text/event-stream',
        'Content-Type': 'application/json',
        'Last-Event-ID': this.after,
      },
      body: JSON.stringify({ query: this.query, variables: { types: this.types } }),
      signal: this.ending.signal,
    });
    if (response.status !== 200 || response.body === null) return `refused with ${response.status}`;
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body) {
      const blocks = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        if (/^event: ?complete/m.test(block)) return 'complete';
        const data = [...block.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n');
        if (/^event: ?next/m.test(block)) this.take(JSON.parse(data));
      }
    }
    return 'ended';
  }
}

/** Reads the list of events from its beginning, and goes on behind the last that it has. */
export class ListReader {
  private cursor: string | null = null;

  constructor(
    private readonly requests: Requests,
    private readonly ledger: Ledger,
    readonly workspace: Workspace,
  ) {}

  /** @returns how many were new; a page that was not answered is read once more the next time */
  async read(): Promise<number> {
    let found = 0;
    for (;;) {
      const query = `query ($before: String) {
        events(last: 100, before: $before) { nodes { id type payload } pageInfo { startCursor } }
      }`;
      const answered = await this.requests.ask({
        door: 'graphql',
        method: 'POST',
        path: '/graphql',
        body: { query, variables: { before: this.cursor } },
        headers: { Authorization: `Bearer ${this.workspace.followers.list}` },
        repeats: true,
      });
      const page = answered?.body?.data?.events as
        { nodes: { payload: EventBody }[]; pageInfo: { startCursor: string | null } } | undefined;
      if (page === undefined || page.nodes.length === 0) return found;
      // The newest is first.
      this.ledger.list(
        this.workspace.id,
        page.nodes.toReversed().map(({ payload }) => payload),
      );
      found += page.nodes.length;
      this.cursor = page.pageInfo.startCursor ?? this.cursor;
      if (page.nodes.length < 100) return found;
    }
  }
}
