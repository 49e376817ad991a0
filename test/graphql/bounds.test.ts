import { expect } from 'chai';
import {
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  type GraphQLInputObjectType,
  type GraphQLInputType,
} from 'graphql';
import { graphqlSchema } from '../../src/graphql/schema.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { contactForm, createBot, createSubmission } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;
type Step = string | number;
type Place = { path: Step[]; kind: 'text' | 'id' | 'list' | 'json' | 'closed' };

/** Where a caller may put a text or a list, in an input and in what it nests. */
function placesOf(input: GraphQLInputObjectType, path: Step[] = []): Place[] {
  const placesIn = (type: GraphQLInputType, at: Step[]): Place[] => {
    const inner = getNullableType(type);
    if (isListType(inner)) return [{ path: at, kind: 'list' }, ...placesIn(inner.ofType, [...at, 0])];
    if (isInputObjectType(inner)) return placesOf(inner, at);
    const { name } = getNamedType(inner);
    if (name === 'String') return [{ path: at, kind: 'text' }];
    if (name === 'ID') return [{ path: at, kind: 'id' }];
    if (name === 'JSONObject') return [{ path: at, kind: 'json' }];
    // Enums, scopes and types of events, and times: what is none of them.
    return /^(Int|Float|Boolean)$/.test(name) ? [] : [{ path: at, kind: 'closed' }];
  };
  return Object.values(input.getFields()).flatMap(({ name, type }) => placesIn(type, [...path, name]));
}

/** `value` with another in a place of it; objects and lists on the way are made. */
function put(value: unknown, [step, ...rest]: readonly Step[], another: (there: unknown) => unknown): unknown {
  if (step === undefined) return another(value);
  if (typeof step === 'number') {
    const entries = (value ?? []) as unknown[];
    return [put(entries[step], rest, another), ...entries.slice(1)];
  }
  const object = (value ?? {}) as Record<string, unknown>;
  return { ...object, [step]: put(object[step], rest, another) };
}

describe('every text and list that GraphQL takes', () => {
  const schema = graphqlSchema(null);
  const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});
  const long = 'x'.repeat(1_000_000);
  let server: TestServer;
  let tenant: Tenant;
  let owner: Person;
  let inputs: Record<string, object>;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    owner = await memberOf(server.app, tenant, 'OWNER');
    const bot = await createBot(server.app, tenant.workspaceId);
    const { id } = await createSubmission(server.app, bot);
    const { rows } = await server.app.database.pool.query<{ id: string }>(
      'select id from contacts where workspace_id = $1',
      [tenant.workspaceId],
    );
    const contact = rows[0]?.id ?? '';
    const made = await owner.graphql(`mutation {
      createRecord(input: { recordType: "lead", data: {} }) { record { id } }
      createWebhookEndpoint(input: { url: "http://127.0.0.1:9/", events: ["contact.created"] }) { webhookEndpoint { id } }
    }`);
    const record = made.body.data.createRecord.record.id as string;
    const endpoint = made.body.data.createWebhookEndpoint.webhookEndpoint.id as string;
    const told = await owner.graphql(`mutation { createConversionDestination(input: { intakeBotId: "${bot.id}",
      meta: { datasetId: "1234567890", accessToken: "a-token-of-meta" } }) { conversionDestination { id } } }`);
    const destination = told.body.data.createConversionDestination.conversionDestination.id as string;
    const account = {
      google: { refresh: { clientId: 'c', clientSecret: 's', refreshToken: 'r' } },
      value: { amount: 1, currency: 'USD' },
    };
    const schemaItems = contactForm.map(({ min: _min, max: _max, ...item }) => item);
    // What each would take but for the one place that is changed.
    inputs = {
      acceptInvitation: { token: 'x', name: 'N', password: 'long enough' },
      addSubmissionMessage: { submissionId: id, role: 'USER', content: 'x' },
      changeIntakeBotStatus: { id: bot.id, status: 'ACTIVE' },
      changePassword: { currentPassword: tenant.owner.password, newPassword: 'long enough' },
      createApiKey: { name: 'K', scopes: ['read:records'], allowedCidrs: ['203.0.113.0/24'] },
      createConversionDestination: { intakeBotId: bot.id, ...account },
      createContact: { email: 'one@example.com', tags: ['t'], customFields: {} },
      createIntakeBot: {
        name: 'B',
        schema: [{ ...schemaItems[3], pattern: '.*', helperText: 'h', placeholder: 'p', kind: 'field' }],
      },
      createRecord: { recordType: 'lead', data: {} },
      createSubmission: { intakeBotId: bot.id, data: { full_name: 'N', email: 'n@example.com' } },
      createWebhookEndpoint: { url: 'http://127.0.0.1:9/', events: ['contact.created'], customHeaders: {} },
      inviteMember: { email: 'invited@example.com' },
      linkRecordContact: { recordId: record, contactId: contact, role: 'r' },
      mergeContacts: { id: contact, duplicateId: contact },
      signIn: { email: tenant.owner.email, password: tenant.owner.password },
      startReplay: { endpointId: endpoint, since: '2026-01-01T00:00:00Z', dryRun: true },
      trustDocuments: { documents: ['{__typename}'] },
      distrustDocuments: { documentIds: [`sha256:${'0'.repeat(64)}`] },
      updateContact: { id: contact, tags: ['t'], customFields: {} },
      updateConversionDestination: { id: destination, ...account },
      updateIntakeBot: { id: bot.id, schema: schemaItems.slice(3) },
      updateMemberRole: { id: 'x', role: 'MEMBER' },
      updateRecord: { id: record, data: {} },
      updateSubmission: { id, data: {} },
      updateWebhookEndpoint: { id: endpoint, events: ['contact.created'], customHeaders: {} },
    };
  });
  after(async () => await server.stop());

  const call = async (name: string, type: string, input: unknown, selected = '__typename'): Promise<Answer<Loose>> =>
    await owner.graphql(`mutation ($input: ${type}) { ${name}(input: $input) { ${selected} } }`, { input });
  const codesOf = (answer: Answer) =>
    (
      (
        answer.body as {
          errors?: { extensions: { code: string; details: { issues?: { path: string; code: string }[] } } }[];
        }
      ).errors ?? []
    ).map(({ extensions: { code, details } }) => ({
      code,
      issues: (details.issues ?? []).map((issue) => `${issue.path} ${issue.code}`),
    }));

  for (const { name, args } of mutations) {
    const input = args.find((argument) => argument.name === 'input');
    if (input === undefined) continue;
    for (const { path, kind } of placesOf(getNamedType(input.type) as GraphQLInputObjectType)) {
      const at = path.join('.');
      // No lead is lost for where it came from; once it is completed, only consent changes.
      if (path[0] === 'attribution' && (name === 'createSubmission' || path[1] === 'consent')) {
        it(`is left out and named, or denies, where it is too long: ${name} ${at}`, async () => {
          const selected = 'submission { attribution { dropped consent { adUserData adPersonalization } } }';
          const sent = put(inputs[name] ?? {}, path, () => long);
          const { attribution } = (await call(name, String(input.type), sent, selected)).body.data[name].submission;
          const [, group, part] = path;
          if (group === 'consent') expect(attribution.consent).to.have.property(String(part), 'denied');
          else expect(attribution).to.deep.equal({ dropped: [group], consent: null });
        });
        continue;
      }
      it(`has a bound: ${name} ${at}`, async () => {
        const another = {
          text: () => long,
          id: () => long,
          list: (there: unknown) => {
            expect(there, `\`inputs\` has no example of ${name} ${at}`).to.be.an('array').that.is.not.empty;
            const [first] = there as unknown[];
            return Array<unknown>(10_000).fill(typeof first === 'object' ? { name: 'a', type: 'text' } : first);
          },
          json: () => ({ full_name: long.slice(0, 500_000), 'X-Header': long.slice(0, 500_000) }),
          closed: () => long,
        }[kind];
        const answer = await call(name, String(input.type), put(inputs[name] ?? {}, path, another));
        const [refused] = codesOf(answer);
        expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).to.be.below(500);
        expect(JSON.stringify(answer.body).length).to.be.below(20_000);
        const codes = {
          closed: ['GRAPHQL_VALIDATION_FAILED'],
          id: ['resource_not_found', 'validation_failed'],
        };
        const expected = kind === 'closed' || kind === 'id' ? codes[kind] : ['validation_failed'];
        expect(refused?.code, JSON.stringify(answer.body).slice(0, 300)).to.be.oneOf(expected);
        if (kind === 'closed' || kind === 'id') return;
        const named = refused?.issues.some((issue) => issue.startsWith(at));
        expect(named, JSON.stringify(refused?.issues)).to.equal(true);
      });
    }
  }

  it('leads to no failure in a query either, be it long or many', async () => {
    const cases = [
      'contacts(filter: { email: $long, phone: $long, tag: $long })',
      'records(filter: { recordType: $long, contactId: $id })',
      'auditLog(filter: { action: $many, actorId: $id, subjectId: $id })',
      'events(filter: { subjectId: $id })',
      'submissions(after: $long)',
      'submissions(intakeBotId: $id)',
      'webhookDeliveries(filter: { search: $long, endpointId: $id })',
      'intakeBots(before: $long)',
      'conversionDestinations(intakeBotId: $id)',
      'conversions(filter: { destinationId: $id, intakeBotId: $id, submissionId: $id })',
    ];
    for (const query of cases) {
      const declared = [...new Set(query.match(/\$\w+/g))].map(
        (name) => `${name}: ${{ $long: 'String', $id: 'ID', $many: '[String!]' }[name] ?? ''}`,
      );
      const variables = {
        long: long.slice(0, 300_000),
        id: long.slice(0, 300_000),
        many: Array<string>(10_000).fill('x'),
      };
      const answer = await owner.graphql(`query (${declared.join(', ')}) { ${query} { nodes { id } } }`, variables);
      expect(answer.status, query).to.be.below(500);
      expect(
        codesOf(answer).map(({ code }) => code),
        query,
      ).not.to.include('internal_error');
    }
  });
});
