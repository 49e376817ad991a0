import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer, type Client } from '../support/client.js';
import { createBot, createSubmission, operator } from '../support/factories.js';
import { someoneWaits } from '../support/locks.js';
import { codeOf, memberOf, type Person } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { startTappedServer } from '../support/wiretap.js';

const create = `mutation ($input: CreateSubmissionInput!) {
  createSubmission(input: $input) { submission { id status createdAt contact { email } intakeBot { name } } }
}`;

const removing =
  'mutation ($input: DeleteSubmissionInput!) { deleteSubmission(input: $input) { submission { id status } } }';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

describe('graphql mutations under an idempotency key', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });

  after(async () => await server.stop());

  it('run once, and give the same answer again to the same request', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const input = { intakeBotId: bot.id, data: { full_name: 'Once', email: 'once@example.com' } };
    const headers = { 'Idempotency-Key': randomUUID() };
    const answers = [await key.graphql(create, { input }, headers), await key.graphql(create, { input }, headers)];
    const [first, second] = answers;
    expect(first?.body.data.createSubmission.submission.contact.email).to.equal('once@example.com');
    expect(second?.body).to.deep.equal(first?.body);
    expect(answers.map(({ headers }) => headers.get('idempotency-replayed'))).to.deep.equal([null, 'true']);
    const { body } = await key.graphql('query ($id: ID!) { submissions(intakeBotId: $id) { totalCount } }', {
      id: bot.id,
    });
    expect(body.data.submissions.totalCount).to.equal(1);
  });

  it('refuse another request, and keep nothing that was refused', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const headers = { 'Idempotency-Key': randomUUID() };
    const wrong = { intakeBotId: bot.id, data: {} };
    expect(codeOf(await key.graphql(create, { input: wrong }, headers))).to.equal('validation_failed');
    const right = { intakeBotId: bot.id, data: { full_name: 'Right', email: 'right@example.com' } };
    expect(codeOf(await key.graphql(create, { input: right }, headers))).to.equal(null);
    const other = await key.graphql(create, { input: { ...right, isTest: true } }, headers);
    expect(other.status).to.equal(409);
    expect(other.body.errors[0].extensions).to.deep.equal({ code: 'idempotency_conflict', details: {} });
  });

  it('run once of many at the same instant', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const input = { intakeBotId: bot.id, data: { full_name: 'Race', email: 'race@example.com' } };
    const headers = { 'Idempotency-Key': randomUUID() };
    const answers = await Promise.all(Array.from({ length: 8 }, async () => key.graphql(create, { input }, headers)));
    const ids = answers.flatMap(({ body }) => body.data?.createSubmission?.submission.id ?? []);
    expect(new Set(ids).size).to.equal(1);
    for (const answer of answers) expect(codeOf(answer)).to.be.oneOf([null, 'idempotency_conflict']);
    const { body } = await key.graphql('query ($id: ID!) { submissions(intakeBotId: $id) { totalCount } }', {
      id: bot.id,
    });
    expect(body.data.submissions.totalCount).to.equal(1);
  });

  it('are authorised again', async () => {
    const bot = await createBot(server.app, tenant.workspaceId);
    const headers = { 'Idempotency-Key': randomUUID() };
    const input = {
      name: 'Short lived',
      scopes: ['write:intake-bots' as const],
      allowedCidrs: [],
      documentsOnly: false,
    };
    const { app } = server;
    const { secret, apiKey } = await app.database.transaction((tx) =>
      app.apiKeys.insert(tx, tenant.workspaceId, input),
    );
    const narrow = clientOf(server.url, secret);
    const asked = { input: { intakeBotId: bot.id, data: { full_name: 'A', email: 'again@example.com' } } };
    const text = 'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
    expect(codeOf(await narrow.graphql(text, asked, headers))).to.equal(null);
    await app.database.pool.query(`update api_keys set scopes = '{read:records}' where id = $1`, [apiKey.id]);
    app.notifications.send('api-key-changed', apiKey.id);
    expect(codeOf(await narrow.graphql(text, asked, headers))).to.equal('insufficient_scopes');
  });

  it('have no key over sessions', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role } } }';
    const { email, password } = tenant.owner;
    const answers = [];
    for (let time = 0; time < 2; time += 1) {
      answers.push(await clientOf(server.url).graphql(signIn, { input: { email, password } }, headers));
    }
    const cookies = answers.map((answer) => answer.headers.getSetCookie()[0]);
    expect(new Set(cookies).size).to.equal(2);
  });

  it('keep no session that a change of ownership begins', async () => {
    const other = await createTenant(server.app);
    const [owner, member] = [await memberOf(server.app, other, 'OWNER'), await memberOf(server.app, other, 'MEMBER')];
    const headers = { 'Idempotency-Key': randomUUID() };
    const transfer =
      'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { member { role } } }';
    const answer = await owner.graphql(transfer, { input: { id: member.id } }, headers);
    expect(answer.body.data.transferOwnership.member.role).to.equal('OWNER');
    const kept = await server.app.database.manager.query<object[]>(
      'select from idempotency_records where workspace_id = $1',
      [other.workspaceId],
    );
    expect(kept).to.have.length(0);
  });

  /** The same request twice under one key, and what happened in between; the second is the first one's replay. */
  async function twice(
    by: Pick<Client, 'graphql'>,
    query: string,
    input: object,
    between: () => Promise<unknown> = async () => {},
  ): Promise<Answer<Loose>> {
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await by.graphql(query, { input }, headers);
    expect(first.body).to.not.have.property('errors');
    await between();
    const second = await by.graphql(query, { input }, headers);
    expect(second.body).to.deep.equal(first.body);
    expect(second.headers.get('idempotency-replayed')).to.equal('true');
    return first;
  }

  it('give a secret again as it was given: to a key, an endpoint and an invitation', async () => {
    const made = await twice(
      owner,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { id name } } }',
      { name: 'Replayed', scopes: ['read:records'] },
    );
    const { id } = made.body.data.createApiKey.apiKey;
    await twice(owner, 'mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret } }', { id });
    const endpoint = await twice(
      key,
      'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { secret webhookEndpoint { id } } }',
      { url: 'http://127.0.0.1:9/', events: ['contact.created'] },
    );
    await twice(key, 'mutation ($input: RotateWebhookSecretInput!) { rotateWebhookSecret(input: $input) { secret } }', {
      id: endpoint.body.data.createWebhookEndpoint.webhookEndpoint.id,
    });
    await twice(
      owner,
      'mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { link token invitation { id } } }',
      { email: 'invited.twice@example.com', role: 'MEMBER' },
    );
  });

  it('answer as the first time, whatever has become of things since', async () => {
    const { app } = server;
    const by = await operator(app, tenant.workspaceId);
    const bot = await createBot(app, tenant.workspaceId);
    const data = { full_name: 'Since', email: 'since@example.com' };
    const query = 'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
    await twice(key, query, { intakeBotId: bot.id, data }, async () => {
      await app.intakeBots.update(by, bot.id, () => ({ status: 'PAUSED' }));
    });

    const active = await createBot(app, tenant.workspaceId);
    const { id } = await createSubmission(app, active);
    await twice(
      key,
      'mutation ($input: AddSubmissionMessageInput!) { addSubmissionMessage(input: $input) { message { id content } } }',
      { submissionId: id, role: 'USER', content: 'Hello' },
      async () => await app.submissions.remove(by, id),
    );

    const contact = async (email: string) => {
      const input = { email };
      const text = 'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }';
      return (await owner.graphql(text, { input })).body.data.createContact.contact.id as string;
    };
    await twice(owner, 'mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) { contact { id } } }', {
      id: await contact('stays@example.com'),
      duplicateId: await contact('goes@example.com'),
    });

    const member = await memberOf(app, tenant, 'MEMBER');
    await twice(owner, 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { member { id } } }', {
      id: member.id,
    });

    const expiresAt = new Date(Date.now() + 500);
    await twice(
      owner,
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
      { name: 'Brief', scopes: ['read:records'], expiresAt: expiresAt.toISOString() },
      async () => {
        while (Date.now() <= expiresAt.getTime()) await new Promise((resolve) => setTimeout(resolve, 20));
      },
    );
  });

  it('count where nothing but a yes is kept, and beside __typename', async () => {
    const documents = ['{ eventTypes { type } }'];
    const trusted = await twice(
      owner,
      'mutation ($input: TrustDocumentsInput!) { __typename ...Rest } fragment Rest on Mutation { trustDocuments(input: $input) { documentIds } }',
      { documents },
    );
    const { documentIds } = trusted.body.data.trustDocuments;
    await twice(
      owner,
      'mutation ($input: DistrustDocumentsInput!) { distrustDocuments(input: $input) { documentIds } }',
      { documentIds },
    );
  });

  it('send a test event once', async () => {
    const receiver = await Receiver.start();
    receiver.answer = (response) => void response.end(Buffer.from([0xe2, 0x9c, 0x93]));
    try {
      const made = await key.graphql(
        'mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { webhookEndpoint { id } } }',
        { input: { url: receiver.url, events: ['contact.created'] } },
      );
      const { attempt } = (
        await twice(
          key,
          'mutation ($input: SendTestEventInput!) { sendTestEvent(input: $input) { attempt { at outcome responseBody } } }',
          { endpointId: made.body.data.createWebhookEndpoint.webhookEndpoint.id, type: 'contact.created' },
        )
      ).body.data.sendTestEvent;
      expect(attempt).to.include({ outcome: 'SUCCESS', responseBody: '✓' });
      expect(receiver.received).to.have.length(1);
    } finally {
      await receiver.stop();
    }
  });

  it('answer 409 and when to come again while the first request runs', async () => {
    const { id } = await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    const holder = await server.app.database.pool.connect();
    await holder.query('begin');
    await holder.query('select from submissions where id = $1 for update', [id]);
    const headers = { 'Idempotency-Key': randomUUID() };
    const remove = async () => await key.graphql(removing, { input: { id } }, headers);
    const first = remove();
    await someoneWaits(holder);
    const second = await remove();
    expect(second.status).to.equal(409);
    expect(second.headers.get('retry-after')).to.equal('1');
    expect(second.body.errors[0].extensions).to.deep.equal({ code: 'idempotency_conflict', details: {} });
    expect(second.body.extensions.cost.points).to.equal(1);
    await holder.query('rollback');
    holder.release();
    expect((await first).body).to.not.have.property('errors');
    expect((await remove()).body).to.deep.equal((await first).body);
  });

  it('answer what the first did to who only failed of that', async () => {
    const { id } = await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    const beside = await startTappedServer({ role: 'api', beside: server });
    const headers = { 'Idempotency-Key': randomUUID() };
    const remove = async (client: Client) => await client.graphql(removing, { input: { id } }, headers);
    try {
      // The second looks before the first commits, and goes on after.
      const { read, answer } = beside.tap.answerLate((text) => text.includes('from idempotency_records'));
      const second = remove(clientOf(beside.url, tenant.key));
      await read;
      const first = await remove(key);
      expect(first.body).to.not.have.property('errors');
      answer();
      expect((await second).body).to.deep.equal(first.body);
      expect((await second).headers.get('idempotency-replayed')).to.equal('true');
    } finally {
      await beside.stop();
    }
  });
});
