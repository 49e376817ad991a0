import type { EventType } from '../../events/event-type.js';
import { pick, readFragments, type Fields, type JsonFragments } from '../../platform/graphql/json-fragments.js';

const own = (names: string): Fields => Object.fromEntries(names.split(' ').map((name) => [name, true]));

/**
 * The types of objects in events, with the fields that the frozen object has, without those that lead to other objects; names
 * as in the GraphQL schema. A field that an older event lacks is sent as null.
 */
export const payloadTypes: Readonly<Record<string, { key: string; fields: Fields }>> = {
  Submission: {
    key: 'submission',
    fields: own('id data status aiSummary isTest fileCount schemaVersion createdAt updatedAt'),
  },
  Contact: {
    key: 'contact',
    fields: own('id email phone firstName lastName tags customFields submissionCount createdAt updatedAt'),
  },
  IntakeBot: {
    key: 'intake_bot',
    fields: {
      ...own('id name description status submissionCount shareUrl createdAt updatedAt'),
      schema: own('name label type required options helperText placeholder min max minLength maxLength pattern kind'),
    },
  },
};

const typeOfEvent: Record<EventType, string> = {
  'submission.completed': 'Submission',
  'submission.updated': 'Submission',
  'contact.created': 'Contact',
  'contact.updated': 'Contact',
  'intake-bot.status-changed': 'IntakeBot',
};

/** What an endpoint selects of the objects in events; whole where no fragment is for one. */
export type PayloadQuery = JsonFragments;

/** @throws FragmentProblem */
export const readPayloadQuery = (text: string): PayloadQuery => readFragments(text, payloadTypes);

/** The event with what the query selects. The same event gives the same bytes. */
export function selectPayload(query: PayloadQuery, eventType: string, body: Buffer): Buffer {
  const type = typeOfEvent[eventType as EventType];
  const wanted = query.get(type);
  const known = payloadTypes[type];
  if (wanted === undefined || known === undefined) return body;
  const event = JSON.parse(body.toString()) as { data: Record<string, unknown> };
  return Buffer.from(JSON.stringify({ ...event, data: pick(event.data[known.key], wanted) }));
}
