import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { toldBy, type Told } from './subscriber.js';

const query = `subscription ($types: [EventType!], $after: ID) {
  eventOccurred(types: $types, after: $after) { id payload }
}`;
const types = ['submission.completed', 'submission.updated'];
const againMs = 100;

/** One that is ended before it has connected says so in an error, which would end the tests. */
class QuietWebSocket extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    this.on('error', () => {});
  }
}

interface Answer {
  data?: { eventOccurred: { id: string; payload: Parameters<typeof toldBy>[1] } };
}
type Tell = (answer: Answer) => void;

/** Follows the events of a workspace from behind one of them, through nginx, and goes on where it was when it is cut off. */
export class Follower {
  readonly told: Told[] = [];
  /** How often it had to connect. */
  connections = 0;
  private readonly ending = new AbortController();
  private readonly done: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly key: string,
    private after: string,
    over: 'WebSocket' | 'server-sent events',
  ) {
    this.done = this.follow(
      over === 'WebSocket' ? this.overWebSocket.bind(this) : this.overServerSentEvents.bind(this),
    );
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.done;
  }

  private async follow(over: (tell: Tell) => Promise<void>): Promise<void> {
    const tell = ({ data }: Answer) => {
      if (data === undefined) return;
      const { id, payload } = data.eventOccurred;
      this.after = id;
      this.told.push(toldBy(id, payload));
    };
    while (!this.ending.signal.aborted) {
      this.connections += 1;
      await over(tell).catch(() => {});
      await wait(againMs);
    }
  }

  private async overWebSocket(tell: Tell): Promise<void> {
    const client = createClient({
      url: `${this.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: QuietWebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${this.key}` },
    });
    const end = () => client.terminate();
    this.ending.signal.addEventListener('abort', end, { once: true });
    try {
      for await (const answer of client.iterate({ query, variables: { types, after: this.after } }))
        tell(answer as Answer);
    } finally {
      this.ending.signal.removeEventListener('abort', end);
      client.terminate();
    }
  }

  private async overServerSentEvents(tell: Tell): Promise<void> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${this.key}`,
        'Content-Type': 'application/json',
        Accept: 'text/event-stream',
      },
      body: JSON.stringify({ query, variables: { types, after: this.after } }),
      signal: this.ending.signal,
    });
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const [, data] = /^data: (.+)$/m.exec(text.slice(0, end)) ?? [];
        text = text.slice(end + 2);
        if (data !== undefined) tell(JSON.parse(data) as Answer);
      }
    }
  }
}
