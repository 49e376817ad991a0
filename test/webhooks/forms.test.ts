import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { buildSchema, GraphQLObjectType } from 'graphql';
import type { contactView } from '../../src/contacts/contact.view.js';
import * as demo from '../../src/events/demo-set.view.js';
import { eventTypes, type EventType } from '../../src/events/event-type.js';
import type { intakeBotView } from '../../src/intake-bots/intake-bot.view.js';
import type { Failure, Issue } from '../../src/platform/errors.js';
import { FragmentProblem } from '../../src/platform/graphql/json-fragments.js';
import { spell, validate } from '../../src/platform/validate.js';
import { payloadTypes, readPayloadQuery, selectPayload } from '../../src/webhooks/wire/payload-query.js';
import type { submissionEventView } from '../../src/submissions/submission.view.js';
import { newSecret, signaturesOf, signingSecret } from '../../src/webhooks/wire/signature.js';
import type { schemaItemFields } from '../../src/events/event-schema.view.js';
import { exampleOf } from '../../src/events/example.view.js';
import {
  verifyWebhook,
  WebhookVerificationError,
  type ContactPayload,
  type IntakeBotItem,
  type IntakeBotPayload,
  type SubmissionPayload,
  type WebhookEvent,
  type WebhookPayloads,
} from '../../packages/webhooks/src/index.js';
import { EventText } from '../../src/webhooks/wire/event-text.js';
import { CreateWebhookEndpoint } from '../../src/webhooks/endpoints/endpoint.input.js';

const moment = { eventId: 'evt_c0000000ae000000000000000', at: new Date('2026-01-15T10:30:00.000Z') };

const example = (type: EventType) => new EventText(exampleOf(type, moment));

describe('what a webhook endpoint may be', () => {
  const valid = { url: 'https://example.com/hook', events: ['contact.created'] };
  const issuesOf = (change: object): Issue[] => {
    try {
      validate(CreateWebhookEndpoint, { ...valid, ...change }, 'camelCase');
      return [];
    } catch (failure) {
      return (failure as Failure).details['issues'] as Issue[];
    }
  };

  it('takes valid input, and tells every issue with its path', () => {
    expect(issuesOf({ description: 'd', customHeaders: { 'X-One': 'a b' }, maxConcurrency: 1 })).to.deep.equal([]);
    expect(issuesOf({ events: [] }).map(({ path }) => path)).to.deep.equal(['events']);
    const found = issuesOf({ events: ['contact.created', 'nope'], description: 'x'.repeat(501), colour: 'red' });
    expect(found.map(({ path, code }) => [path, code])).to.deep.equal([
      ['events.1', 'not_an_option'],
      ['description', 'too_long'],
      ['colour', 'unknown_field'],
    ]);
  });

  it('refuses custom headers that are ours, of the connection, or no headers at all', () => {
    const refused: Record<string, string>[] = [
      { Host: 'a' },
      { 'content-type': 'a' },
      { 'Content-Length': '1' },
      { 'user-agent': 'a' },
      { Connection: 'close' },
      { 'Transfer-Encoding': 'chunked' },
      { 'Proxy-Authorization': 'a' },
      { te: 'a' },
      { Upgrade: 'a' },
      { 'webhook-id': 'a' },
      { 'X-IoZen-Attempt': '9' },
      { 'a b': 'c' },
      JSON.parse('{"__proto__": "c"}'),
      { '': 'c' },
      { 'X-A': 'line\r\nbreak' },
      { 'X-A': 'ünicode' },
      { 'X-A': '' },
      { 'X-A': '1', 'x-a': '2' },
      Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`X-${index}`, 'a'])),
    ];
    for (const customHeaders of refused)
      expect(issuesOf({ customHeaders }), JSON.stringify(customHeaders)).to.not.be.empty;
    expect(issuesOf({ customHeaders: { Authorization: 'Bearer abc', 'X-Key': '!~' } })).to.be.empty;
  });
});

describe('payloadQuery', () => {
  it('selects own fields of the frozen object, in the order and under the names it asks for', () => {
    const query = readPayloadQuery(`
      fragment on Submission { status id answers: data }
      fragment Bots on IntakeBot { name schema { name type } }
    `);
    const submission = JSON.parse(
      selectPayload(query, 'submission.completed', example('submission.completed').body).toString(),
    );
    expect(JSON.stringify(submission.data)).to.equal(
      JSON.stringify({ status: 'COMPLETED', id: demo.submission.id, answers: demo.adasAnswers }),
    );
    expect(submission).to.include({ id: moment.eventId, type: 'submission.completed' });
    const bot = example('intake-bot.status-changed');
    expect(JSON.parse(selectPayload(query, bot.type, bot.body).toString()).data).to.deep.equal({
      name: demo.intakeBot.name,
      schema: demo.formFields.map(({ name, type }) => ({ name, type })),
    });
    const contact = example('contact.created');
    expect(selectPayload(query, contact.type, contact.body)).to.equal(contact.body);
  });

  it('refuses everything but fragments of own fields', () => {
    const refused = [
      '{ id }',
      'query { viewer { id } }',
      'fragment on Workspace { id }',
      'fragment on Submission { intakeBot { id } }',
      'fragment on Submission { secret }',
      'fragment on Submission { __proto__ }',
      'fragment on Submission { constructor }',
      'fragment on Submission { data(first: 1) }',
      'fragment on Submission { id @skip(if: true) }',
      'fragment on Submission { id { x } }',
      'fragment on IntakeBot { schema }',
      'fragment on Submission { id id }',
      'fragment on Submission { ...Other } fragment Other on Submission { id }',
      'fragment on Submission { id } fragment on Submission { status }',
      'fragment on Submission {',
      `fragment on Submission { ${'a: id '.repeat(2_000)} }`,
    ];
    for (const text of refused) expect(() => readPayloadQuery(text), text).to.throw(FragmentProblem);
  });

  it('knows exactly the fields that events hold', () => {
    for (const type of eventTypes) {
      const { data } = JSON.parse(exampleOf(type, moment).body) as { data: Record<string, object> };
      const known = Object.values(payloadTypes).find(({ key }) => key in data);
      const fields = Object.keys(known?.fields ?? {}).map((name) => spell(name, 'snake_case'));
      const held = Object.keys(data[known?.key ?? ''] ?? {}).filter((name) => name !== 'intake_bot_id');
      expect(fields).to.have.members(held);
    }
  });
});

describe('the types of payloadQuery', () => {
  it('are those of the schema, with fields that are there', () => {
    const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
    for (const [name, { fields }] of Object.entries(payloadTypes)) {
      const type = schema.getType(name);
      expect(type, name).to.be.instanceOf(GraphQLObjectType);
      const known = Object.keys((type as GraphQLObjectType).getFields());
      expect(known).to.include.members(Object.keys(fields));
    }
  });
});

describe('verifyWebhook', () => {
  const secret = newSecret();
  const body = Buffer.from(JSON.stringify({ id: moment.eventId, type: 'contact.created', data: { name: 'Jané' } }));
  const signed = (secrets: string[], ageSeconds = 0) => {
    const timestampSeconds = Math.floor(Date.now() / 1_000) - ageSeconds;
    const keys = secrets.map((one) => signingSecret(one, null));
    const signatures = signaturesOf({ eventId: moment.eventId, timestampSeconds, body }, keys, Date.now());
    return { 'webhook-id': moment.eventId, 'webhook-timestamp': String(timestampSeconds), ...signatures };
  };
  const refuses = (...[raw, headers, secrets]: Parameters<typeof verifyWebhook>) =>
    expect(() => verifyWebhook(raw, headers, secrets)).to.throw(WebhookVerificationError);

  it('returns the event, whatever form body, headers and secrets come in', () => {
    const headers = signed([secret]);
    expect(verifyWebhook(body, headers, secret).id).to.equal(moment.eventId);
    expect(verifyWebhook(body.toString(), new Headers(headers), [newSecret(), secret]).type).to.equal(
      'contact.created',
    );
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    expect(verifyWebhook(new Uint8Array(body), upper, secret).data).to.deep.equal({ name: 'Jané' });
    expect(verifyWebhook(body, signed([newSecret(), secret]), secret).id).to.equal(moment.eventId);
  });

  it('refuses what is tampered with, late, early, unsigned, or signed with another secret', () => {
    refuses(`${body.toString()} `, signed([secret]), secret);
    refuses(body, signed([secret]), newSecret());
    refuses(body, signed([secret], 301), secret);
    refuses(body, signed([secret], -302), secret);
    expect(verifyWebhook(body, signed([secret], 298), secret).id).to.equal(moment.eventId);
    refuses(body, { ...signed([secret]), 'webhook-id': 'evt_other' }, secret);
    refuses(body, { ...signed([secret]), 'webhook-signature': undefined }, secret);
    refuses(body, { ...signed([secret]), 'webhook-signature': 'v1,' }, secret);
    refuses(body, { ...signed([secret]), 'webhook-timestamp': 'now' }, secret);
    refuses(body, {}, secret);
    refuses(body, signed([secret]), secret.slice(6));
    refuses(body, signed([secret]), []);
    refuses(body, signed(['whsec_']), 'whsec_');
  });

  it('takes headers of every kind: lists, pairs, maps, whatever has a getter, names in any case', () => {
    const headers = signed([secret, newSecret()]);
    const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const { 'webhook-signature': signatures = '', ...others } = headers as Record<string, string>;
    const kinds = {
      lists,
      signaturesApart: { ...others, 'Webhook-Signature': signatures.split(' ') },
      pairs: Object.entries(headers),
      map: new Map(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value] as const)),
      fetch: new Headers(headers),
      getter: { get: (name: string) => headers[name as 'webhook-id'] },
      repeated: { ...headers, 'webhook-id': [moment.eventId, moment.eventId] },
    };
    for (const [kind, given] of Object.entries(kinds)) {
      expect(verifyWebhook(body, given, secret).id, kind).to.equal(moment.eventId);
    }
  });

  it('says what to answer: 400 to a request that is refused, 500 where it was called wrongly', () => {
    const statusOf = (...given: Parameters<typeof verifyWebhook>) => {
      try {
        verifyWebhook(...given);
        return 'nothing';
      } catch (error) {
        return (error as WebhookVerificationError).statusCode;
      }
    };
    const headers = signed([secret]);
    expect({
      tampered: statusOf('{}', headers, secret),
      unsigned: statusOf(body, {}, secret),
      late: statusOf(body, signed([secret], 1_000), secret),
      nothing: statusOf(undefined as never, headers, secret),
      parsed: statusOf(JSON.parse(body.toString()) as never, headers, secret),
      noHeaders: statusOf(body, undefined as never, secret),
      noSecret: statusOf(body, headers, undefined as never),
      noneOfTheList: statusOf(body, headers, []),
      emptySecret: statusOf(body, signed(['whsec_']), 'whsec_'),
    }).to.deep.equal({
      tampered: 400,
      unsigned: 400,
      late: 400,
      nothing: 400,
      parsed: 500,
      noHeaders: 500,
      noSecret: 500,
      noneOfTheList: 500,
      emptySecret: 500,
    });
  });

  it('says what is wrong', () => {
    const headers = signed([secret]);
    const wrong = (...[raw, given, secrets]: Parameters<typeof verifyWebhook>) => {
      try {
        verifyWebhook(raw, given, secrets);
        return 'nothing';
      } catch (error) {
        expect(error).to.be.instanceOf(WebhookVerificationError);
        return (error as Error).message;
      }
    };
    const { 'webhook-id': _, ...nameless } = headers;
    expect(wrong(body, nameless, secret)).to.equal('the header webhook-id is missing');
    expect(wrong(body, undefined as never, secret)).to.equal('the headers are missing');
    expect(wrong(body, { ...headers, 'webhook-id': ['a', 'b'] }, secret)).to.include('webhook-id has more than one');
    expect(wrong(body, { ...headers, 'webhook-signature': 'v2,abc' }, secret)).to.include('no signature of version v1');
    expect(wrong(JSON.parse(body.toString()) as never, headers, secret)).to.include('must be given raw');
    expect(wrong(body, headers, undefined as never)).to.equal('the secret is missing');
    expect(wrong(body, headers, [])).to.equal('no secret is given');
    expect(wrong(body, signed([secret], 1_000), secret)).to.match(/is 100\d seconds old; at most 300 are allowed/);
    expect(wrong(body, signed([secret], -1_000), secret)).to.match(/seconds ahead of the clock of this machine/);
    expect(wrong(body, headers, newSecret())).to.include('no signature matches');
  });

  it('gives each type of event its payload: a union by `type`, of the views that are sent', () => {
    const events: WebhookEvent[] = eventTypes.map((type) => JSON.parse(exampleOf(type, moment).body));
    const summary = events.map((event): string => {
      // It compiles only where each type narrows to its own payload.
      if (event.type === 'submission.completed') return event.data.submission.status;
      if (event.type === 'contact.created') return event.data.contact.email ?? '';
      if (event.type === 'intake-bot.status-changed') return event.data.previous_status;
      return event.data.changes.join();
    });
    expect(summary).to.deep.equal(['COMPLETED', 'data', 'ada@example.com', 'last_name', 'ACTIVE']);
    type Same<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : false) : false;
    const same: [
      Same<SubmissionPayload, ReturnType<typeof submissionEventView>>,
      Same<ContactPayload, ReturnType<typeof contactView>>,
      Same<IntakeBotPayload, ReturnType<typeof intakeBotView>>,
      Same<IntakeBotItem, typeof schemaItemFields>,
      Same<WebhookPayloads, Record<EventType, unknown>>,
    ] = [true, true, true, true, true];
    expect(same).to.not.include(false);
  });

  it('needs nothing but Node.js', () => {
    const imported = readFileSync('dist/packages/webhooks/src/index.js', 'utf8').matchAll(/from '([^']+)'/g);
    expect([...imported].map(([, name]) => name)).to.deep.equal(['node:buffer', 'node:crypto']);
  });

  it('signs the raw body with the secret string as published', () => {
    const expected = createHmac('sha256', secret).update(body).digest('hex');
    expect(signed([secret])['X-IoZen-Signature']).to.equal(`sha256=${expected}`);
  });
});
