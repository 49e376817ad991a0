/**
 * One workspace as the doors show it: the examples of the OpenAPI document, of events and of the documentation are all
 * of this one, and a first start fills its demo with the same form and people. Each id is of its thing's kind and time.
 */

export const workspace = { id: 'cmk0vegw0w0g5m1n8c3v7q2p6', name: 'Analytical Engines', plan: 'BUSINESS' };

export const apiKey = {
  id: 'cmk0vegw0k0h1b9t4r7y2e5w8',
  name: 'CRM',
  scopes: [
    'read:intake-bots',
    'write:intake-bots',
    'read:submissions',
    'read:contacts',
    'read:records',
    'manage:webhooks',
  ],
  expires_at: null,
};

export const formFields = [
  { name: 'full_name', label: 'What is your name?', type: 'text', required: true, max_length: 200 },
  { name: 'email', label: 'Where can we reach you?', type: 'email', required: true },
  { name: 'phone', label: 'Your phone number, if you like', type: 'phone', required: false },
  { name: 'topic', label: 'What is it about?', type: 'select', required: true, options: ['Sales', 'Support', 'Other'] },
  { name: 'message', label: 'Tell us more', type: 'textarea', required: false, max_length: 2_000 },
];

export const adasAnswers = {
  full_name: 'Ada Lovelace',
  email: 'ada@example.com',
  phone: '+1 212 555 0147',
  topic: 'Sales',
  message: 'Do you have a plan for analysts?',
};

/** Who else filled in the form. */
export const othersAnswers = [
  { full_name: 'Grace Hopper', email: 'grace@example.com', topic: 'Support' },
  { full_name: 'Alan Turing', email: 'alan@example.com', topic: 'Other', message: 'Can machines fill in forms?' },
];

/** When Ada's submission was completed, and she became a contact. */
export const completedAt = '2026-01-15T10:30:00.000Z';

export const intakeBotSummary = {
  id: 'cmkaxmlc0b0f3k9z7x2m4q8t1',
  name: 'Contact us',
  status: 'ACTIVE' as const,
  submission_count: 1,
  created_at: '2026-01-12T09:00:00.000Z',
  updated_at: '2026-01-14T16:20:00.000Z',
};

export const intakeBot = {
  ...intakeBotSummary,
  description: 'The first thing visitors see.',
  share_url: `https://iozen.example.com/f/${intakeBotSummary.id}`,
  schema: formFields,
};

export const submissionSummary = {
  id: 'cmkfb5w00s0c2r6w4y8h1d5j9',
  data: adasAnswers,
  status: 'COMPLETED',
  ai_summary: null,
  is_test: false,
  file_count: 0,
  schema_version: 1,
  created_at: completedAt,
  updated_at: completedAt,
};

/** As events tell of it. */
export const submission = { ...submissionSummary, intake_bot_id: intakeBot.id };

export const messages = [
  {
    id: 'cmkfb469sm0b8u3e7n2k6p4x1',
    role: 'assistant',
    content: 'What is your name?',
    created_at: '2026-01-15T10:28:40.000Z',
  },
  {
    id: 'cmkfb4jlom0k1v9g5s7z3t8c2',
    role: 'user',
    content: 'Ada Lovelace',
    created_at: '2026-01-15T10:28:57.276Z',
  },
];

export const contact = {
  id: 'cmkfb5w00p0d7f2h5l9n3r1v6',
  email: 'ada@example.com',
  phone: '+12125550147',
  first_name: 'Ada',
  last_name: 'Lovelace',
  tags: [],
  custom_fields: {},
  submission_count: 1,
  created_at: completedAt,
  updated_at: completedAt,
};

export const record = {
  id: 'cmkfb5w00r0e4t8b1m6w2z5k3',
  record_type: 'lead',
  data: adasAnswers,
  submission_id: submission.id,
  contacts: [{ id: contact.id, role: 'submitter' }],
  created_at: completedAt,
  updated_at: completedAt,
};

export const webhook = {
  id: 'cmkcbgko0h0b2x5v8n1m4q7w9',
  url: 'https://hooks.example.com/iozen',
  events: ['submission.completed', 'contact.created'],
  status: 'active' as const,
  description: 'CRM',
  last_delivery_at: '2026-01-15T10:30:00.412Z',
  last_delivery_ok: true,
  consecutive_fails: 0,
  created_at: '2026-01-13T08:15:00.000Z',
  updated_at: '2026-01-13T08:15:00.000Z',
};

/** Nobody's: the bytes 0 to 31. */
export const webhookSecret = 'whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

/** One that nobody needs any more. */
export const oldWebhook = {
  ...webhook,
  id: 'cmkcbgko0h0a9s4d6f1g3j7l5',
  url: 'https://hooks.example.com/old',
  status: 'paused' as const,
};

export const eventId = 'evt_cmkfb5w00e0h6y2u9i4o7p1a8';
export const deliveryId = 'cmkfb5w00d0j3z8x5c2v9b6n1';

/** What a test event to the webhook came to. */
export const attempt = {
  at: '2026-01-15T10:31:00.000Z',
  outcome: 'success',
  response_status: 204,
  response_body: '',
  error: null,
  address: '203.0.113.7',
  timings: { dns_ms: 12, connect_ms: 24, tls_ms: 31, first_byte_ms: 58, total_ms: 126 },
};
