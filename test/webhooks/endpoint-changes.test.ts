import { expect } from 'chai';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { startReceiver } from '../support/bad-receivers.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { eventTypes } from '../../src/events/event-type.js';
import { scopes, type Scope } from '../../src/platform/actor.js';
import { payloadTypes, readPayloadQuery } from '../../src/webhooks/wire/payload-query.js';
import { AttemptEventTypes1790000000012 } from '../../migrations/1790000000012-attempt-event-types.js';

let server: TestServer;
let tenant: Tenant;
let client: Client;
let receiver: Receiver;

const sql = async <Row extends object>(text: string, values: unknown[] = []) =>
  (await server.app.database.pool.query<Row>(text, values)).rows;
const create = async (input: object, caller = client) =>
  await caller.graphql(
    `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { webhookEndpoint { id } }
    }`,
    { input: { events: ['submission.completed'], url: receiver.url, ...input } },
  );
const update = async (input: object) => {
  const { body } = await client.graphql(
    'mutation ($input: UpdateWebhookEndpointInput!) { updateWebhookEndpoint(input: $input) { webhookEndpoint { url } } }',
    { input },
  );
  expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
};
const keyWith = async (granted: readonly Scope[]) => {
  const input = { name: 'Some', scopes: [...granted], allowedCidrs: [], documentsOnly: false };
  const { secret } = await server.app.database.transaction(
    async (tx) => await server.app.apiKeys.insert(tx, tenant.workspaceId, input),
  );
  return clientOf(server.url, secret);
};

before(async () => {
  server = await startServer();
});
beforeEach(async () => {
  tenant = await createTenant(server.app);
  client = clientOf(server.url, tenant.key);
  receiver = await Receiver.start();
});
afterEach(async () => await receiver.stop());
after(async () => await server.stop());

describe('the custom headers of an endpoint', () => {
  const customHeaders = { Authorization: 'Bearer of the first' };

  async function sentAfter(change: (id: string, second: Receiver) => Promise<void>) {
    const second = await Receiver.start();
    try {
      const made = await create({ customHeaders });
      const { id } = made.body.data.createWebhookEndpoint.webhookEndpoint;
      await change(id, second);
      await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
      await Promise.race([receiver.arrived(1), second.arrived(1)].map((arrived) => arrived.catch(() => arrived)));
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const { body } = await owner.graphql('{ viewer { workspace { notices { nodes { kind text params } } } } }');
      const [request] = [...receiver.received, ...second.received];
      return { authorization: request?.headers.authorization, notices: body.data.viewer.workspace.notices.nodes, id };
    } finally {
      await second.stop();
    }
  }

  it('go with its URL’s origin, over GraphQL and REST, and a notice says so', async () => {
    const byRest = async (id: string, { url }: Receiver) => {
      expect((await client.rest('PATCH', `/webhooks/${id}`, { url })).status).to.equal(200);
    };
    const byGraphql = async (id: string, { url }: Receiver) => await update({ id, url });
    for (const change of [byRest, byGraphql]) {
      const { authorization, notices, id } = await sentAfter(change);
      expect(authorization).to.equal(undefined);
      expect(notices[0]).to.deep.include({ kind: 'webhook_headers_removed', params: { endpoint_id: id } });
      expect(notices[0].text).to.include('were removed');
    }
  });

  it('stay where they are given again in the same call, and within an origin', async () => {
    const again = await sentAfter(async (id, { url }) => await update({ id, url, customHeaders }));
    expect(again).to.deep.include({ authorization: customHeaders.Authorization, notices: [] });
    await receiver.stop();
    receiver = await Receiver.start();
    const within = await sentAfter(async (id) => await update({ id, url: `${receiver.url}/elsewhere` }));
    expect(within).to.deep.include({ authorization: customHeaders.Authorization, notices: [] });
  });

  it('are told by their names alone', async () => {
    const made = await create({ customHeaders: { ...customHeaders, 'X-Team': 'blue' } });
    const { id } = made.body.data.createWebhookEndpoint.webhookEndpoint;
    const names = async () =>
      (await client.graphql(`{ webhookEndpoint(id: "${id}") { customHeaderNames } }`)).body.data.webhookEndpoint
        .customHeaderNames;
    expect(await names()).to.deep.equal(['Authorization', 'X-Team']);
    await update({ id, customHeaders: { 'X-Shift': 'late' } });
    expect(await names()).to.deep.equal(['X-Shift']);
    await update({ id, customHeaders: null });
    expect(await names()).to.deep.equal([]);
  });
});

describe('a receiver that sends interim answers, asked for or not', () => {
  it('has got what it was sent, and goes on in good health', async () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const raw = await startReceiver((socket) => {
      socket.write(`${interim}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    });
    try {
      await create({ url: raw.url });
      const bot = await createBot(server.app, tenant.workspaceId);
      for (let i = 0; i < 3; i += 1) await createSubmission(server.app, bot);
      const question = '{ webhookDeliveries(filter: {status: DELIVERED}) { totalCount } }';
      const delivered = async () => (await client.graphql(question)).body.data.webhookDeliveries.totalCount as number;
      while ((await delivered()) < 3) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(raw.requests).to.have.length(3);
    } finally {
      await raw.close();
    }
  });
});

describe('a payloadQuery', () => {
  it('that names what every object has is refused as any unknown type is', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']) {
      for (const payloadQuery of [`fragment on ${name} { id }`, `fragment on Submission { ${name} }`]) {
        const answer = await create({ payloadQuery });
        expect(codeOf(answer), payloadQuery).to.equal('validation_failed');
        expect(answer.body.errors[0].extensions.details.issues[0].path).to.equal('payloadQuery');
      }
    }
  });

  const preview = async (type: string, payloadQuery: string | null) =>
    await client.graphql(
      'query ($type: EventType!, $query: String) { previewPayload(type: $type, payloadQuery: $query) }',
      { type, query: payloadQuery },
    );

  it('is previewed as the example would be sent with it, byte for byte', async () => {
    const payloadQuery = `fragment on Submission { status answers: data }
      fragment on IntakeBot { schema { type name } id }`;
    const selected = new Set([...readPayloadQuery(payloadQuery).keys()].map((name) => payloadTypes[name]?.key));
    const whole = new Map<string, string>();
    for (const query of [null, payloadQuery]) {
      const made = await create({ payloadQuery: query });
      const { id: endpointId } = made.body.data.createWebhookEndpoint.webhookEndpoint;
      for (const type of eventTypes) {
        const { body } = await client.graphql(
          'mutation ($input: SendTestEventInput!) { sendTestEvent(input: $input) { attempt { outcome } } }',
          { input: { endpointId, type } },
        );
        expect(body.data.sendTestEvent.attempt.outcome).to.equal('SUCCESS');
        const sent = receiver.received.at(-1)?.body ?? '';
        // Of two examples only the event's id and the times differ.
        const undated = (text: string) => text.replace(/evt_\w+/, 'evt').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then');
        const shown = JSON.stringify((await preview(type, query)).body.data.previewPayload);
        expect(undated(shown), type).to.equal(undated(sent));
        if (query === null) {
          whole.set(type, shown);
        } else {
          const { data } = JSON.parse(whole.get(type) ?? '') as { data: object };
          const isSelectedOf = Object.keys(data).some((key) => selected.has(key));
          expect(shown !== whole.get(type), type).to.equal(isSelectedOf);
        }
      }
    }
  });

  it('is refused by the preview as it is of an endpoint, with the same issues', async () => {
    const refused = [
      '',
      '{ id }',
      'fragment on Workspace { id }',
      'fragment on Submission { intakeBot { id } }',
      'fragment on Submission {',
      `fragment on Submission { ${'a: id '.repeat(1_000)} }`,
      `fragment on Submission { id } #${'x'.repeat(10_000)}`,
    ];
    for (const payloadQuery of refused) {
      const [tried, made] = [await preview('submission.completed', payloadQuery), await create({ payloadQuery })];
      const { code, details } = tried.body.errors[0].extensions;
      expect(code, payloadQuery.slice(0, 100)).to.equal('validation_failed');
      expect(details).to.deep.equal(made.body.errors[0].extensions.details);
      expect(details.issues).to.have.length(1);
      expect(details.issues[0]).to.include({ path: 'payloadQuery' });
      expect(tried.body.data).to.deep.equal({ previewPayload: null });
    }
  });
});

describe('what a subscriber answered', () => {
  const question = '{ webhookDeliveries(first: 1) { nodes { attempts { responseBody } } } }';
  const answered = async (caller: Client) => await caller.graphql(question);
  const delivered = async () => {
    receiver.answer = (response) => void response.end('a secret of theirs');
    await create({});
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    const finished = `
      select a.event_id as id from webhook_attempts a join webhook_endpoints e on e.id = a.endpoint_id
      where a.ended = 'delivered' and e.workspace_id = '${tenant.workspaceId}'
    `;
    for (;;) {
      const [row] = await sql<{ id: string }>(finished);
      if (row !== undefined) return row.id;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const expectRights = async () => {
    expect(codeOf(await answered(await keyWith(['manage:webhooks', 'read:contacts'])))).to.equal('insufficient_scopes');
    const { body } = await answered(await keyWith(['manage:webhooks', 'read:submissions']));
    expect(body.data?.webhookDeliveries.nodes[0].attempts[0].responseBody, JSON.stringify(body)).to.equal(
      'a secret of theirs',
    );
  };
  it('needs the read scope of what it was sent for longer than the event is kept', async () => {
    const eventId = await delivered();
    await expectRights();
    await sql('delete from events where id = $1', [eventId]);
    await expectRights();
  });

  it('needs every read scope where nobody knows what it was sent', async () => {
    const eventId = await delivered();
    await sql('update webhook_attempts set event_type = null');
    await expectRights();
    await sql('delete from events where id = $1', [eventId]);
    const few = await keyWith(scopes.filter((scope) => scope !== 'read:contacts'));
    expect(codeOf(await answered(few))).to.equal('insufficient_scopes');
    expect(codeOf(await answered(client))).to.equal(null);
  });

  it('of before an upgrade keeps the type of an event that goes first', async () => {
    const eventId = await delivered();
    const old = `evt_c${(Date.now() - 40 * 86_400_000).toString(36)}${eventId.slice(13)}`;
    await sql('update events set id = $2 where id = $1', [eventId, old]);
    await sql('update webhook_attempts set event_id = $1', [old]);
    const migration = new AttemptEventTypes1790000000012();
    const runner = server.app.database.source.createQueryRunner();
    await migration.down(runner);
    await migration.up(runner);
    await runner.release();
    await sql('delete from events where id = $1', [old]);
    await expectRights();
  });
});
