import { Failure } from '../platform/errors.js';

/** Why nothing is answered any more, though the key works on. */
export class Gone extends Failure {
  constructor(because: string) {
    super('service_unavailable', 'The answer was broken off. Call again.', {}, { cause: because });
  }
}

/** How a request may end before it is answered: its caller leaves, its key stops working, the server stops. */
export class Ending {
  private readonly controller = new AbortController();
  private readonly ended = Promise.withResolvers<never>();
  readonly signal: AbortSignal = this.controller.signal;

  constructor() {
    // It may come when nothing is raced against it.
    this.ended.promise.catch(() => undefined);
  }

  end(why: Failure): void {
    if (this.reason !== null) return;
    this.controller.abort(why);
    this.ended.reject(why);
  }

  /** Why nobody waits for the answer any more; null while somebody does. */
  get reason(): Failure | null {
    return this.signal.aborted ? (this.signal.reason as Failure) : null;
  }

  /** What work comes to, unless nobody waits for it before. @throws the reason then */
  async before<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.ended.promise]);
  }

  /** Whether it is because of the ending that work failed, and not by a fault that somebody should hear of. */
  explains(thrown: unknown): boolean {
    if (this.reason === null) return false;
    return thrown instanceof Failure ? thrown.code === 'service_unavailable' : (thrown as Error).name === 'AbortError';
  }
}
