import { within } from '../async/deadline.js';
import { GrowingDelay } from '../async/growing-delay.js';
import { DatabaseClient, type DatabaseClientConfig } from './database-client.js';

/**
 * Opens a connection and makes it what it is for. `lost` is told when it goes, once or twice, also while it is being
 * opened; null where the server closed it without a word.
 */
export async function openClient<Opened>(
  config: DatabaseClientConfig,
  prepare: (client: DatabaseClient) => Promise<Opened>,
  lost: (client: DatabaseClient, error: Error | null) => void,
): Promise<Opened> {
  const client = new DatabaseClient(config);
  client.on('error', (error) => lost(client, error)).on('end', () => lost(client, null));
  try {
    await client.connect();
    return await prepare(client);
  } catch (error) {
    // Whoever asked hears of it now: a server that hangs would take its time to close.
    void client.end().catch(noop);
    throw error;
  }
}

export interface Lasting<Opened> {
  config: DatabaseClientConfig;
  /** Makes a new connection what it is for; one of which this fails is closed, and the next is tried. */
  open: (client: DatabaseClient) => Promise<Opened>;
  /** A new connection stands in place of one that was lost. */
  reopened: (opened: Opened) => void;
  /** `error` is null where the server closed it without a word. */
  lost: (error: unknown) => void;
  /** Asks the server for a sign of life: a connection that died in silence is found by asking. */
  beat: (client: DatabaseClient) => Promise<unknown>;
  beatMs: number;
  /** A beat that takes longer than this means that the connection is lost, as one that fails does. */
  answerMsMax: number;
  firstDelayMs: number;
  delayMsMax: number;
}

/** One connection that lasts: opened again whenever it is lost, until it is closed. */
export class ReconnectingClient<Opened = void> {
  private client: DatabaseClient | null = null;
  private beats: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly use: Lasting<Opened>) {}

  /** Rejects where the first connection fails, and does not try another. */
  async connect(): Promise<Opened> {
    const prepare = async (client: DatabaseClient) => {
      const opened = await this.use.open(client);
      if (this.closed) throw new Error('closed meanwhile');
      this.client = client;
      this.beats = this.startBeats(client);
      return opened;
    };
    return await openClient(this.use.config, prepare, (client, error) => this.lose(client, error));
  }

  /** `last` is what the connection is told before it ends, where there is one. */
  async close(last: (client: DatabaseClient) => Promise<unknown> = async () => {}): Promise<void> {
    this.closed = true;
    clearInterval(this.beats);
    const { client } = this;
    this.client = null;
    if (client === null) return;
    await last(client).catch(noop);
    await client.end().catch(noop);
  }

  private startBeats(client: DatabaseClient): NodeJS.Timeout {
    const { beat, beatMs, answerMsMax } = this.use;
    let isAsking = false;
    const ask = async () => {
      if (isAsking) return;
      isAsking = true;
      await within(answerMsMax, beat(client)).catch((error: unknown) => this.lose(client, error));
      isAsking = false;
    };
    return setInterval(() => void ask(), beatMs).unref();
  }

  private lose(client: DatabaseClient, error: unknown): void {
    if (this.client !== client) return;
    this.client = null;
    clearInterval(this.beats);
    client.end().catch(noop);
    this.use.lost(error);
    void this.reopen();
  }

  private async reopen(): Promise<void> {
    const delay = new GrowingDelay(this.use.firstDelayMs, this.use.delayMsMax);
    while (!this.closed) {
      await delay.wait();
      if (this.closed) return;
      try {
        this.use.reopened(await this.connect());
        return;
      } catch {
        // Tried again until it is back or closed.
      }
    }
  }
}

const noop = () => {};
