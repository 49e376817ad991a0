import * as demo from './demo-set.view.js';
import type { EventType } from './event-type.js';

/** What `data` of each type of event holds. `isTest`: of an example that is sent, so that receivers can tell it. */
const examples: Record<EventType, (at: string, isTest: boolean) => object> = {
  'submission.completed': (at, isTest) => ({ submission: submission(at, isTest) }),
  'submission.updated': (at, isTest) => ({ submission: submission(at, isTest), changes: ['data'] }),
  'contact.created': (at) => ({ contact: { ...demo.contact, created_at: at, updated_at: at } }),
  'contact.updated': (at) => ({ contact: { ...demo.contact, updated_at: at }, changes: ['last_name'] }),
  'intake-bot.status-changed': (at) => ({
    intake_bot: { ...demo.intakeBot, status: 'PAUSED', updated_at: at },
    previous_status: 'ACTIVE',
  }),
};

const submission = (at: string, isTest: boolean) => ({
  ...demo.submission,
  is_test: isTest,
  created_at: at,
  updated_at: at,
});

interface Moment {
  eventId: string;
  at: Date;
}

const always: Moment = { eventId: demo.eventId, at: new Date(demo.completedAt) };

/** The same example each time, for documents. */
export const exampleEvent = (type: EventType) => JSON.parse(textOf(type, always, false)) as Record<string, unknown>;

/** The same example each time, as an endpoint would be sent it. */
export const exampleSent = (type: EventType) => textOf(type, always, true);

/** An event of the type as an endpoint would get it, about nobody. */
export function exampleOf(type: EventType, moment: Moment) {
  return { id: moment.eventId, type, body: textOf(type, moment, true) };
}

function textOf(type: EventType, { eventId, at }: Moment, isTest: boolean): string {
  const created_at = at.toISOString();
  return JSON.stringify({ id: eventId, type, created_at, data: examples[type](created_at, isTest) });
}
