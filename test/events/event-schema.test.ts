import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { eventTypes, type EventType } from '../../src/events/event-type.js';
import { eventSchemas } from '../../src/events/event-schema.view.js';
import { exampleEvent, exampleOf } from '../../src/events/example.view.js';
import { IntakeBotStatusEnum } from '../../src/intake-bots/intake-bot.entity.js';
import { inlined, type JsonSchema } from '../../src/platform/json-schema.js';
import type { WebhookEvent } from '../../packages/webhooks/src/index.js';
import { SubmissionStatusEnum } from '../../src/submissions/submission.entity.js';
import { EventText } from '../../src/webhooks/wire/event-text.js';
import { requestOf } from '../../src/webhooks/wire/request.js';
import { newSecret, signingSecret } from '../../src/webhooks/wire/signature.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { contactForm, createBot } from '../support/factories.js';
import { memberOf } from '../support/people.js';

interface Content {
  schema: JsonSchema;
  example: object;
}

interface Described {
  type: EventType;
  example: object;
  schema: object;
}

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
ajv.addFormat('date-time', (text) => !Number.isNaN(Date.parse(text)));
ajv.addFormat('uri', (text) => URL.canParse(text));
ajv.addFormat('int32', true);
ajv.addFormat('double', true);

/** What is wrong with an event; null when nothing is. `isWhole`: every key that is described has to be there, and no other. */
function objection(schema: object, event: unknown, isWhole: boolean): string | null {
  const validate = ajv.compile(isWhole ? (closed(schema) as object) : schema);
  return validate(event) ? null : `${ajv.errorsText(validate.errors)}: ${JSON.stringify(event)}`;
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const { properties } = inner as { properties?: Record<string, object> };
  if (properties === undefined || 'helper_text' in properties) return inner;
  return { ...inner, additionalProperties: false, required: Object.keys(properties) };
}

const at = '2026-01-15T10:30:00.000Z';
const submission = {
  id: 'cmkfb5w00s0c2r6w4y8h1d5j9',
  data: { email: 'ada@example.com' },
  status: 'COMPLETED' as const,
  ai_summary: null,
  is_test: false,
  file_count: 0,
  schema_version: 1,
  created_at: at,
  updated_at: at,
  intake_bot_id: 'cmkaxmlc0b0f3k9z7x2m4q8t1',
};
const contact = {
  id: 'cmkfb5w00p0d7f2h5l9n3r1v6',
  email: 'ada@example.com',
  phone: null,
  first_name: 'Ada',
  last_name: null,
  tags: [],
  custom_fields: {},
  submission_count: 1,
  created_at: at,
  updated_at: at,
};
const intake_bot = {
  id: 'cmkaxmlc0b0f3k9z7x2m4q8t1',
  name: 'Contact us',
  status: 'PAUSED' as const,
  submission_count: 1,
  created_at: at,
  updated_at: at,
  description: null,
  share_url: 'https://iozen.example.com/f/cmkaxmlc0b0f3k9z7x2m4q8t1',
  schema: [{ name: 'email', label: 'Email', type: 'email', required: true }],
};
const moment = { id: 'evt_cmkfb5w00e0h6y2u9i4o7p1a8', created_at: at };
/** As 1.0 published them: what was published is not changed, here neither. */
const published: WebhookEvent[] = [
  { ...moment, type: 'submission.completed', data: { submission } },
  { ...moment, type: 'submission.updated', data: { submission, changes: ['data'] } },
  { ...moment, type: 'contact.created', data: { contact } },
  { ...moment, type: 'contact.updated', data: { contact, changes: ['first_name'] } },
  { ...moment, type: 'intake-bot.status-changed', data: { intake_bot, previous_status: 'ACTIVE' } },
];

describe('the schema of events', () => {
  let server: TestServer;
  let client: Client;
  let workspaceId: string;
  let described: Described[];

  before(async () => {
    server = await startServer({ role: 'api' });
    const tenant = await createTenant(server.app);
    workspaceId = tenant.workspaceId;
    client = clientOf(server.url, tenant.key);
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const bot = await createBot(server.app, workspaceId, { record_type: 'lead' });
    const data = { full_name: 'Ada', email: 'ada@example.com', topic: 'Sales' };
    const made = await client.rest('POST', `/intake-bots/${bot.id}/submissions`, { data });
    await client.rest('PATCH', `/intake-bots/${bot.id}/submissions/${made.body.data.submission.id}`, {
      data: { topic: 'Support' },
    });
    await client.rest('PATCH', `/intake-bots/${bot.id}`, { status: 'PAUSED' });
    const { body } = await client.graphql('{ contacts { nodes { id } } }');
    await owner.graphql('mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }', {
      input: { id: body.data.contacts.nodes[0].id, lastName: 'Lovelace', customFields: { since: 1843 } },
    });
    described = (await client.graphql('{ eventTypes { type example schema } }')).body.data.eventTypes;
  });
  after(async () => await server.stop());

  const schemaOf = (type: EventType) => described.find((one) => one.type === type)?.schema ?? {};

  it('describes all that events of every type hold, and nothing else', async () => {
    const { rows } = await server.app.database.pool.query<{ type: EventType; body: string }>(
      'select type, body from events where workspace_id = $1',
      [workspaceId],
    );
    expect([...new Set(rows.map(({ type }) => type))]).to.have.members([...eventTypes]);
    for (const { type, body } of rows) {
      expect(objection(schemaOf(type), JSON.parse(body), true), type).to.equal(null);
    }
  });

  it('goes with an example that fits it, and takes a blank event, and one with a field of tomorrow', () => {
    for (const { type, example } of described) {
      expect(objection(schemaOf(type), example, true), type).to.equal(null);
      expect(objection(schemaOf(type), { ...example, data: {} }, false), type).to.equal(null);
      expect(objection(schemaOf(type), { ...example, tomorrow: true }, false), type).to.equal(null);
      expect(objection(schemaOf(type), { ...example, created_at: 'today' }, false), type).to.not.equal(null);
    }
  });

  it('takes events of 1.0, which are frozen and may be sent again, whatever has been added since', () => {
    for (const event of published) expect(objection(schemaOf(event.type), event, false), event.type).to.equal(null);
  });

  it('is the same over GraphQL and in the OpenAPI document, and so are the examples', async () => {
    const document = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as {
      webhooks: Record<string, { post: { requestBody: { content: { 'application/json': Content } } } }>;
      components: { schemas: Record<string, JsonSchema> };
    };
    const webhooks = Object.entries(document.webhooks).map(([type, { post }]) => {
      const { schema, example } = post.requestBody.content['application/json'];
      return { type, schema: inlined(schema, document.components.schemas), example };
    });
    expect(webhooks).to.deep.equal(described);
    expect(described.map(({ type }) => type)).to.deep.equal(eventTypes);
    for (const { type, example } of described) expect(exampleEvent(type)).to.deep.equal(example);
  });

  it('names the headers of a delivery in the OpenAPI document', async () => {
    const document = (await (await fetch(`${server.url}/api/v1/openapi.json`)).json()) as {
      webhooks: Record<string, { post: { parameters: { name: string }[] } }>;
    };
    const event = new EventText(exampleOf('contact.created', { eventId: 'evt_x', at: new Date() }));
    const { headers } = requestOf(
      { headers: {}, payloadQuery: null, secrets: [signingSecret(newSecret(), null)] },
      event,
      { deliveryId: 'd', number: 1, now: Date.now() },
    );
    const { 'Content-Type': _, 'User-Agent': __, ...ours } = headers;
    for (const { post } of Object.values(document.webhooks)) {
      expect(post.parameters.map(({ name }) => name)).to.have.members(Object.keys(ours));
    }
  });

  it('knows every status that there is', () => {
    const statusesIn = (type: EventType, object: string): unknown => {
      const { properties } = eventSchemas[type] as { properties: { data: { properties: Record<string, object> } } };
      return (properties.data.properties[object] as { properties: { status: { enum: string[] } } }).properties.status
        .enum;
    };
    expect(statusesIn('submission.completed', 'submission')).to.have.members(Object.values(SubmissionStatusEnum));
    expect(statusesIn('intake-bot.status-changed', 'intake_bot')).to.have.members(Object.values(IntakeBotStatusEnum));
  });

  it('describes every key that an item of a bot may have', async () => {
    const everything = [
      ...contactForm,
      { name: 'code', label: 'C', type: 'text', helper_text: 'h', placeholder: 'p', min_length: 1, max_length: 9 },
      { name: 'more', label: 'M', type: 'text', pattern: 'a+', kind: 'field', required: true },
    ];
    const bot = await createBot(server.app, workspaceId, { name: 'Every key', schema: everything });
    const { body } = await client.rest('GET', `/intake-bots/${bot.id}`);
    const keys = new Set((body.data.intake_bot.schema as object[]).flatMap((item) => Object.keys(item)));
    const { properties } = eventSchemas['intake-bot.status-changed'] as {
      properties: {
        data: {
          properties: { intake_bot: { properties: { schema: { items: { properties: Record<string, object> } } } } };
        };
      };
    };
    const known = Object.keys(properties.data.properties.intake_bot.properties.schema.items.properties);
    expect(known).to.have.members([...keys]);
  });
});
