import type { Tx } from '../platform/postgres/database.js';
import type { ConversionDestination } from './destination.entity.js';
import type { ConversionVerdict } from './platforms/platform.js';

/**
 * What becomes of conversions when somebody changes their destination, in the transaction of the change. The sender does
 * it, which stands on the destinations' service: `app.ts` hands the one to the other.
 */
export interface Sending {
  /** What is held of an active destination is sent, the oldest first; with `skip` it ends as skipped. */
  resumeHeld(tx: Tx, destinationId: string, skip: boolean): Promise<void>;
  /** What is open of a deleted destination ends as skipped. */
  endOpen(tx: Tx, destinationId: string): Promise<void>;
  /** Sends a conversion that was rejected once more. @throws conflict unless it was, or too old */
  resend(tx: Tx, conversionId: string): Promise<void>;
  /** Sends a synthetic person at once, by the destination's test code where it has one; nothing of it is kept. */
  sendTest(destination: ConversionDestination): Promise<ConnectionTest>;
}

export interface ConnectionTest {
  readonly verdict: ConversionVerdict;
  /** The body that went out, its digests cut to 8 characters. */
  readonly sent: Readonly<Record<string, unknown>>;
}
