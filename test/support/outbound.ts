import { Outbound, type OutboundOptions } from '../../src/platform/outbound/outbound.js';
import type { Outcome } from '../../src/platform/outbound/attempt.js';
import { type Answer, type RawReceiver, startReceiver } from './bad-receivers.js';
import type { Certificate } from './certificates.js';

/** For answers that come: a loaded machine may take its time. */
export const timeoutMs = 10_000;
/** For those that never do. */
export const soonMs = 1_000;
/** What a loaded machine may add to a deadline. */
export const slackMs = 5_000;
export const headers = { 'Content-Type': 'application/json', 'User-Agent': 'ioZen-Webhooks/1.0' };
export const body = '{"id":"evt_1"}';

/** Senders and receivers of the tests around it, closed after each. */
export function useOutbound() {
  const opened: { close(): void | Promise<void> }[] = [];
  afterEach(async () => {
    for (const thing of opened.splice(0)) await thing.close();
  });

  const outboundOf = (options: Partial<OutboundOptions> = {}) => {
    const outbound = new Outbound({ allowedCidrs: ['127.0.0.0/8'], timeoutMs, ...options });
    opened.push(outbound);
    return outbound;
  };
  const receiverOf = async (answer: Answer, certificate?: Certificate): Promise<RawReceiver> => {
    const receiver = await startReceiver(answer, certificate);
    opened.push(receiver);
    return receiver;
  };
  const postTo = async (answer: Answer, options: Partial<OutboundOptions> = {}): Promise<Outcome> =>
    outboundOf(options).post((await receiverOf(answer)).url, headers, body);
  return { opened, outboundOf, receiverOf, postTo };
}
