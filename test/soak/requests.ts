/** What the clients asked and were answered: every try is counted, and every 5xx and broken connection is kept. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Try } from './outages.js';

export type Door = 'rest' | 'graphql' | 'console';

/** A process that answers, where clients find it. */
export interface Target {
  readonly name: string;
  readonly url: string;
}

export interface Question {
  door: Door;
  method: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** It may be sent again after a try that was not answered: a read, or a write under a key. */
  repeats: boolean;
}

export interface Answered {
  status: number;
  /** The error's, `null` where there was none; over GraphQL the first error's. */
  code: string | null;
  headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- whoever asked reads what it expects.
  body: any;
  target: string;
}

interface Trouble extends Try {
  what: string;
}

const timeoutMs = 30_000;

export class Requests {
  count = 0;
  /** By code, such as `404 resource_not_found`. */
  readonly refusals = new Map<string, number>();
  readonly failures: Trouble[] = [];
  readonly breaks: Trouble[] = [];
  private readonly durations: Map<number, number[]> = new Map();
  private next = 0;

  constructor(
    private readonly targets: readonly Target[],
    private readonly startedAt: number,
    private readonly patienceMs: number,
  ) {}

  /** The processes in turns, so that what one answers is asked of another next. */
  target(): Target {
    this.next = (this.next + 1) % this.targets.length;
    return this.targets[this.next] as Target;
  }

  /** Asks as a client does who wants an answer: again after a 429, a 5xx or a break. @returns null when it gave up */
  async ask(question: Question): Promise<Answered | null> {
    const deadline = Date.now() + this.patienceMs;
    for (;;) {
      const answered = await this.try(question);
      const waitsMs = answered === null ? 500 : waitOf(answered);
      if (waitsMs === null) return answered;
      if (!question.repeats || Date.now() + waitsMs > deadline) return null;
      await delay(waitsMs * (1 + Math.random() / 2));
    }
  }

  private async try({ door, method, path, body, headers = {} }: Question): Promise<Answered | null> {
    const { name, url } = this.target();
    const from = Date.now();
    const trouble = (what: string): Trouble => ({
      from,
      to: Date.now(),
      process: name,
      what: `${method} ${path} ${what}`,
    });
    this.count += 1;
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        redirect: 'manual',
        headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      const parsed = text === '' ? null : JSON.parse(text);
      const code: string | null =
        (door === 'rest' ? parsed?.error?.code : parsed?.errors?.[0]?.extensions?.code) ?? null;
      this.note(from, Date.now() - from);
      if (code !== null) {
        const name = `${response.status} ${code}`;
        this.refusals.set(name, (this.refusals.get(name) ?? 0) + 1);
      }
      if (isOurFault(response.status, code))
        this.failures.push(trouble(`${response.status} ${code} ${response.headers.get('x-request-id')}`));
      return { status: response.status, code, headers: response.headers, body: parsed, target: name };
    } catch (error) {
      const { name, cause, message } = error as Error & { cause?: { code?: string } };
      this.breaks.push(trouble(cause?.code ?? (name === 'TimeoutError' ? 'timeout' : message)));
      return null;
    }
  }

  private note(at: number, ms: number): void {
    const minute = Math.floor((at - this.startedAt) / 60_000);
    const durations = this.durations.get(minute) ?? [];
    this.durations.set(minute, durations);
    durations.push(ms);
  }

  /** Of each minute: how many were answered, and how fast. */
  minutes(): { minute: number; answered: number; p50Ms: number; p99Ms: number }[] {
    return [...this.durations]
      .map(([minute, durations]) => {
        const sorted = durations.toSorted((a, b) => a - b);
        const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
        return { minute, answered: sorted.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
      })
      .toSorted((one, other) => one.minute - other.minute);
  }
}

const isOurFault = (status: number, code: string | null) =>
  status >= 500 || code === 'internal_error' || code === 'service_unavailable';

/** How long to wait before the same is asked once more, in milliseconds; null: it was answered for good. */
function waitOf({ status, code, headers }: Answered): number | null {
  const asked = Number(headers.get('retry-after') ?? '') * 1_000;
  if (isOurFault(status, code)) return Math.min(asked || 500, 2_000);
  const passes = code === 'rate_limit_exceeded' || code === 'idempotency_conflict';
  return passes ? Math.min(asked || 1_000, 10_000) : null;
}
