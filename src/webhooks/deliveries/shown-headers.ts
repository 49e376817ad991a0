import { scopeOfPayload } from '../../events/event-type.js';
import type { Actor } from '../../platform/actor.js';
import { originOf } from '../../platform/outbound/address-guard.js';
import { secretHeaders } from '../../platform/outbound/answer.js';
import { headersSent } from '../../platform/outbound/connection.js';
import type { SentRequest } from '../wire/request.js';
import type { AttemptHeaders } from './delivery.entity.js';

const hidden = '•••';
const isSignature = (name: string) => name === 'X-IoZen-Signature' || name === 'webhook-signature';

/**
 * Custom values are shown to nobody, as they may be secrets. Signatures are shown to people who may see the body: a key
 * could ask for those of all that it may not read, or hand a receiver what looks like ours.
 */
export function requestHeaders(actor: Actor, sent: SentRequest): AttemptHeaders {
  const seesSignatures = actor.kind === 'user' && actor.may(scopeOfPayload[sent.eventType]);
  const headers = headersSent(originOf(new URL(sent.url)), sent).map(([name, value]) => {
    const isHidden = sent.customNames.includes(name) || (isSignature(name) && !seesSignatures);
    return { name, value: isHidden ? hidden : value };
  });
  return { exact: sent.exact, headers };
}

/** `head` as `AnswerReader` keeps it. */
export function responseHeaders(head: string): AttemptHeaders {
  const lines = head.split('\n');
  const exact = lines.at(-1) !== '';
  const headers = lines.filter(Boolean).map((line) => {
    const colon = line.includes(':') ? line.indexOf(':') : line.length;
    const name = line.slice(0, colon).trim();
    return { name, value: secretHeaders.has(name.toLowerCase()) ? hidden : line.slice(colon + 1).trim() };
  });
  return { exact, headers };
}
