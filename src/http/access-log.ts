import { shown, type Log } from '../platform/log.js';
import { SlidingWindows } from './rate-limit/sliding-windows.js';

const windowMs = 60_000;
/** Lines in a minute of one stranger, or of one caller who is refused; and of all of them together. */
const linesOfOneMax = 120;
const linesOfAllMax = 1_200;
const pathCharactersMax = 300;

export interface AnsweredRequest {
  requestId: string;
  method: string;
  /** Without the query, which may hold secrets and personal data. */
  path: string;
  status: number;
  ms: number;
  /** null: a stranger. */
  caller: string | null;
  address: string | null;
}

/**
 * One line for each request that is answered. Strangers, and callers who are refused for want of points, pay nothing for
 * a request and could fill a disk: beyond so many lines in a minute, one line sums up the rest of theirs.
 */
export class AccessLog {
  private readonly ofOne = new SlidingWindows(linesOfOneMax, windowMs);
  private readonly ofAll = new SlidingWindows(linesOfAllMax, windowMs);
  private readonly summed = new Map<number, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly log: Log) {}

  /** @returns whether it has a line of its own */
  write({ requestId, method, path, status, ms, caller, address }: AnsweredRequest): boolean {
    const isFree = caller === null || status === 429 || status === 403;
    if (isFree && !this.mayWrite(caller ?? address ?? '')) {
      this.summed.set(status, (this.summed.get(status) ?? 0) + 1);
      this.timer ??= setTimeout(() => this.sumUp(), windowMs).unref();
      return false;
    }
    const line = { request_id: requestId, method, path: shown(path, pathCharactersMax), status, ms, caller };
    this.log.info(line, 'request');
    return true;
  }

  /** Writes the lines that sum up requests without a line of their own. */
  sumUp(): void {
    if (this.timer === null) return;
    clearTimeout(this.timer);
    this.timer = null;
    const statuses = Object.fromEntries(this.summed);
    const requests = [...this.summed.values()].reduce((sum, count) => sum + count, 0);
    this.summed.clear();
    this.log.info({ requests, statuses }, 'requests of strangers, or refused, too many for a line each');
  }

  private mayWrite(name: string): boolean {
    const nowMs = performance.now();
    if (Math.max(this.ofOne.freeMs(name, 1, nowMs), this.ofAll.freeMs('', 1, nowMs)) > nowMs) return false;
    this.ofOne.spend(name, 1, nowMs);
    this.ofAll.spend('', 1, nowMs);
    return true;
  }
}
