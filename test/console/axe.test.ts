import { expect } from 'chai';
import type { Page, Response } from 'playwright-core';
import { createBot, createSubmission } from '../../dist/test/support/factories.js';
import { memberOf } from '../../dist/test/support/people.js';
import { Receiver } from '../../dist/test/support/receiver.js';
import { consoleRoutes } from './routes.ts';
import { broken, Console, inEachLook } from './support.ts';

/** For each route of the console what its page says once it is there, and which of `Things` its `:id` is. */
const shown: Readonly<Record<string, readonly [text: string, id?: keyof Things]>> = {
  '/sign-in': ['Sign in to ioZen'],
  '/invitation': ['Join the workspace', 'invitation'],
  '/': ['Submissions this month'],
  '/deliveries': ['submission.completed'],
  '/deliveries/:id': ['Redeliver now', 'failedDelivery'],
  '/deliveries/:id/redeliver': ['This is already delivered', 'delivery'],
  '/settings/api-keys': ['Warehouse'],
  '/settings/api-keys/new': ['Read everything'],
  '/settings/api-keys/new/agent': ['goes to the maker of its model'],
  '/settings/api-keys/:id': ['Begins with', 'key'],
  '/settings/api-keys/:id/rotate': ['The secret so far works on for', 'key'],
  '/settings/api-keys/:id/revoke': ['Within a second', 'key'],
  '/settings/webhooks': ['/crm'],
  '/settings/webhooks/new': ['How many at once'],
  '/settings/webhooks/:id': ['Latest deliveries', 'endpoint'],
  '/settings/webhooks/:id/edit': ['How many at once', 'endpoint'],
  '/settings/webhooks/:id/secret': ['is signed with a new secret from now on', 'endpoint'],
  '/settings/webhooks/:id/test': ['An example with nothing of yours in it', 'endpoint'],
  '/settings/webhooks/:id/replay': ['with the ids and bytes that they had', 'endpoint'],
  '/settings/webhooks/:id/pause': ['Pause endpoint', 'endpoint'],
  '/settings/webhooks/:id/resume': ['Keep it paused', 'pausedEndpoint'],
  '/settings/webhooks/:id/delete': ['Keep endpoint', 'endpoint'],
  '/bots': ['Contact us'],
  '/bots/:id': ['Ada Lovelace', 'bot'],
  '/bots/:id/status/:step': ['Keep it active', 'bot'],
  '/bots/:id/marketing': ['Ada Lovelace', 'bot'],
  '/bots/:id/marketing/:platform/connect': ['You need a dataset ID', 'bot'],
  '/bots/:id/marketing/:platform/edit': ['Save settings', 'bot'],
  '/bots/:id/marketing/:platform/test': ['Send it, though it counts', 'bot'],
  '/bots/:id/marketing/:platform/pause': ['Keep it active', 'bot'],
  '/bots/:id/marketing/:platform/resume': ['is active already', 'bot'],
  '/bots/:id/marketing/:platform/disconnect': ['Keep it connected', 'bot'],
  '/bots/:id/marketing/conversions/:conversion': ['Event id', 'bot'],
  '/submissions/:id': ['Ada Lovelace', 'submission'],
  '/submissions/:id/edit': ['Save answers', 'submission'],
  '/submissions/:id/complete': ['Complete submission', 'draft'],
  '/contacts': ['Ada Lovelace'],
  '/contacts/:id': ['Custom fields', 'contact'],
  '/contacts/:id/edit': ['Save contact', 'contact'],
  '/contacts/:id/merge': ['Merge two contacts', 'contact'],
  '/contacts/:id/erase': ['Keep contact', 'contact'],
  '/contacts/erasures/:id': ['erased', 'erasure'],
  '/records': ['lead'],
  '/records/:id': ['People it is about', 'record'],
  '/settings/documents': ['ListContacts'],
  '/settings/documents/new': ['Trust document'],
  '/settings/documents/:id': ['sha256:', 'document'],
  '/settings/documents/:id/distrust': ['Distrust document', 'document'],
  '/settings/workspace': ['Business'],
  '/settings/members': ['Open invitations'],
  '/settings/members/invite': ['Create invitation'],
  '/settings/members/:id/role': ['Change role', 'member'],
  '/settings/members/:id/remove': ['Keep member', 'member'],
  '/settings/members/:id/transfer': ['Hand over', 'member'],
  '/settings/audit': ['Trusted documents'],
  '/settings/audit/:id': ['All changes to this', 'entry'],
  '/settings/account': ['Sessions'],
  '/*': ['The address may be old, or cut short.'],
};

/** What the first view of a page may cost its reader, of 500 points a minute. */
const pointsMax = 6;
const pointsOf = async (response: Response): Promise<number> => {
  const { extensions } = (await response.json()) as { extensions?: { cost?: { points: number } } };
  return extensions?.cost?.points ?? 0;
};

type Things = Awaited<ReturnType<typeof fill>>;
const addressOf = (route: string, id = '', { conversion }: Pick<Things, 'conversion'>) =>
  `/console${route
    .replace(':id', id)
    .replace(':step', 'pause')
    .replace(':platform', 'meta')
    .replace(':conversion', conversion)
    .replace('*', 'nothing/here')}`;

const routes = await consoleRoutes();

describe('console: every route costs six points to see, fits 320 px, and breaks no rule of WCAG that a program can judge', () => {
  let pages: Console;
  let receiver: Receiver;
  let page: Page;
  let visitor: Page;
  let things: Things;

  before(async () => {
    receiver = await Receiver.start();
    const env = { WEBHOOK_RETRY_DELAYS: '10ms', CONVERSIONS_META_URL: new URL(receiver.url).origin };
    pages = await Console.open({ env });
    receiver.answer = (response, { path }) => void response.writeHead(path === '/crm' ? 200 : 503).end('{"at":"work"}');
    [page, visitor] = await Promise.all([pages.signedIn(), pages.visitor()]);
    things = await fill(pages, receiver);
  });
  after(async () => {
    await pages.close();
    await receiver.stop();
  });
  afterEach(() => expect(pages.faults.splice(0)).to.deep.equal([]));

  it('knows every route, and no other', () => expect(Object.keys(shown).sort()).to.deep.equal(routes.toSorted()));

  for (const route of routes) {
    it(route, async () => {
      const [text, id] = shown[route] ?? expect.fail(`this test does not know what ${route} shows`);
      const tab = ['/sign-in', '/invitation'].includes(route) ? visitor : page;
      // What the page before asked last belongs to none of this one, and its answers are gone with that page; nor is what
      // comes after # read by a page that is loaded.
      await tab.goto('about:blank');
      const answers: Promise<number>[] = [];
      const onAnswer = (response: Response) => {
        if (response.url().endsWith('/graphql')) answers.push(pointsOf(response));
      };
      tab.on('response', onAnswer);
      const address = addressOf(route, id === 'invitation' ? '' : id && things[id], things);
      await tab.goto(id === 'invitation' ? `${address}#${things[id]}` : address);
      await tab.getByText(text).filter({ visible: true }).first().waitFor();
      await tab.waitForFunction(() => document.querySelector('.skeleton, [aria-busy="true"]') === null);
      tab.off('response', onAnswer);
      const points = (await Promise.all(answers)).reduce((sum, one) => sum + one, 0);
      expect(points, 'points of the first view').to.be.at.most(pointsMax);
      const faults: string[] = [];
      await inEachLook(tab, async ({ theme, width }) => {
        for (const fault of await broken(tab, { theme })) faults.push(`${theme}, ${width} px: ${fault}`);
      });
      expect(faults).to.deep.equal([]);
      const size = tab.viewportSize() ?? { width: 1280, height: 800 };
      await tab.setViewportSize({ width: 320, height: 640 });
      expect(await tab.evaluate(() => document.documentElement.scrollWidth), 'px, of 320').to.equal(320);
      await tab.setViewportSize(size);
    });
  }
});

/** One of everything that a page is about. */
async function fill(pages: Console, receiver: Receiver) {
  const { app } = pages.server;
  const { workspaceId } = pages.tenant;
  const owner = await pages.owner();
  const ask = async (query: string, input?: object) => {
    const { body } = await owner.graphql(query, { input });
    expect(body).to.not.have.property('errors');
    return body.data;
  };
  const endpointAt = async (path: string): Promise<string> => {
    const input = { url: receiver.url.replace('/hook', path), events: ['submission.completed'] };
    const mutation = `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { webhookEndpoint { id } }
    }`;
    return (await ask(mutation, input)).createWebhookEndpoint.webhookEndpoint.id;
  };
  const endpoint = await endpointAt('/crm');
  await endpointAt('/failing');
  const pausedEndpoint = await endpointAt('/paused');
  await ask(
    'mutation ($input: PauseWebhookEndpointInput!) { pauseWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
    {
      id: pausedEndpoint,
    },
  );
  const bot = await createBot(app, workspaceId, { record_type: 'lead' });
  await ask(
    `mutation ($input: CreateConversionDestinationInput!) {
      createConversionDestination(input: $input) { conversionDestination { id } }
    }`,
    {
      intakeBotId: bot.id,
      meta: { datasetId: '1234567890123456', accessToken: 'EAAB' },
      consentMode: 'NOT_REQUIRED',
      testCode: 'TEST12345',
    },
  );
  const submission = await createSubmission(app, bot);
  const draft = await createSubmission(app, bot, { status: 'IN_PROGRESS', data: { full_name: 'Grace Hopper' } });
  const gone = await createSubmission(app, bot, { data: { full_name: 'Alan Turing', email: 'alan@example.com' } });

  const { createApiKey } = await ask(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { id } } }',
    { name: 'Warehouse', scopes: ['read:contacts'] },
  );
  const { trustDocuments } = await ask(
    'mutation ($input: TrustDocumentsInput!) { trustDocuments(input: $input) { documentIds } }',
    { documents: ['query ListContacts { contacts(first: 5) { nodes { id } } }'] },
  );
  const member = await memberOf(app, pages.tenant, 'MEMBER');
  const { inviteMember } = await ask(
    'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { token } }',
    {
      email: 'grace@example.com',
    },
  );
  const { deleteContact } = await ask(
    'mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { id } } }',
    { id: gone.contactId, eraseSubmissions: true },
  );
  await receiver.until(
    () => receiver.received.filter(({ path }) => path === '/failing').length >= 4,
    10_000,
    () => `${receiver.received.length} came`,
  );
  const { auditLog, records, arrived, failed, conversions } = await ask(`{
    conversions(first: 1) { nodes { id } }
    auditLog(first: 1, filter: {action: "trusted_documents.added"}) { nodes { id } }
    records(first: 1) { nodes { id } }
    arrived: webhookDeliveries(first: 1, filter: {status: DELIVERED}) { nodes { id } }
    failed: webhookDeliveries(first: 1, filter: {status: EXHAUSTED}) { nodes { id } }
  }`);
  return {
    endpoint,
    pausedEndpoint,
    delivery: arrived.nodes[0].id as string,
    failedDelivery: failed.nodes[0].id as string,
    bot: bot.id,
    conversion: conversions.nodes[0].id as string,
    submission: submission.id,
    draft: draft.id,
    contact: submission.contactId ?? '',
    record: records.nodes[0].id as string,
    erasure: deleteContact.erasure.id as string,
    key: createApiKey.apiKey.id as string,
    document: trustDocuments.documentIds[0] as string,
    member: member.id,
    invitation: inviteMember.token as string,
    entry: auditLog.nodes[0].id as string,
  };
}
