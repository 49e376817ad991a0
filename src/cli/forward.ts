import { webhookTimeoutMsDefault } from '../platform/config.js';
import { newId } from '../platform/id.js';
import { requestOf } from '../webhooks/wire/request.js';
import type { SigningSecret } from '../webhooks/wire/signature.js';
import type { FollowedEvent } from './event-follower.js';
import { postOnce } from './post.js';
import { UsageError } from './usage-error.js';

/** What became of an event that was posted to a receiver under development. */
export interface Forwarded {
  at: Date;
  type: string;
  id: string;
  /** The answer's status; null: no answer began. */
  status: number | null;
  ms: number;
  error: string | null;
}

/** Posts an event as a delivery would be posted, once: what fails is not tried again. */
export async function forward(
  { id, type, payload }: FollowedEvent,
  receiver: URL,
  secrets: readonly SigningSecret[],
  stopped: AbortSignal,
): Promise<Forwarded> {
  // The clock of this machine: the receiver, which compares the timestamp with its own clock, runs on it, too.
  const at = new Date();
  const startedAt = performance.now();
  // The frozen text was made by JSON.stringify, so parsing it and writing it again gives the same bytes.
  const event = { id, type, body: Buffer.from(JSON.stringify(payload)) };
  const { headers, body } = requestOf({ headers: {}, payloadQuery: null, secrets }, event, {
    deliveryId: newId('webhookDelivery'),
    number: 1,
    now: at.getTime(),
  });
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(webhookTimeoutMsDefault)]);
  const answered = await postOnce(receiver, { headers, body }, signal);
  const error = answered.error !== null && stopped.aborted ? 'stopped before the answer' : answered.error;
  const { status } = answered;
  return { at, type, id, status, ms: Math.round(performance.now() - startedAt), error };
}

export function receiverOf(text: string): URL {
  if (/^https?:\/\/[^/]/i.test(text) && URL.canParse(text)) return new URL(text);
  throw new UsageError('--forward-to must be an http or https URL, such as http://localhost:3000/hook');
}
