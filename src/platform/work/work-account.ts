import { AsyncLocalStorage } from 'node:async_hooks';
import { networkOf } from '../addresses.js';
import { answerBytesMax, AnswerBudget, type Charge, type Room } from './answer-budget.js';
import { answerTooLarge, serviceUnavailable, tookTooLong, type Failure } from '../errors.js';
import type { SpanPlace } from '../tracing.js';

/** The time for all reads of a request together. */
const readMsMax = 10_000;

/** Something that a request has under way, which is abandoned when nobody waits for the request any more. */
export interface Abandonable {
  /** Whether it is a read outside of a transaction. */
  readonly onlyReads: boolean;
  abandon(): void;
}

/**
 * Counts what one request takes: whose connections, for how long, how many bytes. The doors open an account for each
 * request, each operation of a socket and each event of a stream, and everything that runs for it finds the account by
 * `workAccount`. Work for no single request (workers, maintenance, what requests share) runs in none and has bounds of
 * its own.
 */
export class WorkAccount {
  /** The workspace whose share it takes from; null for a stranger, and until the door knows who calls. */
  workspaceId: string | null;
  /** The caller's. */
  address = '';
  /** Whether a list ends where the answer would become too large, and says that there is more. */
  endsEarly = false;
  /** Bytes that were read for the answer. */
  bytes = 0;
  /** Bytes of the largest row. */
  largestRow = 0;
  /** How many connections its transactions hold. */
  transactions = 0;
  /** Why nothing more is done for the request; null while it goes on. */
  refusal: Failure | null = null;

  /** Where its span stands, for what follows from it; null where nothing is traced. */
  span: SpanPlace | null = null;

  private readonly underWay = new Set<Abandonable>();
  private readingEnds: NodeJS.Timeout | null = null;
  private isLate = false;
  private charge: Charge | null = null;
  private isClosed = false;

  /** @param isEndless without a bound on reading time: for the source of a stream, which reads for as long as it is followed */
  constructor(
    workspaceId: string | null = null,
    private readonly isEndless = false,
  ) {
    this.workspaceId = workspaceId;
  }

  /** Whether work in this account is still done for its request: work after the answer is not, and a refused one must end. */
  get isOpen(): boolean {
    return !this.isClosed || this.refusal !== null;
  }

  /** The name by which its share is known: a stranger's network has a share as a workspace has. */
  get sharer(): string {
    return this.workspaceId ?? networkOf(this.address);
  }

  /** @throws the refusal, once nothing more is done for the request */
  check(): void {
    if (this.refusal !== null) throw this.refusal;
  }

  /** The time for reading begins with the first read. @throws when that time is over */
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

  /** Ends everything that is under way for the request, and everything that would be. */
  refuse(why: Failure): void {
    if (this.refusal !== null) return;
    this.refusal = why;
    for (const work of this.underWay) work.abandon();
  }

  /** Counts a row that came. @returns whether the answer has room for it */
  holds(bytes: number): boolean {
    const sum = this.bytes + bytes;
    if (sum > answerBytesMax) return false;
    this.bytes = sum;
    if (bytes > this.largestRow) this.largestRow = bytes;
    if (sum >= smallBytesMax) (this.charge ??= answers.open(this.sharer)).raise(sum);
    return true;
  }

  /** Gives back bytes that are about to be read again. */
  release(bytes: number): void {
    this.bytes -= bytes;
    this.charge?.raise(this.bytes);
  }

  /** @param bytes the size of the answer, as far as it was read */
  refuseTooLarge(bytes: number): void {
    this.refuse(answerTooLarge(answerBytesMax, bytes));
  }

  /** Null: go on. Else all answers under way are too many bytes, and whoever reads for this one waits. */
  room(): Promise<Room> | null {
    return this.charge?.room() ?? null;
  }

  /** Closes the account once the request was answered, or its caller left: then what is under way for it is abandoned. */
  close(isAnswered: boolean): void {
    if (this.isClosed) return;
    if (!isAnswered) this.refuse(serviceUnavailable({ cause: callerLeft }));
    this.isClosed = true;
    if (this.readingEnds !== null) clearTimeout(this.readingEnds);
    this.charge?.close();
  }

  private endReading(): void {
    this.isLate = true;
    for (const work of this.underWay) if (work.onlyReads) work.abandon();
  }
}

/** A smaller answer does not count towards the budget of all answers. */
const smallBytesMax = 262_144;

const answers = new AnswerBudget();
const accounts = new AsyncLocalStorage<WorkAccount | null>();

/** Why a request is given up that nobody waits for. */
export const callerLeft = 'the caller left';
/** Whether something failed only because nobody waits for it any more: no fault that an operator should hear of. */
export const isForLackOfACaller = (failure: Failure): boolean => failure.cause === callerLeft;

const tooSlow = () => tookTooLong({ cause: `its reads took longer than ${readMsMax} ms` });

/** The account of the request for which the running code works; null where there is none, or it was answered. */
export function workAccount(): WorkAccount | null {
  const account = accounts.getStore() ?? null;
  return account?.isOpen === true ? account : null;
}

export function inAccount<T>(account: WorkAccount, work: () => T): T {
  return accounts.run(account, work);
}

/** Does one part of a socket's or stream's work in an account of its own, which ends with that part or with the socket. */
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

/** Does work that a request happens to start but that is for all: it must neither end with the request nor take its share. */
export function outsideAccounts<T>(work: () => T): T {
  return accounts.run(null, work);
}
