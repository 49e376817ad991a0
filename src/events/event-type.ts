import type { Actor, Scope } from '../platform/actor.js';
import { closedScalar } from '../platform/graphql/scalars.js';

/** The published event types: what a subscriber may listen to. */
export const eventTypes = [
  'submission.completed',
  'submission.updated',
  'contact.created',
  'contact.updated',
  'intake-bot.status-changed',
] as const;
export type EventType = (typeof eventTypes)[number];

export const describeEventType: Record<EventType, string> = {
  'submission.completed': 'A submission became COMPLETED, through any door.',
  'submission.updated': "A submission's data or status changed.",
  'contact.created': 'A contact was created, by a submission or by hand.',
  'contact.updated': 'A contact changed.',
  'intake-bot.status-changed': "An intake bot's status changed.",
};

/** The scope that a caller needs, beside `manage:webhooks`, to see what an event of the type says. */
export const scopeOfPayload: Record<EventType, Scope> = {
  'submission.completed': 'read:submissions',
  'submission.updated': 'read:submissions',
  'contact.created': 'read:contacts',
  'contact.updated': 'read:contacts',
  'intake-bot.status-changed': 'read:intake-bots',
};

/** Has to pass before a caller sees what events of these types say, or has it sent anywhere. */
export function requirePayloads(actor: Actor, types: readonly EventType[]): void {
  for (const scope of new Set(types.map((type) => scopeOfPayload[type]))) actor.require(scope);
}

export const EventTypeScalar = closedScalar(
  'EventType',
  'What happened, as subscribers know it.',
  eventTypes,
  '/docs/reference/events',
);
