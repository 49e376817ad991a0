import { randomUUID } from 'node:crypto';
import type { Database } from './database.js';
import { ReconnectingClient } from './reconnecting-client.js';
import { errorFields, type Log } from '../log.js';
import { outsideAccounts } from '../work/work-account.js';

const channel = 'iozen_signals';
const coalesceMs = 5;
/** NOTIFY refuses payloads of 8000 bytes and more. */
const payloadCharactersMax = 7_000;

type Listener = (subjects: string[]) => void;

/**
 * Tells every process that something changed: this one at once, others through LISTEN/NOTIFY, coalesced, and outside of
 * the transaction of the change (NOTIFY inside of one makes all commits wait for each other). A notification may be
 * lost, so a listener must also find by looking what the notification would have said.
 */
export class Notifications {
  private readonly own = randomUUID();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly reconnected = new Set<() => void>();
  private pending = new Map<string, Set<string>>();
  private timer: NodeJS.Timeout | null = null;
  private readonly channel: ReconnectingClient;

  constructor(
    private readonly database: Database,
    connectionString: string,
    private readonly log: Log,
    heartbeatMs = 10_000,
  ) {
    this.channel = new ReconnectingClient({
      config: {
        connectionString,
        application_name: 'iozen notifications',
        keepAlive: true,
        connectionTimeoutMillis: 10_000,
      },
      open: async (client) => {
        client.on('notification', ({ payload }) => this.receive(payload));
        await client.query(`listen ${channel}`);
      },
      reopened: () => {
        for (const listener of this.reconnected) listener();
      },
      lost: (error) => {
        this.log.warn(
          { error: error === null ? null : errorFields(error) },
          'the channel of notifications is down, reconnecting',
        );
      },
      beat: async (client) => await client.query('select 1'),
      beatMs: heartbeatMs,
      answerMsMax: heartbeatMs,
      firstDelayMs: 100,
      delayMsMax: 5_000,
    });
  }

  on(topic: string, listener: Listener): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Adds a listener for the end of an interruption: whatever it remembers, notifications of a change may have been lost. */
  onReconnect(listener: () => void): () => void {
    this.reconnected.add(listener);
    return () => void this.reconnected.delete(listener);
  }

  send(topic: string, subject = ''): void {
    this.deliver(topic, [subject]);
    const subjects = this.pending.get(topic) ?? new Set();
    this.pending.set(topic, subjects.add(subject));
    this.timer ??= setTimeout(() => void this.flush(), coalesceMs);
  }

  async start(): Promise<void> {
    await this.channel.connect();
  }

  async stop(): Promise<void> {
    if (this.timer !== null) {
      clearTimeout(this.timer);
      await this.flush();
    }
    await this.channel.close();
  }

  private deliver(topic: string, subjects: string[]): void {
    // Whoever hears of it works for all, not for the request that it came up in.
    outsideAccounts(() => {
      for (const listener of this.listeners.get(topic) ?? []) listener(subjects);
    });
  }

  private async flush(): Promise<void> {
    this.timer = null;
    const messages = [...this.pending].flatMap(([topic, subjects]) => this.messages(topic, [...subjects]));
    this.pending = new Map();
    try {
      for (const message of messages)
        await this.database.reserved.pool.query('select pg_notify($1, $2)', [channel, message]);
    } catch (error) {
      this.log.warn({ error: errorFields(error) }, 'a notification to the other processes was lost');
    }
  }

  private messages(topic: string, subjects: string[]): string[] {
    const text = JSON.stringify({ from: this.own, topic, subjects });
    if (text.length <= payloadCharactersMax || subjects.length < 2) return [text];
    const half = subjects.length >> 1;
    return [...this.messages(topic, subjects.slice(0, half)), ...this.messages(topic, subjects.slice(half))];
  }

  private receive(payload: string | undefined): void {
    const message = messageIn(payload ?? '');
    if (message === null || message.from === this.own) return;
    this.deliver(message.topic, message.subjects);
  }
}

interface NotificationMessage {
  from: string;
  topic: string;
  subjects: string[];
}

/** Null for a payload that no process of ours sent: any client of the database may notify. */
function messageIn(payload: string): NotificationMessage | null {
  try {
    const { from, topic, subjects } = JSON.parse(payload) as Partial<NotificationMessage>;
    return from !== undefined && topic !== undefined && Array.isArray(subjects) ? { from, topic, subjects } : null;
  } catch {
    return null;
  }
}
