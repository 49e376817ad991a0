import { generateKeyPairSync } from 'node:crypto';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { externalId, janeDoe, type PlatformName } from '../platforms/golden.js';
import { GoogleDouble } from '../platforms/google.js';
import { LinkedInDouble } from '../platforms/linkedin.js';
import { MetaDouble } from '../platforms/meta.js';
import { TikTokDouble } from '../platforms/tiktok.js';
import { createTenant, startServer, type Tenant, type TestServer, type TestServerOptions } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

/** A bot's form that asks who somebody is, by the names that conversions find by themselves. */
export const leadForm = [
  { name: 'email', label: 'E-mail', type: 'email' },
  { name: 'phone', label: 'Phone', type: 'phone' },
  ...['first_name', 'last_name', 'city', 'state', 'zip', 'country', 'customer_id', 'company'].map((name) => ({
    name,
    label: name,
    type: 'text',
  })),
  { name: 'budget', label: 'Budget', type: 'number' },
];

/** The clicks and cookies that the landing page had, as they were. */
export const clicks = {
  fbclid: 'IwAR2-AbC_dEf',
  fbp: 'fb.1.1789370000000.1098115397',
  gclid: 'EAIaIQobChMI_x-Y',
  li_fat_id: 'df5gf5-gh6t7-ph4j7h-fgf6n1',
  ttclid: 'E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ',
  ttp: '94e2a4j9-h3ss-k1b5-98cc-c84n745mk145',
};
export const ip = '203.0.113.7';
export const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36';

/** What a page sends beside a lead, with the consent of whoever it is. */
export function attributionOf(more: object = {}): Record<string, unknown> {
  return {
    ...clicks,
    ip,
    user_agent: userAgent,
    landing_page: 'https://example.com/landing',
    referrer: 'https://google.com/',
    first_seen_at: new Date(firstSeenAt).toISOString(),
    consent: { ad_user_data: 'granted', ad_personalization: 'granted' },
    ...more,
  };
}
export const firstSeenAt = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;

const serviceAccountKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface Conversion {
  id: string;
  status: string;
  verdict: string | null;
  reason: string | null;
  nextAttemptAt: string | null;
  /** In lower case. */
  platform: PlatformName;
  attempts: { at: string; status: number | null; code: string | null; message: string; traceId: string | null }[];
  destination: { id: string; status: string; pauseReason: string | null };
}

const conversionFields = `
  id status verdict reason nextAttemptAt attempts { at status code message traceId } platform
  destination { id status pauseReason }
`;

type Standing = Pick<Conversion, 'platform' | 'status'> & { attempts: number };

export interface Site {
  server: TestServer;
  tenant: Tenant;
  owner: Person;
  client: Client;
  meta: MetaDouble;
  google: GoogleDouble;
  linkedin: LinkedInDouble;
  tiktok: TikTokDouble;
  /** A bot of its own for each test. */
  bot: SharedIntakeBot;
  /** Moves into a workspace of its own: each may ask some hundred things in a minute. */
  settle: () => Promise<void>;
  /** Doubles that have heard nothing, and know the person and the clicks of these tests. */
  forget: () => void;
  double: (platform: PlatformName) => MetaDouble | GoogleDouble | LinkedInDouble | TikTokDouble;
  /** Makes a destination of the bot at the double of the platform. */
  connect: (platform: PlatformName, more?: object, bot?: SharedIntakeBot) => Promise<string>;
  /** What the owner asks of GraphQL; fails on errors. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
  ask: (query: string, variables?: object) => Promise<any>;
  submit: (data?: object, attribution?: object | null, more?: object, bot?: SharedIntakeBot) => Promise<string>;
  conversions: (submissionId: string) => Promise<Conversion[]>;
  /** The one conversion of a submission, once it stands so, and after so many attempts. */
  becomes: (submissionId: string, status: string, attempts?: number) => Promise<Conversion>;
  becomesAll: (submissionId: string, statuses: Partial<Record<PlatformName, string>>) => Promise<Conversion[]>;
  /** As if its time had come: what waits for its next attempt or question is due now. */
  due: (...conversionIds: string[]) => Promise<void>;
}

/** A site that tells four ad platforms of its leads, one for all tests around it. */
export function useConversions(options: TestServerOptions = {}): Site {
  const site = {} as Site;

  before(async () => {
    site.meta = await MetaDouble.start();
    site.google = await GoogleDouble.start();
    site.linkedin = await LinkedInDouble.start();
    site.tiktok = await TikTokDouble.start();
    site.server = await startServer({ ...options, env: { ...addressesOf(site), ...options.env } });
  });
  let tests = 0;
  beforeEach(async () => {
    if (tests++ % 15 === 0) await site.settle();
    site.forget();
    site.bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: leadForm });
  });
  site.forget = () => {
    for (const double of doublesOf(site)) {
      double.reset();
      double.knows(janeDoe);
      double.knowsDigest('external_id', externalId.digest);
      double.knowsClicks([clicks.fbp, clicks.gclid, clicks.li_fat_id, clicks.ttclid, clicks.ttp]);
      double.knowsClicks([clicks.fbclid], firstSeenAt);
    }
    site.google.serviceAccount.publicKey = serviceAccountKeys.publicKey
      .export({ type: 'spki', format: 'pem' })
      .toString();
  };
  afterEach(async () => {
    // Nothing that one test sends comes to the next.
    await quiet();
    for (const double of doublesOf(site)) double.assertClean();
  });
  after(async () => {
    await site.server.stop();
    for (const double of doublesOf(site)) await double.stop();
  });

  site.settle = async () => {
    site.tenant = await createTenant(site.server.app);
    site.owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    site.client = clientOf(site.server.url, site.tenant.key);
  };
  site.double = (platform) => site[platform];
  site.ask = async (query, variables = {}) => {
    const { body } = await site.owner.graphql(query, variables);
    if (body.errors !== undefined) throw new Error(JSON.stringify(body.errors));
    return body.data;
  };
  site.connect = async (platform, more = {}, bot = site.bot) => {
    const input = {
      intakeBotId: bot.id,
      [platform]: accountOf(site, platform),
      mapping: { externalId: 'customer_id' },
      defaultCountry: 'US',
      ...more,
    };
    const { createConversionDestination: made } = await site.ask(
      `mutation ($input: CreateConversionDestinationInput!) {
        createConversionDestination(input: $input) { conversionDestination { id } }
      }`,
      { input },
    );
    return made.conversionDestination.id;
  };
  site.submit = async (
    data = { ...janeDoe.typed, customer_id: externalId.typed },
    attribution = attributionOf(),
    more = {},
    bot = site.bot,
  ) => {
    const path = `/intake-bots/${bot.id}/submissions`;
    const sent = { data, ...(attribution !== null && { attribution }), ...more };
    const { status, body } = await site.client.rest('POST', path, sent);
    if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
    return body.data.submission.id;
  };
  site.conversions = async (submissionId) => {
    const { conversions } = await site.ask(
      `query ($filter: ConversionFilter!) { conversions(filter: $filter) { nodes { ${conversionFields} } } }`,
      { filter: { submissionId } },
    );
    return conversions.nodes.map((it: Conversion) => ({ ...it, platform: it.platform.toLowerCase() }));
  };
  const quiet = async () => {
    const going = `select count(*)::int as count from conversions
      where status = 'SENDING' or (status = 'PENDING' and json_array_length(attempts) = 0)`;
    for (const deadline = Date.now() + 10_000; Date.now() < deadline;) {
      const { rows } = await site.server.app.database.pool.query<{ count: number }>(going);
      if (rows[0]?.count === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('conversions are still sent after 10 s');
  };
  // Looked up past the door, where each look would be counted.
  const standing = async (submissionId: string): Promise<Standing[]> => {
    const query = `select platform, status, json_array_length(attempts) as attempts from conversions where submission_id = $1`;
    return (await site.server.app.database.pool.query(query, [submissionId])).rows;
  };
  const until = async (submissionId: string, isSo: (found: Standing[]) => boolean): Promise<Conversion[]> => {
    const deadline = Date.now() + 10_000;
    for (;;) {
      if (isSo(await standing(submissionId))) return await site.conversions(submissionId);
      if (Date.now() > deadline)
        throw new Error(`so for 10 s: ${JSON.stringify(await site.conversions(submissionId))}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  site.becomes = async (submissionId, status, attempts) => {
    const isSo = (it?: Standing) => it?.status === status && (attempts === undefined || it.attempts === attempts);
    const [conversion] = await until(submissionId, ([first]) => isSo(first));
    return conversion as Conversion;
  };
  site.becomesAll = async (submissionId, statuses) => {
    const entries = Object.entries(statuses);
    const isSo = (found: Standing[]) =>
      found.length === entries.length &&
      entries.every(([platform, status]) => found.some((it) => it.platform === platform && it.status === status));
    return await until(submissionId, isSo);
  };
  site.due = async (...conversionIds) => {
    const { database, conversionWorker } = site.server.app;
    const text = `update conversions set next_attempt_at = now() - interval '2 minutes'
      where id = any($1) and next_attempt_at is not null`;
    const { rowCount } = await database.pool.query(text, [conversionIds]);
    if (rowCount !== conversionIds.length)
      throw new Error(`${rowCount} of ${conversionIds.length} wait for their time`);
    await conversionWorker.chores();
  };
  return site;
}

export const doublesOf = ({ meta, google, linkedin, tiktok }: Site) => [meta, google, linkedin, tiktok];

/** Settings by which a server calls the doubles instead of the platforms. */
export function addressesOf({ meta, google, linkedin, tiktok }: Site): Record<string, string> {
  return {
    CONVERSIONS_META_URL: meta.url,
    CONVERSIONS_GOOGLE_URL: google.url,
    CONVERSIONS_GOOGLE_TOKEN_URL: google.tokenUrl,
    CONVERSIONS_LINKEDIN_URL: linkedin.url,
    CONVERSIONS_TIKTOK_URL: tiktok.url,
    CONVERSIONS_TIMEOUT_MS: '3000',
  };
}

/** The account at a double, as whoever connects it gives it. */
export function accountOf({ meta, google, linkedin, tiktok }: Site, platform: PlatformName): object {
  const { operatingAccountId, conversionActionId, refresh } = google;
  const accounts = {
    meta: { datasetId: meta.datasetId, accessToken: meta.accessToken },
    google: { operatingAccountId, conversionActionId, refresh },
    linkedin: { conversionUrn: linkedin.conversionUrn, accessToken: linkedin.accessToken },
    tiktok: { eventSourceId: tiktok.eventSourceId, accessToken: tiktok.accessToken },
  };
  return accounts[platform];
}

/** The key of the service account that Google's double knows, as Google's console lets it be downloaded. */
export function serviceAccountOf({ google }: Site, more: object = {}): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'project',
    private_key_id: google.serviceAccount.keyId,
    private_key: serviceAccountKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: google.serviceAccount.clientEmail,
    token_uri: 'https://evil.example/token',
    ...more,
  });
}
