import type { Hostile, World } from './world.js';

/** One request of a neighbour who means no good. */
export interface Hit {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Hangs up this long after it was sent, whatever comes. */
  hangUpMs?: number;
  /** Reads nothing of the answer. */
  readsNothing?: boolean;
}

/** Makes the `n`-th request of its kind: each its own, so that no cache helps. */
export type Way = (n: number) => Hit;
export type Ways = Readonly<Record<string, Way>>;

export type Attacker = 'key' | 'member' | 'stranger';

const repeated = (count: number, what: string) =>
  Array.from({ length: count }, (_, n) => what.replaceAll('#', String(n))).join(' ');
const graphql = (query: string, variables: object = {}, more: Partial<Hit> = {}): Hit => ({
  method: 'POST',
  path: '/graphql',
  body: JSON.stringify({ query, variables }),
  ...more,
});
const mutation = (name: string, input: object, more: Partial<Hit> = {}): Hit => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return graphql(`mutation M($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input }, more);
};
const subset = <T>(n: number, of: readonly T[]) => of.filter((_, index) => ((n % 2 ** of.length) >> index) & 1);

const statuses = ['PENDING', 'DELIVERING', 'DELIVERED', 'RETRYING', 'HELD', 'EXHAUSTED', 'SKIPPED'];
const types = [
  'submission.completed',
  'submission.updated',
  'contact.created',
  'contact.updated',
  'intake-bot.status-changed',
];
const megabyteOfZeros = `{"query":"{__typename}","variables":{"a":9007199254740993.${'0'.repeat(1_000_000)}1}}`;
const tinyNumbers = `{"query":"{__typename}","variables":{"a":[${'1e-400,'.repeat(140_000)}1]}}`;
const nested = `{"query":"{__typename}","variables":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
const longText = (n: number) => `${n} ${'Ä b1'.repeat(2_000)}`;
const expanding = (n: number) =>
  `query Q${n} { ${repeated(20, `a#_${n}: submissions(first: 1) { nodes { ...A } }`)} }
   fragment A on Submission { id contact { ...C } intakeBot { ...B } }
   fragment B on IntakeBot { id name submissions(first: 1) { nodes { id contact { ...C } } } }
   fragment C on Contact { id email submissions(first: 1) { nodes { id intakeBot { id name } } } }`;
const introspection = (n: number) =>
  `{ ${repeated(20, `a#_${n}: __type(name: "Submission") { fields { name args { name type { name ofType { name ofType { name } } } } } }`)} }`;

/** With all scopes of a workspace on Business. */
export const keyWays = (world: Hostile): Ways => {
  const { botId, patternBotId, submissionId, endpointId, recordId } = world;
  const list = `/api/v1/intake-bots/${botId}/submissions`;
  const json = (path: string, method: string, body: unknown): Hit => ({ path, method, body: JSON.stringify(body) });
  return {
    'the largest page': () => ({ path: `${list}?limit=100` }),
    'the largest page, unread': () => ({ path: `${list}?limit=100`, readsNothing: true, hangUpMs: 5_000 }),
    'the largest page, left at once': () => ({ path: `${list}?limit=100`, hangUpMs: 20 }),
    'the largest answer under aliases': (n) =>
      graphql(`{ ${repeated(5, `a#_${n}: submissions(first: 60) { nodes { data } }`)} }`),
    'a search through everything': (n) =>
      graphql(`{ webhookDeliveries(first: 1, filter: {search: "nothing ${n}"}) { totalCount nodes { id } } }`),
    'searches under aliases': (n) =>
      graphql(
        `{ ${repeated(20, `a#: webhookDeliveries(first: 1, filter: {search: "nothing ${n} #"}) { nodes { id } }`)} }`,
      ),
    'counts of everything': (n) =>
      graphql(`{ ${repeated(20, `a#_${n}: webhookDeliveries(first: 1) { totalCount } `)} }`),
    'filters in every form': (n) =>
      graphql(
        `query ($f: [WebhookDeliveryFilter]) { ${repeated(4, `a#: webhookDeliveries(first: 1, filter: ${filterText(n * 4)}) { nodes { id } }`)} }`.replace(
          'query ($f: [WebhookDeliveryFilter])',
          '',
        ),
      ),
    'rare filters': () =>
      graphql('{ submissions(first: 1, filter: {status: [IN_PROGRESS], isTest: false}) { totalCount nodes { id } } }'),
    'payloads and attempts': () =>
      graphql('{ webhookDeliveries(first: 100) { nodes { event { payload } attempts { responseBody } } } }'),
    'lists that multiply': () =>
      graphql(
        `{ record(id: "${recordId}") { contacts { contact { records(first: 1) { nodes { contacts { contact { records(first: 1) { nodes { contacts { role } } } } } } } } } } }`,
      ),
    'a new document each time': (n) => graphql(expanding(n)),
    'the same dear document again and again': (n) => graphql(expanding(Math.floor(n / 15))),
    'fields that are all alike': (n) => graphql(`{ q${n}: intakeBots { nodes { ${'name '.repeat(1_900)} } } }`),
    'unknown fields': (n) => graphql(`{ ${repeated(1_900, `nothing${n}#`)} }`),
    'the longest number': () => ({ path: '/graphql', method: 'POST', body: megabyteOfZeros }),
    'the deepest nesting': () => ({ path: '/graphql', method: 'POST', body: nested }),
    'the dearest patterns': (n) =>
      json(`/api/v1/intake-bots/${patternBotId}/submissions`, 'POST', {
        data: Object.fromEntries(Array.from({ length: 20 }, (_, f) => [`f${f}`, longText(n + f)])),
      }),
    'a create of a megabyte': (n) =>
      json(list, 'POST', { data: { full_name: `N ${n} ${'x'.repeat(9_000)}`, email: `x${n}@example.com` } }),
    'changes of one row at once': (n) =>
      json(`${list}/${submissionId}`, 'PATCH', { data: { full_name: `Ada ${n} ${'z'.repeat(9_000)}` } }),
    'creates for one contact at once': (n) =>
      json(list, 'POST', { data: { full_name: `Ada ${n}`, email: 'the-same@example.com' } }),
    'a dry run of a replay': (n) =>
      mutation('startReplay', {
        endpointId,
        since: new Date(Date.now() - 86_400_000 * ((n % 30) + 1)),
        only: 'MISSED',
        dryRun: true,
      }),
    'a replay of everything': () =>
      mutation('startReplay', {
        endpointId,
        since: new Date(Date.now() - 86_400_000 * 29),
        only: 'ALL',
        ratePerSecond: 100,
      }),
    'a schema of patterns': (n) =>
      json(`/api/v1/intake-bots/${patternBotId}`, 'PATCH', {
        schema: Array.from({ length: 200 }, (_, f) => ({
          name: `f${f}`,
          label: `${n}`,
          type: 'text',
          pattern: `(?:[\\pL${f}]{0,9}){0,99}${n}`,
        })),
      }),
    'subscriptions left open': () =>
      graphql(
        'subscription { eventOccurred { id payload } }',
        {},
        { headers: { accept: 'text/event-stream' }, hangUpMs: 8_000 },
      ),
    'an unknown route': (n) => ({ path: `/api/v1/${'x'.repeat(2_000)}${n}` }),
  };
};

const filterText = (n: number) => {
  const status = subset(n, statuses);
  const type = subset(n >> 3, types);
  const parts = [
    status.length > 0 ? `status: [${status.join(', ')}]` : '',
    type.length > 0 ? `eventType: ["${type.join('", "')}"]` : '',
    n % 3 === 0 ? 'createdAt: {gte: "2020-01-01T00:00:00Z"}' : '',
    n % 5 === 0 ? 'createdAt: {lt: "2060-01-01T00:00:00Z"}' : '',
  ].filter((part, index, all) => part !== '' && !(index === 3 && all[2] !== ''));
  return `{${parts.join(', ')}}`;
};

/** Signed in, the least of roles. */
export const memberWays = ({ contactIds, submissionId, recordId, members: [member] }: Hostile): Ways => {
  const contactOf = (n: number) => contactIds[n % contactIds.length] ?? '';
  const custom = (n: number) =>
    Object.fromEntries(Array.from({ length: 20 }, (_, f) => [`k${(n % 5) * 20 + f}`, `${n}${'v'.repeat(9_000)}`]));
  return {
    'a contact that grows': (n) => mutation('updateContact', { id: contactOf(0), customFields: custom(n) }),
    'many contacts that change': (n) => mutation('updateContact', { id: contactOf(n), firstName: `F${n}` }),
    'merges of contacts': (n) => mutation('mergeContacts', { id: contactOf(1), duplicateId: contactOf(2 + (n % 400)) }),
    'contacts by a tag nobody has': (n) =>
      graphql(`{ ${repeated(4, `a#: contacts(first: 1, filter: {tag: "none ${n} #"}) { nodes { id } totalCount }`)} }`),
    'contacts with all they have': (n) =>
      graphql(
        `{ a${n}: contacts(first: 100) { nodes { customFields tags submissionCount records(first: 5) { nodes { data } } } } }`,
      ),
    'records by a type nobody has': (n) =>
      graphql(`{ records(first: 1, filter: {recordType: "none ${n}"}) { nodes { id } totalCount } }`),
    'answers of a megabyte': (n) =>
      mutation('updateSubmission', { id: submissionId, data: { full_name: `${n}${'w'.repeat(9_990)}` } }),
    'links upon links': (n) => mutation('linkRecordContact', { recordId, contactId: contactOf(0), role: `x${n}` }),
    'wrong passwords of their own': (n) =>
      mutation('changePassword', { currentPassword: `wrong ${n}`, newPassword: 'another password' }),
    'sign-ins of their own': () => mutation('signIn', { ...member }),
    erasures: (n) => mutation('deleteContact', { id: contactOf(450 + (n % 50)) }),
    'deep pages': (n) =>
      graphql(
        `{ contacts(last: 100, filter: {createdAt: {gte: "20${10 + (n % 80)}-01-01T00:00:00Z"}}) { nodes { id } } }`,
      ),
  };
};

/** Nobody we know. */
export const strangerWays = ({ botId }: Hostile): Ways => ({
  'the longest number': () => ({ path: '/graphql', method: 'POST', body: megabyteOfZeros }),
  'numbers that vanish': () => ({ path: '/graphql', method: 'POST', body: tinyNumbers }),
  'the deepest nesting': () => ({ path: '/graphql', method: 'POST', body: nested }),
  'no JSON at all': () => ({ path: '/graphql', method: 'POST', body: '['.repeat(1_000_000) }),
  'introspection under aliases': (n) =>
    graphql(`{ ${repeated(20, `a#_${n}: __schema { types { name fields { name args { name } } } }`)} }`),
  'types under aliases, twice': (n) => graphql(introspection(Math.floor(n / 2))),
  'fields to be compared': (n) => graphql(`{ a${n}: __schema { types { ${'fields { name } '.repeat(400)} } } }`),
  'wrong passwords': (n) => mutation('signIn', { email: `nobody${n}@example.com`, password: 'wrong' }),
  'wrong passwords of one person': (n) => mutation('signIn', { email: 'owner@example.com', password: `wrong ${n}` }),
  'invitations that never were': (n) =>
    mutation('acceptInvitation', { token: `${n}`.padStart(43, 'a'), name: 'N', password: 'a password of mine' }),
  'REST without a key, a megabyte': () => ({
    path: `/api/v1/intake-bots/${botId}/submissions`,
    method: 'POST',
    body: `{"data":{"a":"${'x'.repeat(1_000_000)}"}}`,
  }),
  'keys that never were': (n) => ({
    path: '/api/v1/intake-bots',
    headers: { authorization: `Bearer iozen_live_${`${n}`.padStart(32, 'A')}` },
  }),
  'the documentation': (n) => ({
    path: ['/api/v1/docs', '/api/v1/openapi.json', '/schema.graphql', '/graphql/explorer/graphiql.js'][n % 4] ?? '/',
    headers: { 'accept-encoding': 'br' },
  }),
  'a body that never ends': () => ({
    path: '/graphql',
    method: 'POST',
    headers: { 'content-length': '1000000' },
    body: 'x'.repeat(500_000),
    hangUpMs: 5_000,
  }),
  'readiness and routes that are none': (n) => ({ path: n % 2 === 0 ? '/readyz' : `/${'y'.repeat(4_000)}` }),
});

export const waysOf = ({ hostile }: World): Record<Attacker, Ways> => ({
  key: keyWays(hostile),
  member: memberWays(hostile),
  stranger: strangerWays(hostile),
});
