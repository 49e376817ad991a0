/** Workspaces with bots, keys, people, subscribers and ad platforms, made through the doors before anything is counted. */
import { GoogleDouble } from '../platforms/google.js';
import { janeDoe, platformNames } from '../platforms/golden.js';
import { LinkedInDouble } from '../platforms/linkedin.js';
import { MetaDouble } from '../platforms/meta.js';
import { TikTokDouble } from '../platforms/tiktok.js';
import { namedHost, type Ground } from './ground.js';
import type { Ledger } from './ledger.js';
import type { Receivers, ReceiverKind } from './receivers.js';
import type { Answered, Requests } from './requests.js';

export interface Workspace {
  id: string;
  /** Full keys that the load uses in turns; each may ask 500 times a minute. */
  keys: string[];
  /** Those of whoever follows events, which come no faster than the points of their key. */
  followers: { socket: string; sse: string; list: string };
  /** May read submissions, and nothing else. */
  weakKey: string;
  /** The owner's session. */
  cookie: string;
  bots: { form: string; leads: string; switched: string[] };
  endpoints: { id: string; kind: ReceiverKind }[];
  /** Bound to the last event before anything was counted. */
  firstEventId: string;
  /** Of objects made so far, the last few, for whoever reads. */
  made: { submissions: string[]; contacts: string[] };
}

export interface Doubles {
  meta: MetaDouble;
  google: GoogleDouble;
  linkedin: LinkedInDouble;
  tiktok: TikTokDouble;
}

export async function startDoubles(): Promise<Doubles> {
  const [meta, google] = [await MetaDouble.start(), await GoogleDouble.start()];
  const [linkedin, tiktok] = [await LinkedInDouble.start(), await TikTokDouble.start()];
  for (const double of [meta, google, linkedin, tiktok]) double.knows(janeDoe);
  return { meta, google, linkedin, tiktok };
}

/** Settings of the processes: this machine may be called, and failures are tried again within a minute, not within a day. */
export const settingsFor = ({ meta, google, linkedin, tiktok }: Doubles): Record<string, string> => ({
  WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
  WEBHOOK_RETRY_DELAYS: '1s,2s,3s,5s,5s,5s,5s,10s,10s',
  WEBHOOK_TIMEOUT_MS: '5000',
  CONVERSIONS_META_URL: meta.url,
  CONVERSIONS_GOOGLE_URL: google.url,
  CONVERSIONS_GOOGLE_TOKEN_URL: google.tokenUrl,
  CONVERSIONS_LINKEDIN_URL: linkedin.url,
  CONVERSIONS_TIKTOK_URL: tiktok.url,
  CONVERSIONS_TIMEOUT_MS: '3000',
});

const form = [
  { name: 'token', label: 'Token', type: 'text', required: true },
  { name: 'email', label: 'E-mail', type: 'email', required: true },
  { name: 'note', label: 'Note', type: 'textarea' },
];
const leadForm = [
  { name: 'token', label: 'Token', type: 'text', required: true },
  ...Object.keys(janeDoe.typed).map((name) => ({
    name,
    label: name,
    type: name === 'email' || name === 'phone' ? name : 'text',
  })),
];

const everything = [
  'submission.completed',
  'submission.updated',
  'contact.created',
  'contact.updated',
  'intake-bot.status-changed',
];
const listens: Record<ReceiverKind, readonly string[]> = {
  fast: everything,
  slow: ['submission.completed'],
  failing: ['submission.completed', 'contact.created'],
  'in order': everything,
  gone: ['contact.created', 'contact.updated'],
  named: ['submission.updated', 'contact.created', 'intake-bot.status-changed'],
};

export const lead = (token: string) => ({ ...janeDoe.typed, token });

export const attribution = (token: string) => ({
  gclid: `gclid-${token}`,
  landing_page: 'https://example.com/landing',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  ip: '203.0.113.7',
  consent: { ad_user_data: 'granted', ad_personalization: 'granted' },
});

interface Needs {
  ground: Ground;
  requests: Requests;
  ledger: Ledger;
  receivers: Receivers;
  doubles: Doubles;
}

/** @param keys how many the load needs */
export async function makeWorkspace(needs: Needs, number: number, keys: number): Promise<Workspace> {
  const { ground, requests, ledger, receivers, doubles } = needs;
  const email = `owner${number}.${Date.now()}@example.com`;
  const made = await ground.iozen(
    'workspace',
    'create',
    '--name',
    `Soak ${number}`,
    '--plan',
    'business',
    '--owner-email',
    email,
  );
  const id: string = made.workspace_id;
  let cookie = '';
  const mutate = async (field: string, input: object, selection: string) => {
    const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`;
    const body = { query, variables: { input } };
    const headers: Record<string, string> = cookie === '' ? {} : { Cookie: cookie };
    const answered = await requests.ask({
      door: 'console',
      method: 'POST',
      path: '/graphql',
      body,
      headers,
      repeats: true,
    });
    if (answered?.body?.data?.[field] == null) throw new Error(`${field}: ${JSON.stringify(answered?.body)}`);
    return { ...answered, data: answered.body.data[field] };
  };
  const { headers } = await mutate('signIn', { email, password: made.owner.password }, 'viewer { role }');
  cookie = headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';

  const scopes = ['read:submissions', 'read:contacts', 'read:records', 'read:intake-bots', 'write:intake-bots'];
  const all = [...scopes, 'manage:webhooks'];
  const key = async (name: string, scopes: string[]): Promise<string> =>
    (await mutate('createApiKey', { name, scopes }, 'secret')).data.secret;
  const bot = async (name: string, schema: object[]): Promise<string> =>
    (await mutate('createIntakeBot', { name, status: 'ACTIVE', schema }, 'intakeBot { id }')).data.intakeBot.id;
  const more: string[] = [];
  for (let n = 1; n < keys; n += 1) more.push(await key(`Load ${n}`, all));
  const workspace: Workspace = {
    id,
    keys: [made.api_key, ...more],
    followers: { socket: await key('Socket', all), sse: await key('Stream', all), list: await key('List', all) },
    weakKey: await key('Weak', ['read:submissions']),
    cookie,
    bots: { form: await bot('Form', form), leads: await bot('Leads', leadForm), switched: [] },
    endpoints: [],
    firstEventId: '',
    made: { submissions: [], contacts: [] },
  };
  for (let n = 0; n < 4; n += 1) workspace.bots.switched.push(await bot(`Switched ${n}`, form));

  const kinds = (Object.keys(listens) as ReceiverKind[]).filter((kind) => kind !== 'named' || ground.names !== null);
  for (const kind of kinds) {
    const { host, port } = receivers.addressOf(kind);
    const path = `/${kind.replaceAll(' ', '-')}/${number}`;
    if (kind === 'named' && ground.names !== null) ground.names.address = host;
    const url = `http://${kind === 'named' ? namedHost : host}:${port}${path}`;
    const input = { url, events: listens[kind], ...(kind === 'in order' && { maxConcurrency: 1 }) };
    const { data } = await mutate('createWebhookEndpoint', input, 'secret webhookEndpoint { id }');
    const endpointId: string = data.webhookEndpoint.id;
    receivers.register(path, { id: endpointId, secret: data.secret, kind });
    ledger.listen({ id: endpointId, workspaceId: id, kind, types: listens[kind], inOrder: kind === 'in order' });
    workspace.endpoints.push({ id: endpointId, kind });
  }

  const accounts = {
    meta: { datasetId: doubles.meta.datasetId, accessToken: doubles.meta.accessToken },
    google: {
      operatingAccountId: doubles.google.operatingAccountId,
      conversionActionId: doubles.google.conversionActionId,
      refresh: doubles.google.refresh,
    },
    linkedin: { conversionUrn: doubles.linkedin.conversionUrn, accessToken: doubles.linkedin.accessToken },
    tiktok: { eventSourceId: doubles.tiktok.eventSourceId, accessToken: doubles.tiktok.accessToken },
  };
  for (const platform of platformNames) {
    const input = {
      intakeBotId: workspace.bots.leads,
      [platform]: accounts[platform],
      defaultCountry: 'US',
      mapping: { externalId: 'token' },
    };
    await mutate('createConversionDestination', input, 'conversionDestination { id }');
  }
  return workspace;
}

/** What GraphQL answered, or an error that says what it refused. */
export function dataOf(answered: Answered | null): Record<string, unknown> {
  if (answered?.body?.data == null) throw new Error(`${answered?.status} ${JSON.stringify(answered?.body)}`);
  return answered.body.data;
}
