import { AsyncLocalStorage } from 'node:async_hooks';
import { answerBytesMax, AnswerBudget, type Charge, type Room } from './answer-budget.js';
import { answerTooLarge, serviceUnavailable, type Failure } from '../errors.js';

/** All reads of a request together: what it computes after a change of its own is part of it. */
const readMsMax = 10_000;

/** What a request has under way, and gives up when nobody waits for it any more. */
export interface Abandonable {
  /** Whether it only reads, outside of a transaction. */
  readonly onlyReads: boolean;
  abandon(): void;
}

/**
 * What one request takes, counted while it takes it: whose connections, for how long, how many bytes. The doors open one
 * for each request, for each operation of a socket and for each event of a stream; all that runs in it finds it. Work that
 * nobody waits for (workers, maintenance, what several requests share) runs in none, and has bounds of its own.
 */
export class WorkAccount {
  /** Whose share it takes from; null for a stranger, and until the door knows who calls. */
  workspaceId: string | null;
  /** Of a stranger: whose address it came from, which has a share as a workspace has. */
  network = '';
  /** Whether a list ends where the answer would become too large, and says that there is more. */
  endsEarly = false;
  /** Read for the answer. */
  bytes = 0;
  /** The most of them that one row had. */
  largestRow = 0;
  /** Connections that its transactions hold. */
  transactions = 0;
  /** Why nothing more is done for it. */
  refusal: Failure | null = null;

  private readonly underWay = new Set<Abandonable>();
  private controller: AbortController | null = null;
  private readingEnds: NodeJS.Timeout | null = null;
  private isLate = false;
  private charge: Charge | null = null;
  private isClosed = false;

  /** @param isEndless for the source of a stream, which looks on as long as somebody follows */
  constructor(
    workspaceId: string | null = null,
    private readonly isEndless = false,
  ) {
    this.workspaceId = workspaceId;
  }

  /** Whether what is done in it is done for its request. What goes on after the answer is not; after a refusal it must end. */
  get isOpen(): boolean {
    return !this.isClosed || this.refusal !== null;
  }

  /** By what its share is known. */
  get sharer(): string {
    return this.workspaceId ?? this.network;
  }

  /** Aborted once nothing more is done for it. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.refusal !== null) this.controller.abort(this.refusal);
    return this.controller.signal;
  }

  /** @throws why nothing more is done for it */
  check(): void {
    if (this.refusal !== null) throw this.refusal;
  }

  /** The time for reading begins with the first. @throws when it is over */
  checkReading(): void {
    this.check();
    if (this.isLate) throw tooSlow();
    if (this.isEndless) return;
    this.readingEnds ??= setTimeout(() => this.endReading(), readMsMax).unref();
  }

  begin(work: Abandonable): void {
    this.underWay.add(work);
  }

  end(work: Abandonable): void {
    this.underWay.delete(work);
  }

  /** Ends all that is under way, and all that would be. */
  refuse(why: Failure): void {
    if (this.refusal !== null) return;
    this.refusal = why;
    this.controller?.abort(why);
    for (const work of this.underWay) work.abandon();
  }

  /** A row came. @returns whether the answer may hold it */
  holds(bytes: number): boolean {
    const sum = this.bytes + bytes;
    if (sum > answerBytesMax) return false;
    this.bytes = sum;
    if (bytes > this.largestRow) this.largestRow = bytes;
    if (sum >= smallBytesMax) (this.charge ??= answers.open(this.sharer)).raise(sum);
    return true;
  }

  /** What was read is read again. */
  release(bytes: number): void {
    this.bytes -= bytes;
    this.charge?.raise(this.bytes);
  }

  /** @param bytes what it would have come to, as far as that was read */
  refuseTooLarge(bytes: number): void {
    this.refuse(answerTooLarge(answerBytesMax, bytes));
  }

  /** Null: go on. Else all answers under way are too many bytes, and whoever reads for this one waits. */
  room(): Promise<Room> | null {
    return this.charge?.room() ?? null;
  }

  /** Once it was answered, or its caller left: what is under way for nobody ends. */
  close(isAnswered: boolean): void {
    if (this.isClosed) return;
    if (!isAnswered) this.refuse(serviceUnavailable({ cause: 'the caller left' }));
    this.isClosed = true;
    if (this.readingEnds !== null) clearTimeout(this.readingEnds);
    this.charge?.close();
  }

  private endReading(): void {
    this.isLate = true;
    for (const work of this.underWay) if (work.onlyReads) work.abandon();
  }
}

/** Answers below this are not worth counting together. */
const smallBytesMax = 262_144;

const answers = new AnswerBudget();
const accounts = new AsyncLocalStorage<WorkAccount | null>();

export const tooSlow = () => serviceUnavailable({ cause: `its reads took longer than ${readMsMax} ms` });

/** Of the request that what runs now is done for; null for what no request asked for, or was answered meanwhile. */
export function workAccount(): WorkAccount | null {
  const account = accounts.getStore() ?? null;
  return account?.isOpen === true ? account : null;
}

export function inAccount<T>(account: WorkAccount, work: () => T): T {
  return accounts.run(account, work);
}

/** Does a part of what a socket or a stream asks for, in an account of its own, which ends with it or with that. */
export async function inAccountOf<T>(
  { workspaceId }: { workspaceId: string },
  signal: AbortSignal | null,
  work: () => Promise<T>,
  isEndless = false,
): Promise<T> {
  const account = new WorkAccount(workspaceId, isEndless);
  const leave = () => account.close(false);
  signal?.addEventListener('abort', leave);
  if (signal?.aborted) leave();
  try {
    return await inAccount(account, work);
  } finally {
    signal?.removeEventListener('abort', leave);
    account.close(true);
  }
}

/** For what is done on the occasion of a request, but for all: it must not end with that request, nor take its share. */
export function outsideAccounts<T>(work: () => T): T {
  return accounts.run(null, work);
}
