import type { EventType } from './event-type.js';

const submission = (at: string) => ({
  id: 'cexample0s000000example01',
  intake_bot_id: 'cexample0b000000example01',
  data: { full_name: 'Jane Example', email: 'jane@example.com' },
  status: 'COMPLETED',
  ai_summary: null,
  is_test: true,
  file_count: 0,
  schema_version: 1,
  created_at: at,
  updated_at: at,
});

const contact = (at: string) => ({
  id: 'cexample0p000000example01',
  email: 'jane@example.com',
  phone: null,
  first_name: 'Jane',
  last_name: 'Example',
  tags: [],
  custom_fields: {},
  submission_count: 1,
  created_at: at,
  updated_at: at,
});

const intakeBot = (at: string) => ({
  id: 'cexample0b000000example01',
  name: 'Example',
  status: 'PAUSED',
  submission_count: 1,
  created_at: at,
  updated_at: at,
  description: null,
  share_url: 'https://example.com/f/cexample0b000000example01',
  schema: [{ name: 'email', label: 'E-mail', type: 'email', required: true }],
});

const examples: Record<EventType, (at: string) => object> = {
  'submission.completed': (at) => ({ submission: submission(at) }),
  'submission.updated': (at) => ({ submission: submission(at), changes: ['data'] }),
  'contact.created': (at) => ({ contact: contact(at) }),
  'contact.updated': (at) => ({ contact: contact(at), changes: ['last_name'] }),
  'intake-bot.status-changed': (at) => ({ intake_bot: intakeBot(at), previous_status: 'ACTIVE' }),
};

const always = { eventId: 'evt_cexample0e000000example01', at: new Date('2026-01-15T10:30:00.000Z') };

/** The same example each time, for documents. */
export const exampleEvent = (type: EventType) => JSON.parse(exampleOf(type, always).body) as Record<string, unknown>;

/** An event of the type as an endpoint would get it, about nobody. */
export function exampleOf(type: EventType, { eventId, at }: { eventId: string; at: Date }) {
  const data = examples[type](at.toISOString());
  return { id: eventId, type, body: JSON.stringify({ id: eventId, type, created_at: at, data }) };
}
