import { expect } from 'chai';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';
import { roles, scopes, type Role, type Scope } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf } from '../support/people.js';

/** What the contract says a caller needs: a scope for a key and a role for a person; `null`: no key, no person. */
interface Rule {
  scope: Scope | null;
  /** Of a key, for what is sent. */
  also?: readonly Scope[];
  role: Role;
}

const anyone = 'anyone';
const anyCaller = 'any caller';
const reading = (scope: Scope): Rule => ({ scope, role: 'MEMBER' });
const people = (role: Role): Rule => ({ scope: null, role });
const write: Rule = { scope: 'write:intake-bots', role: 'ADMIN' };
const webhooks: Rule = { scope: 'manage:webhooks', role: 'ADMIN' };
const sending: Rule = { ...webhooks, also: ['read:submissions', 'read:contacts'] };

/** Every operation of the schema, or a test fails. */
const rules: Record<string, Rule | typeof anyone | typeof anyCaller> = {
  signIn: anyone,
  acceptInvitation: anyone,
  viewer: anyCaller,
  workspace: anyCaller,
  rateLimit: anyCaller,
  eventTypes: anyCaller,
  // As for the thing behind the id: here, a bot.
  node: reading('read:intake-bots'),
  nodes: reading('read:intake-bots'),
  intakeBot: reading('read:intake-bots'),
  intakeBots: reading('read:intake-bots'),
  submission: reading('read:submissions'),
  submissions: reading('read:submissions'),
  contact: reading('read:contacts'),
  contacts: reading('read:contacts'),
  erasure: people('MEMBER'),
  record: reading('read:records'),
  records: reading('read:records'),
  apiKeys: people('ADMIN'),
  members: people('ADMIN'),
  invitations: people('ADMIN'),
  auditLog: people('ADMIN'),
  trustedDocuments: people('ADMIN'),
  event: webhooks,
  events: webhooks,
  webhookEndpoint: webhooks,
  webhookEndpoints: webhooks,
  webhookDelivery: webhooks,
  webhookDeliveries: webhooks,
  previewPayload: webhooks,
  replay: webhooks,
  replays: webhooks,
  signOut: people('MEMBER'),
  endSession: people('MEMBER'),
  signOutEverywhere: people('MEMBER'),
  changePassword: people('MEMBER'),
  updateWorkspace: people('ADMIN'),
  dismissNotice: people('ADMIN'),
  inviteMember: people('ADMIN'),
  revokeInvitation: people('ADMIN'),
  updateMemberRole: people('ADMIN'),
  removeMember: people('ADMIN'),
  transferOwnership: people('OWNER'),
  createApiKey: people('ADMIN'),
  rotateApiKey: people('ADMIN'),
  revokeApiKey: people('ADMIN'),
  trustDocuments: people('ADMIN'),
  distrustDocuments: people('ADMIN'),
  createIntakeBot: write,
  updateIntakeBot: write,
  changeIntakeBotStatus: write,
  createSubmission: write,
  updateSubmission: { scope: 'write:intake-bots', role: 'MEMBER' },
  addSubmissionMessage: write,
  deleteSubmission: write,
  createContact: people('MEMBER'),
  updateContact: people('MEMBER'),
  mergeContacts: people('MEMBER'),
  deleteContact: people('MEMBER'),
  createRecord: people('ADMIN'),
  updateRecord: people('ADMIN'),
  linkRecordContact: people('ADMIN'),
  createWebhookEndpoint: webhooks,
  updateWebhookEndpoint: webhooks,
  deleteWebhookEndpoint: webhooks,
  pauseWebhookEndpoint: webhooks,
  resumeWebhookEndpoint: webhooks,
  rotateWebhookSecret: webhooks,
  conversionDestinations: people('ADMIN'),
  conversions: people('ADMIN'),
  createConversionDestination: people('ADMIN'),
  updateConversionDestination: people('ADMIN'),
  deleteConversionDestination: people('ADMIN'),
  pauseConversionDestination: people('ADMIN'),
  resumeConversionDestination: people('ADMIN'),
  testConversionDestination: people('ADMIN'),
  resendConversion: people('ADMIN'),
  conversionUpdated: people('ADMIN'),
  sendTestEvent: webhooks,
  redeliver: sending,
  startReplay: sending,
  cancelReplay: webhooks,
  eventOccurred: webhooks,
  deliveryUpdated: webhooks,
  replayProgressed: webhooks,
};

/** One thing of every kind. */
type Things = Record<
  | 'intakeBot'
  | 'submission'
  | 'contact'
  | 'duplicate'
  | 'erasure'
  | 'record'
  | 'event'
  | 'webhookEndpoint'
  | 'conversionDestination'
  | 'conversion'
  | 'webhookDelivery'
  | 'replay'
  | 'notice'
  | 'invitation'
  | 'session'
  | 'user'
  | 'owner'
  | 'apiKey',
  string
>;

/** Which thing an id argument means, by its name or else the operation's; null: none of the workspace's. */
function thingOf(operation: string, argument: string): keyof Things | null {
  const [, named] = /^(\w+?)Ids?$/.exec(argument) ?? [];
  const byName: Record<string, keyof Things | null> = {
    endpoint: 'webhookEndpoint',
    destination: 'conversionDestination',
    delivery: 'webhookDelivery',
    intakeBot: 'intakeBot',
    submission: 'submission',
    contact: 'contact',
    duplicate: 'duplicate',
    record: 'record',
    document: null,
  };
  if (named !== undefined && named in byName) return byName[named] ?? null;
  if (operation === 'transferOwnership') return 'owner';
  if (operation === 'eventOccurred') return 'event';
  if (/Member/.test(operation)) return 'user';
  if (/^nodes?$/.test(operation)) return 'intakeBot';
  const kinds: [RegExp, keyof Things][] = [
    [/ApiKey/i, 'apiKey'],
    [/webhookDelivery|deliver/i, 'webhookDelivery'],
    [/webhook/i, 'webhookEndpoint'],
    [/conversionDestination/i, 'conversionDestination'],
    [/conversion/i, 'conversion'],
    [/replay/i, 'replay'],
    [/notice/i, 'notice'],
    [/invitation/i, 'invitation'],
    [/session/i, 'session'],
    [/submission/i, 'submission'],
    [/erasure/i, 'erasure'],
    [/contact/i, 'contact'],
    [/record/i, 'record'],
    [/event/i, 'event'],
    [/intakeBot/i, 'intakeBot'],
  ];
  const [, kind] = kinds.find(([pattern]) => pattern.test(operation)) ?? [];
  if (kind === undefined) throw new Error(`which thing does ${operation}(${argument}) mean?`);
  return kind;
}

/** The operation with the least that the schema accepts, and with every id. */
function callOf(field: GraphQLField<unknown, unknown>, root: string, things: Things) {
  let named = false;
  const valueOf = (type: GraphQLInputType, name: string): unknown => {
    const inner = isNonNullType(type) ? type.ofType : type;
    if (isListType(inner)) return [valueOf(inner.ofType, name)];
    if (isInputObjectType(inner)) {
      return Object.fromEntries(
        Object.values(inner.getFields())
          .filter((part) => isNonNullType(part.type) || getNamedType(part.type).name === 'ID')
          .map((part) => [part.name, valueOf(part.type, part.name)]),
      );
    }
    if (isEnumType(inner)) return inner.name === 'Role' ? 'MEMBER' : inner.getValues()[0]?.name;
    if (inner.name === 'ID') {
      const thing = thingOf(field.name, name);
      named ||= thing !== null;
      return thing === null ? `sha256:${'0'.repeat(64)}` : things[thing];
    }
    const samples: Record<string, unknown> = {
      String: 'x',
      Int: 1,
      Boolean: false,
      DateTime: '2026-01-01T00:00:00.000Z',
      Scope: 'read:contacts',
      EventType: 'contact.created',
      JSONObject: {},
    };
    if (!(inner.name in samples)) throw new Error(`no sample of ${inner.name}`);
    return samples[inner.name];
  };
  const given = field.args.filter(({ type }) => isNonNullType(type) || getNamedType(type).name === 'ID');
  const variables = Object.fromEntries(given.map(({ name, type }) => [name, valueOf(type, name)]));
  const declared = given.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = given.map(({ name }) => `${name}: $${name}`).join(', ');
  const type = getNamedType(field.type);
  const isList = isObjectType(type) && 'nodes' in type.getFields();
  const selection = isLeafType(type) ? '' : isList ? '{ nodes { __typename } }' : '{ __typename }';
  const query = `${root} ${declared && `(${declared})`} { ${field.name} ${passed && `(${passed})`} ${selection} }`;
  return { query, variables, named };
}

interface Caller {
  name: string;
  client: Pick<Client, 'graphql'>;
  headers: () => Record<string, string>;
  may: (rule: Rule) => boolean;
  /** What it hears when it may not. */
  refusal: (rule: Rule) => string;
}

describe('access to GraphQL', () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  let own: Things;
  let foreign: Things;
  const callers: Caller[] = [];

  before(async () => {
    server = await startServer();
    schema = buildSchema(await (await fetch(`${server.url}/schema.graphql`)).text());
    const [mine, theirs] = [await createTenant(server.app), await createTenant(server.app)];
    own = await everyThing(server, mine);
    foreign = await everyThing(server, theirs);
    for (const scope of scopes) callers.push(await keyCaller(server, mine, [scope]));
    callers.push(await keyCaller(server, mine, scopes));
    for (const role of roles) {
      const person = await memberOf(server.app, mine, role);
      callers.push({
        name: `a person who is ${role}`,
        client: person,
        headers: () => ({ Cookie: person.cookie ?? '' }),
        may: (rule) => roles.indexOf(role) >= roles.indexOf(rule.role),
        refusal: () => 'insufficient_role',
      });
    }
  });

  after(async () => await server.stop());

  const operations = function* (roots = ['query', 'mutation']) {
    const types = { query: schema.getQueryType(), mutation: schema.getMutationType() };
    for (const root of roots) {
      const fields = Object.values(types[root as keyof typeof types]?.getFields() ?? {});
      // A session that signs out would say no more.
      for (const field of fields) if (field.name !== 'signOut') yield { root, field, rule: rules[field.name] };
    }
  };

  it('is laid down for every operation of the schema', () => {
    const names = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
      Object.keys(type?.getFields() ?? {}),
    );
    expect(names.filter((name) => !(name in rules))).to.deep.equal([]);
    expect(names.length).to.be.greaterThan(50);
  });

  it('stands in the description of every operation', () => {
    const roles: Record<Role, string> = {
      OWNER: 'For Owners.',
      ADMIN: 'For Owners and Admins',
      MEMBER: 'For people, not for keys.',
    };
    const told = (name: string, rule: Rule | typeof anyone | typeof anyCaller): string => {
      if (rule === anyone) return 'For anybody.';
      if (rule === anyCaller) return '';
      if (/^nodes?$/.test(name)) return 'Needs what the quer';
      if (rule.scope === null) return roles[rule.role];
      const also = rule.also === undefined ? '' : ' and the read scope';
      const person = rule.role === 'ADMIN' ? 'or an Owner or Admin.' : 'or any member.';
      return also === '' ? `Needs \`${rule.scope}\`, ${person}` : `Needs \`${rule.scope}\`${also}`;
    };
    const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
    for (const { name, description } of types.flatMap((type) => Object.values(type?.getFields() ?? {}))) {
      expect(description?.replaceAll('\n', ' '), name).to.include(told(name, rules[name] ?? anyone));
    }
  });

  it('stands in the description of every field that needs more than the object it is of', async () => {
    const mine: [of: string, query: string, id: string, scope: Scope][] = [
      ['IntakeBot', 'intakeBot', own.intakeBot, 'read:intake-bots'],
      ['Submission', 'submission', own.submission, 'read:submissions'],
      ['Contact', 'contact', own.contact, 'read:contacts'],
      ['Record', 'record', own.record, 'read:records'],
      ['Event', 'event', own.event, 'manage:webhooks'],
      ['WebhookDelivery', 'webhookDelivery', own.webhookDelivery, 'manage:webhooks'],
      ['WebhookEndpoint', 'webhookEndpoint', own.webhookEndpoint, 'manage:webhooks'],
      ['Replay', 'replay', own.replay, 'manage:webhooks'],
    ];
    const told = { OWNER: 'For Owners', ADMIN: 'For Owners and Admins', MEMBER: 'For people' };
    let refused = 0;
    for (const [of, query, id, scope] of mine) {
      const { client } = callers.find(({ name }) => name === `a key with ${scope}`) as Caller;
      const type = schema.getType(of);
      if (!isObjectType(type)) throw new Error(`${of} is no type of object`);
      for (const field of Object.values(type.getFields())) {
        if (field.args.some((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined))
          continue;
        const inner = getNamedType(field.type);
        const hasContact = isObjectType(inner) && 'contact' in inner.getFields() && inner.name === 'RecordContact';
        const selection = isLeafType(inner) ? '' : hasContact ? '{ contact { id } }' : '{ __typename }';
        const { body } = await client.graphql(`query ($id: ID!) { ${query}(id: $id) { ${field.name} ${selection} } }`, {
          id,
        });
        for (const { extensions, path } of body.errors ?? []) {
          refused += 1;
          const at = (path as (string | number)[]).at(-1) === field.name ? field : null;
          const description = (at ?? (isObjectType(inner) ? inner.getFields()['contact'] : null))?.description ?? '';
          const { required } = extensions.details as { required: Role | Scope[] };
          const needs = typeof required === 'string' ? told[required] : `\`${required.join()}\``;
          if (!description.includes('read scope of the object inside')) {
            expect(description.replaceAll('\n', ' '), `${of}.${field.name}`).to.include(needs);
          }
        }
      }
    }
    expect(refused).to.be.greaterThan(8);
  });

  it('needs a key or a session, but to sign in and to accept an invitation', async () => {
    const anonymous = clientOf(server.url);
    for (const { root, field, rule } of operations()) {
      const { query, variables } = callOf(field, root, own);
      const code = codeOf(await anonymous.graphql(query, variables));
      if (rule === anyone) expect(code, field.name).to.be.oneOf(['invalid_credentials', 'validation_failed']);
      else expect(code, field.name).to.equal('authentication_required');
    }
  });

  // First of those that need things to be there: the next walks through every deletion too.
  it('is refused to streams just so', async () => {
    const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
    expect(fields).not.to.deep.equal([]);
    for (const { name, may, refusal, headers } of callers) {
      for (const field of fields) {
        const rule = rules[field.name] as Rule;
        const what = `${field.name} by ${name}`;
        const ofOwn = await streamCode(server.url, headers(), callOf(field, 'subscription', own));
        expect(ofOwn, what).to.equal(may(rule) ? null : refusal(rule));
        const ofForeign = await streamCode(server.url, headers(), callOf(field, 'subscription', foreign));
        if (!may(rule)) expect(ofForeign, what).to.equal(refusal(rule));
        else if (field.name !== 'eventOccurred') expect(ofForeign, what).to.equal('resource_not_found');
      }
    }
  }).timeout(60_000);

  it('is refused to each scope and role that the contract does not name, and to no other', async () => {
    for (const { name, client, may, refusal } of callers) {
      for (const { root, field, rule } of operations()) {
        if (rule === anyone || rule === undefined) continue;
        const { query, variables } = callOf(field, root, own);
        const answer = await client.graphql(query, variables);
        const what = `${field.name} by ${name}: ${JSON.stringify(answer.body)}`;
        if (rule === anyCaller || may(rule)) {
          expect(codeOf(answer), what).not.to.be.oneOf([
            'insufficient_scopes',
            'insufficient_role',
            'authentication_required',
            'feature_not_available',
            'rate_limit_exceeded',
            'GRAPHQL_VALIDATION_FAILED',
            'internal_error',
          ]);
        } else if (rule.also !== undefined) {
          // What is sent is known by its endpoint, which a caller before may have deleted.
          expect(codeOf(answer), what).to.be.oneOf([refusal(rule), 'resource_not_found']);
        } else expect(codeOf(answer), what).to.equal(refusal(rule));
      }
    }
  }).timeout(120_000);

  it('never reaches into another workspace', async () => {
    for (const { name, client, may } of callers) {
      for (const { root, field, rule } of operations()) {
        if (rule === anyone || rule === undefined || (rule !== anyCaller && !may(rule))) continue;
        const { query, variables, named } = callOf(field, root, foreign);
        const answer = await client.graphql(query, variables);
        const what = `${field.name} by ${name}: ${JSON.stringify(answer.body)}`;
        const found = JSON.stringify(answer.body.data ?? null);
        for (const id of Object.values(foreign)) expect(found, what).not.to.include(id);
        if (/^nodes?$/.test(field.name)) expect(found, what).to.match(/^\{"nodes?":(null|\[null\])\}$/);
        else if (named && codeOf(answer) !== null) expect(codeOf(answer), what).to.equal('resource_not_found');
        else if (named) expect(found, what).to.include('"nodes":[]');
      }
    }
  }).timeout(120_000);

  it('leaves what another workspace has as it was', async () => {
    const { manager } = server.app.database;
    const tables = {
      intake_bots: own.intakeBot && foreign.intakeBot,
      submissions: foreign.submission,
      contacts: foreign.contact,
      records: foreign.record,
      webhook_endpoints: foreign.webhookEndpoint,
      conversion_destinations: foreign.conversionDestination,
      users: foreign.user,
      api_keys: foreign.apiKey,
    };
    for (const [table, id] of Object.entries(tables)) {
      const [row] = await manager.query<object[]>(`select * from ${table} where id = $1`, [id]);
      expect(row, table).to.be.an('object');
      const { revoked_at = null, deleted_at = null, status, role } = row as Record<string, unknown>;
      expect([revoked_at, deleted_at], table).to.deep.equal([null, null]);
      if (table === 'webhook_endpoints') expect(status).to.equal('active');
      if (table === 'conversion_destinations') expect(status).to.equal('ACTIVE');
      if (table === 'users') expect(role).to.equal('MEMBER');
    }
  });

  it('ends with signing out, which only a session can', async () => {
    const codes = [];
    for (const { client } of callers) codes.push(codeOf(await client.graphql('mutation { signOut { signedOut } }')));
    expect(codes).to.deep.equal([...Array<string>(scopes.length + 1).fill('insufficient_role'), null, null, null]);
    for (const { name, client } of callers.slice(-3)) {
      expect(codeOf(await client.graphql('{ viewer { role } }')), name).to.equal('authentication_required');
    }
  });
});

/** What a stream says first, if it is a refusal; null when it is open, and when what it says is no refusal. */
async function streamCode(
  url: string,
  headers: Record<string, string>,
  { query, variables }: { query: string; variables: object },
): Promise<string | null> {
  const abort = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: abort.signal,
    headers: { ...headers, 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ query, variables }),
  });
  let text = '';
  const silent = setTimeout(() => abort.abort(), 150);
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      if (text.includes('event: next')) break;
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(silent);
    abort.abort();
  }
  return /"code":"(\w+)"/.exec(text)?.[1] ?? null;
}

async function keyCaller(server: TestServer, tenant: Tenant, granted: readonly Scope[]): Promise<Caller> {
  const secret = await server.app.database.transaction(async (tx) => {
    const input = { name: granted.join(), scopes: [...granted], allowedCidrs: [], documentsOnly: false };
    return (await server.app.apiKeys.insert(tx, tenant.workspaceId, input)).secret;
  });
  return {
    name: `a key with ${granted.join(', ')}`,
    client: clientOf(server.url, secret),
    headers: () => ({ Authorization: `Bearer ${secret}` }),
    may: ({ scope, also = [] }) => scope !== null && [scope, ...also].every((one) => granted.includes(one)),
    refusal: ({ scope }) => (scope === null ? 'insufficient_role' : 'insufficient_scopes'),
  };
}

async function everyThing(server: TestServer, tenant: Tenant): Promise<Things> {
  const { app } = server;
  const owner = await memberOf(app, tenant, 'OWNER');
  const ask = async (query: string) => {
    const { body } = await owner.graphql(query);
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return body.data;
  };
  const made = await ask(`mutation { createWebhookEndpoint(input: {
    url: "http://127.0.0.1:9/", events: ["submission.completed", "contact.created"] }) { webhookEndpoint { id } } }`);
  const webhookEndpoint: string = made.createWebhookEndpoint.webhookEndpoint.id;
  const bot = await createBot(app, tenant.workspaceId, { record_type: 'lead' });
  const { id: submission } = await createSubmission(app, bot);
  await createSubmission(app, bot);
  const told = await ask(`mutation { createConversionDestination(input: { intakeBotId: "${bot.id}",
    meta: { datasetId: "1234567890", accessToken: "a-token-of-meta" } }) { conversionDestination { id } } }`);
  const conversionDestination: string = told.createConversionDestination.conversionDestination.id;
  const conversion = newId('conversion');
  await app.database.manager.query(
    `insert into conversions (id, workspace_id, destination_id, intake_bot_id, submission_id, platform, event_id,
       event_name, occurred_at, status, retry_until, created_at, updated_at, ended_at)
     values ($1, $2, $3, $4, $5, 'meta', $5 || ':Lead', 'Lead', now(), 'DELIVERED', now(), now(), now(), now())`,
    [conversion, tenant.workspaceId, conversionDestination, bot.id, submission],
  );
  const started = await ask(`mutation { startReplay(input: {
    endpointId: "${webhookEndpoint}", since: "2026-01-01T00:00:00Z", dryRun: true }) { replay { id } } }`);
  const member = {
    workspaceId: tenant.workspaceId,
    name: 'Spare',
    role: 'MEMBER',
    password: 'spare password',
  } as const;
  const { id: user } = await app.database.transaction(async (tx) =>
    app.accounts.create(tx, { ...member, email: `spare.${tenant.workspaceId}@example.com` }),
  );
  const invited = await ask(`mutation { inviteMember(input: {
    email: "invited.${tenant.workspaceId}@example.com" }) { invitation { id } } }`);
  const notice = newId('notice');
  await app.database.manager.query(
    `insert into notices (id, workspace_id, kind, text, params, created_at) values ($1, $2, 'test', 'Test', '{}', now())`,
    [notice, tenant.workspaceId],
  );
  const gone = await ask('mutation { createContact(input: { email: "gone@example.com" }) { contact { id } } }');
  const erased = await ask(
    `mutation { deleteContact(input: { id: "${gone.createContact.contact.id}" }) { erasure { id } } }`,
  );
  const { viewer } = await ask('{ viewer { sessions { id } } }');
  const seen = await ask(`{
    contacts { nodes { id } } records { nodes { id } } events { nodes { id } } apiKeys { nodes { id } } }`);
  let deliveries: { id: string }[] = [];
  for (const endMs = performance.now() + 5_000; deliveries.length === 0 && performance.now() < endMs;) {
    deliveries = (await ask('{ webhookDeliveries { nodes { id } } }')).webhookDeliveries.nodes;
  }
  return {
    intakeBot: bot.id,
    submission,
    contact: seen.contacts.nodes[0].id,
    duplicate: seen.contacts.nodes[1].id,
    erasure: erased.deleteContact.erasure.id,
    record: seen.records.nodes[0].id,
    event: seen.events.nodes[0].id,
    webhookEndpoint,
    conversionDestination,
    conversion,
    webhookDelivery: deliveries[0]?.id ?? newId('webhookDelivery'),
    replay: started.startReplay.replay.id,
    notice,
    invitation: invited.inviteMember.invitation.id,
    user,
    session: viewer.sessions[0].id,
    owner: tenant.owner.id,
    apiKey: seen.apiKeys.nodes[0].id,
  };
}
