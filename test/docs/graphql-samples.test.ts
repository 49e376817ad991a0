import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { graphqlOperations, type GraphqlOperation } from '../../src/docs/graphql-reference.js';
import { sampleOf } from '../../src/docs/graphql-samples.js';
import * as demo from '../../src/events/demo-set.view.js';
import { graphqlSchema } from '../../src/graphql/schema.js';
import { addNotices } from '../../src/workspaces/notice.service.js';
import { MetaDouble, metaRefusal } from '../platforms/meta.js';
import { startServer, type TestServer } from '../support/app.js';
import { createDestination, granted, settled } from '../support/conversions.js';
import { createDemoWorkspace } from '../support/demo-workspace.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf, personAt, type Person } from '../support/people.js';

const password = 'correct horse battery staple';
const nextPassword = 'battery staple correct horse';

/** What ends something comes after what needs it, and what ends the caller's own rights last. */
const endings = /^(change[I]|delete|revoke|remove|distrust|cancel|end)/;
const last = ['acceptInvitation', 'signOut', 'signOutEverywhere', 'transferOwnership', 'changePassword'];
const rankOf = ({ kind, field: { name } }: GraphqlOperation) =>
  kind === 'query' ? 0 : last.includes(name) ? 3 + last.indexOf(name) : endings.test(name) ? 2 : 1;

describe('the samples of GraphQL operations', function () {
  this.timeout(120_000);

  let server: TestServer;
  let meta: MetaDouble;
  /** What stands in a sample, and what it is called here: of things that the demo workspace has under other ids. */
  const called = new Map<string, string>();

  before(async () => {
    meta = await MetaDouble.start();
    server = await startServer({ env: { CONVERSIONS_META_URL: meta.url, CONVERSIONS_TIMEOUT_MS: '2000' } });
    await createDemoWorkspace(server.app);
    const { pool } = server.app.database;
    await pool.query("update users set email = 'ada@example.com' where workspace_id = $1", [demo.workspace.id]);
    await makeWhatSamplesName();
  });
  after(async () => {
    await server.stop();
    await meta.stop();
  });

  const signedIn = async (secret = password): Promise<Person> => {
    const person = personAt(server.url);
    // Past the door, where this machine's address has the points of some twenty sign-ins a minute.
    const { token } = await server.app.accounts.signIn(() => ({ email: 'ada@example.com', password: secret }), null);
    person.cookie = `iozen_session=${token}`;
    return person;
  };
  const operations = graphqlOperations(graphqlSchema(null)).toSorted((one, other) => rankOf(one) - rankOf(other));
  const sampled = ({ kind, field }: GraphqlOperation) => {
    const { query, variables } = sampleOf(kind, field);
    const text = [...called].reduce((so, [shown, real]) => so.replaceAll(shown, real), JSON.stringify(variables));
    return { query, variables: JSON.parse(text) as object };
  };
  const shownIdOf = (name: string) => {
    const found = operations.find(({ field }) => field.name === name) ?? expect.fail(`no operation ${name}`);
    const { input, id } = sampleOf(found.kind, found.field).variables as {
      input?: Record<string, string>;
      id?: string;
    };
    return input?.['duplicateId'] ?? input?.['deliveryId'] ?? input?.['token'] ?? input?.['id'] ?? id ?? '';
  };

  async function makeWhatSamplesName(): Promise<void> {
    const { app } = server;
    const tenant = { workspaceId: demo.workspace.id, owner: { id: '', email: '', password: '' }, key: '' };
    const owner = await signedIn();
    const ask = async (operation: string) => {
      const answer = await owner.graphql(operation);
      expect(codeOf(answer), operation).to.equal(null);
      return answer.body.data;
    };
    const contact = async (email: string) =>
      (await ask(`mutation { createContact(input: { email: "${email}" }) { contact { id } } }`)).createContact.contact
        .id;
    called.set(shownIdOf('mergeContacts'), await contact('ada@example.org'));
    const forgotten = await contact('nobody@example.com');
    const { deleteContact } = await ask(`mutation { deleteContact(input: { id: "${forgotten}" }) { erasure { id } } }`);
    called.set(shownIdOf('erasure'), deleteContact.erasure.id);
    const key = await ask(
      'mutation { createApiKey(input: { name: "K", scopes: ["read:contacts"] }) { apiKey { id } } }',
    );
    called.set(shownIdOf('revokeApiKey'), key.createApiKey.apiKey.id);
    const invited = async (email: string) =>
      (await ask(`mutation { inviteMember(input: { email: "${email}" }) { token invitation { id } } }`)).inviteMember;
    called.set(shownIdOf('revokeInvitation'), (await invited('one@example.com')).invitation.id);
    called.set(shownIdOf('acceptInvitation'), (await invited('two@example.com')).token);
    called.set(shownIdOf('removeMember'), (await memberOf(app, tenant, 'MEMBER')).id);
    called.set(shownIdOf('transferOwnership'), (await memberOf(app, tenant, 'ADMIN')).id);
    await signedIn();
    const { viewer } = await ask('{ viewer { sessions { id current } } }');
    const elsewhere = (viewer.sessions as { id: string; current: boolean }[]).find(({ current }) => !current);
    called.set(shownIdOf('endSession'), elsewhere?.id ?? '');
    const notice = {
      workspaceId: demo.workspace.id,
      kind: 'api_key_expiring',
      text: 'A key ends.',
      params: {},
    } as const;
    await app.database.transaction(async (tx) => addNotices(tx, [notice], new Date()));
    const { workspace } = await ask('{ workspace { notices { nodes { id } } } }');
    called.set(shownIdOf('dismissNotice'), workspace.notices.nodes[0].id);

    // Events whose deliveries are still tried while the samples run: nobody is at the demo's address.
    const bot = await createBot(app, demo.workspace.id, { name: 'Told of' });
    meta.next(metaRefusal(100, { subcode: 2804048 }));
    const { datasetId, accessToken } = meta;
    const account = { meta: { datasetId, accessToken } };
    const destination = await createDestination(app, bot, account);
    called.set(shownIdOf('deleteConversionDestination'), destination.id);
    for (let person = 0; person < 5; person += 1) await createSubmission(app, bot);
    const submission = await createSubmission(app, bot, { attribution: granted });
    const [conversion] = await settled(app, submission.id, ({ status }) => status === 'REJECTED');
    called.set(shownIdOf('resendConversion'), conversion?.id ?? '');
    const { events } = await ask('{ events(first: 1) { nodes { id } } }');
    called.set(demo.eventId, events.nodes[0].id);
    for (let deliveries: { id: string }[] = []; deliveries.length === 0; await wait(20)) {
      deliveries = (await ask('{ webhookDeliveries(first: 1) { nodes { id } } }')).webhookDeliveries.nodes;
      called.set(demo.deliveryId, deliveries[0]?.id ?? '');
    }
    const other = `{ url: "${demo.webhook.url}/other", events: ["contact.created"] }`;
    const made = await ask(`mutation { createWebhookEndpoint(input: ${other}) { webhookEndpoint { id } } }`);
    const replay = `{ endpointId: "${made.createWebhookEndpoint.webhookEndpoint.id}", since: "2026-01-01T00:00:00Z", only: ALL, ratePerSecond: 1 }`;
    const { startReplay } = await ask(`mutation { startReplay(input: ${replay}) { replay { id } } }`);
    called.set(shownIdOf('replay'), startReplay.replay.id);
  }

  it('run, all of them, in a workspace with what they name', async () => {
    let owner = await signedIn();
    const streams = operations
      .filter(({ kind }) => kind === 'subscription')
      .map((operation) => ({ name: operation.field.name, stream: told(server.url, owner, sampled(operation)) }));
    const faults: string[] = [];
    for (const operation of operations) {
      const { kind, field } = operation;
      if (kind === 'subscription') continue;
      // As long as it is a stranger's to call: a session would be another's.
      if (field.name === 'signIn' || field.name === 'acceptInvitation') owner = personAt(server.url);
      else if (owner.cookie === null || rankOf(operation) >= 3) owner = await signedIn();
      if (rankOf(operation) === 3) {
        for (const { name, stream } of streams) {
          const first = await Promise.race([
            stream.first,
            wait(20_000, { errors: ['it told nothing for 20 seconds'] }),
          ]);
          if (first.errors !== undefined) faults.push(`${name}: ${JSON.stringify(first.errors)}`);
          stream.close();
        }
        streams.length = 0;
      }
      const { query, variables } = sampled(operation);
      const { body } = await owner.graphql(query, variables);
      if (body.errors !== undefined || body.data?.[field.name] === null) {
        faults.push(`${field.name} ${JSON.stringify(variables)}: ${JSON.stringify(body.errors ?? body.data)}`);
      }
      if (field.name === 'changePassword') owner = await signedIn(nextPassword);
    }
    expect(faults).to.deep.equal([]);
  });
});

/** What a subscription tells first. */
function told(
  url: string,
  { cookie }: Person,
  sent: object,
): { first: Promise<{ errors?: unknown }>; close: () => void } {
  const closing = new AbortController();
  const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream', Cookie: cookie ?? '' };
  const read = async () => {
    const { signal } = closing;
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body: JSON.stringify(sent), signal });
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString();
      const [, data] = /^data: (.+)$/m.exec(text) ?? [];
      if (data !== undefined && data !== 'null') return JSON.parse(data) as { errors?: unknown };
    }
    return { errors: [`it ended with ${text}`] };
  };
  return { first: read(), close: () => closing.abort() };
}
