import type { Visit } from './hosts.js';
import { NotHttp, type OutboundConnection, type OutgoingRequest, type Receiving } from './connection.js';

/**
 * `success` is 2xx, read to its end or to 64 KiB. `http_error` is any other status, redirects included. `timeout` is
 * either deadline, wherever it struck; `refused` the address guard; `connection` what the stranger broke off or garbled.
 */
export type OutcomeKind = 'success' | 'http_error' | 'timeout' | 'dns' | 'tls' | 'connection' | 'refused';

export interface Outcome {
  outcome: OutcomeKind;
  /**
   * Of the answer, 200–999, never of an interim one. Set as soon as the head of the answer has come, whatever the outcome:
   * an answer that breaks off or times out in its body has it, too. So ask `outcome` whether an attempt succeeded.
   */
  status: number | null;
  /** The header `Retry-After` as it came, cut to 128 characters. */
  retryAfter: string | null;
  /** What is kept of the answer's headers, see `AnswerReader`. */
  head: string;
  /** The first 16 KiB of the body as they came, or as much as is to be kept; never decoded. */
  body: Buffer;
  /** The reason, which a tenant may read; null on success. */
  error: string | null;
  /** The address that was dialled; null when none was, or when it was refused. */
  address: string | null;
  timings: Timings;
}

/** Whole milliseconds; null for what did not happen, as the first three on a reused connection. */
export interface Timings {
  dnsMs: number | null;
  connectMs: number | null;
  tlsMs: number | null;
  /** From the request's first byte out to the answer's first byte in. */
  firstByteMs: number | null;
  totalMs: number;
}

const nothing = Buffer.alloc(0);

const whileDoing = {
  lookup: 'looking up the name',
  connect: 'connecting',
  tls: 'agreeing on TLS',
  answer: 'waiting for the answer',
  body: 'reading the answer',
};

/** One request from its first look-up to its outcome, which is decided exactly once. */
export class OutboundAttempt implements Receiving {
  /** In milliseconds, not yet rounded. */
  readonly timings: Omit<Timings, 'totalMs'> = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: null };
  phase: keyof typeof whileDoing = 'lookup';
  address: string | null = null;
  ended = false;
  /** The connection, or what opens it: closed with an attempt that ends before its answer has. */
  carrier: { close: () => void } | null = null;
  private readonly settling = Promise.withResolvers<Outcome>();
  readonly outcome = this.settling.promise;
  private readonly startedAt = performance.now();
  private readonly deadline: NodeJS.Timeout;
  private connectDeadline: NodeJS.Timeout | undefined;
  private connection: OutboundConnection | null = null;
  private reopen: (() => void) | null = null;
  private sentAt = 0;

  constructor(
    private readonly message: OutgoingRequest,
    /** All in. */
    timeoutMs: number,
    private readonly onEnded: (attempt: OutboundAttempt) => void,
    private readonly onReusable: (connection: OutboundConnection) => void,
    readonly visit: Visit,
  ) {
    // Keeps no process alive: what waits for the outcome does.
    this.deadline = setTimeout(() => this.expire(), timeoutMs).unref();
  }

  startConnecting(connectTimeoutMs: number): void {
    this.phase = 'lookup';
    this.connectDeadline = setTimeout(() => this.expire(), connectTimeoutMs);
  }

  /** `reopen`: how to go on, once, should a kept connection turn out to be dead. */
  send(path: string, connection: OutboundConnection, reopen: (() => void) | null): void {
    clearTimeout(this.connectDeadline);
    this.phase = 'answer';
    this.connection = connection;
    this.reopen = reopen;
    this.address = connection.address;
    this.carrier = connection;
    this.sentAt = performance.now();
    connection.send(path, this.message, this);
  }

  onFirstByte(): void {
    this.timings.firstByteMs ??= performance.now() - this.sentAt;
  }

  onStatus(): void {
    this.phase = 'body';
  }

  onOver(): void {
    const { connection } = this;
    this.carrier = null;
    this.endByStatus();
    if (connection !== null) this.onReusable(connection);
  }

  onTooLong(): void {
    if (this.status === null) this.end('connection', 'the answer never began');
    else this.endByStatus();
  }

  onBroken(error: Error | null): void {
    const { reopen } = this;
    if (this.ended) return;
    if (reopen === null || this.timings.firstByteMs !== null) return this.fail(error);
    this.carrier?.close();
    reopen();
  }

  /** @param error what the socket reported; null where it closed. An answer with an error status keeps that as the reason */
  fail(error: Error | null): void {
    if (this.hasFailedStatus()) return this.endByStatus();
    if (this.phase === 'tls' && error !== null) return this.end('tls', tlsError(error));
    const code = error === null ? '' : codeOf(error);
    if (code === 'ETIMEDOUT') return this.expire();
    const otherwise = error instanceof NotHttp ? 'the answer is not HTTP' : 'the connection broke off';
    this.end('connection', connectionErrors[code] ?? otherwise);
  }

  expire(): void {
    if (this.hasFailedStatus()) this.endByStatus();
    else this.end('timeout', `timed out while ${whileDoing[this.phase]}`);
  }

  /** The status of the answer, once it has come. */
  private get status(): number | null {
    return this.connection?.answer.status ?? null;
  }

  private hasFailedStatus(): boolean {
    return this.status !== null && !isSuccess(this.status);
  }

  private endByStatus(): void {
    const status = this.status ?? 0;
    if (isSuccess(status)) this.end('success', null);
    else this.end('http_error', `answered ${status}`);
  }

  /** Ends the attempt with an error in place of an outcome, as nothing was sent. */
  giveUp(error: Error): void {
    if (!this.finish()) return;
    this.settling.reject(error);
    this.visit.leave();
  }

  /** @returns false when the attempt had ended before */
  private finish(): boolean {
    if (this.ended) return false;
    this.ended = true;
    this.onEnded(this);
    clearTimeout(this.deadline);
    clearTimeout(this.connectDeadline);
    this.carrier?.close();
    return true;
  }

  end(outcome: OutcomeKind, error: string | null): void {
    if (!this.finish()) return;
    const { status, timings } = this;
    const { retryAfter = null, head = '', body = nothing } = this.connection?.answer ?? {};
    const address = outcome === 'refused' ? null : this.address;
    this.settling.resolve({
      outcome,
      status,
      retryAfter,
      head,
      body,
      error,
      address,
      timings: {
        dnsMs: whole(timings.dnsMs),
        connectMs: whole(timings.connectMs),
        tlsMs: whole(timings.tlsMs),
        firstByteMs: whole(timings.firstByteMs),
        totalMs: Math.round(performance.now() - this.startedAt),
      },
    });
    this.visit.leave();
  }
}

const whole = (ms: number | null) => (ms === null ? null : Math.round(ms));

const isSuccess = (status: number) => status >= 200 && status <= 299;

/** The code of an error; where several addresses were tried, that of the last one. */
export function codeOf(error: unknown): string {
  const last: unknown = error instanceof AggregateError ? error.errors.at(-1) : error;
  const { code } = last as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

export const connectionErrors: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the host cannot be reached',
};

export const certificateErrors: Record<string, string> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CERT_SIGNATURE_FAILURE: 'the certificate is not signed by a known authority',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is not signed by a known authority',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is not signed by a known authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate is not signed by a known authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate is not signed by a known authority',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another name',
};

function tlsError(error: Error): string {
  return certificateErrors[codeOf(error)] ?? 'the TLS handshake failed';
}
