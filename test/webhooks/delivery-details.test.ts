import { expect } from 'chai';
import { DeliveryQuery } from '../../src/webhooks/store/delivery-query.js';
import type { Scope } from '../../src/platform/actor.js';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

describe('what is told of a delivery', () => {
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let endpointId: string;

  before(async () => {
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h,1h' } });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    answers();
    receiver.received.length = 0;
    made = 0;
    tenant = await createTenant(server.app);
    endpointId = await createEndpoint({ events: ['contact.created'] });
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  const sql = async <Row extends object>(text: string, values: unknown[] = []) =>
    (await server.app.database.pool.query<Row>(text, values)).rows;
  const answers = (status = 200) => (receiver.answer = (response) => void response.writeHead(status).end());
  async function ask(document: string, variables: object = {}): Promise<Loose> {
    const { body } = await clientOf(server.url, tenant.key).graphql(document, variables);
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data;
  }
  async function createEndpoint(input: object): Promise<string> {
    const made = 'createWebhookEndpoint(input: $input) { webhookEndpoint { id } }';
    const variables = { input: { url: receiver.url, ...input } };
    return (await ask(`mutation ($input: CreateWebhookEndpointInput!) { ${made} }`, variables)).createWebhookEndpoint
      .webhookEndpoint.id;
  }
  async function change(name: string, input: object = {}, id = endpointId): Promise<void> {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
    await ask(`mutation ($input: ${type}) { ${name}(input: $input) { __typename } }`, { input: { id, ...input } });
  }
  async function list(fields: string, filter: object = {}): Promise<Loose[]> {
    const document = `query ($filter: WebhookDeliveryFilter) {
      webhookDeliveries(first: 50, filter: $filter) { nodes { id status ${fields} } }
    }`;
    return (await ask(document, { filter })).webhookDeliveries.nodes;
  }
  let made: number;
  async function happens(): Promise<void> {
    await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
    made += 1;
  }
  /** The latest delivery, once it stands so. */
  async function settled(status: string, fields = ''): Promise<Loose> {
    for (const endsAt = Date.now() + 10_000; ;) {
      const all = await list(fields);
      const [delivery] = all;
      if (all.length === made && delivery?.status === status) return delivery;
      if (Date.now() > endsAt) throw new Error(`it is ${delivery?.status}, not ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  async function keyWith(scopes: readonly Scope[]): Promise<string> {
    const input = { name: 'Some', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
    return (
      await server.app.database.transaction(
        async (tx) => await server.app.apiKeys.insert(tx, tenant.workspaceId, input),
      )
    ).secret;
  }

  describe('the body that was sent', () => {
    const body = async () => (await settled('DELIVERED', 'requestBody')).requestBody;

    it('is the text that arrived, whole or selected by a payload query', async () => {
      await happens();
      expect(await body()).to.equal((await receiver.arrived(1))[0]?.body);
      await change('updateWebhookEndpoint', { payloadQuery: 'fragment on Contact { mail: email createdAt }' });
      expect((await list('requestBody'))[0].requestBody).to.equal(null);
      await happens();
      expect(await body()).to.equal((await receiver.arrived(2))[1]?.body);
      expect(JSON.parse(await body()).data).to.have.all.keys('mail', 'createdAt');
    });

    it('is known for as long as the payload query stays, whatever else is changed', async () => {
      await happens();
      const sent = await body();
      await change('rotateWebhookSecret');
      await change('updateWebhookEndpoint', { customHeaders: { Authorization: 'x' }, description: 'y' });
      await change('pauseWebhookEndpoint');
      expect(await body()).to.equal(sent);
      await change('deleteWebhookEndpoint');
      expect(await body()).to.equal(sent);
    });

    it('is what will be sent while it waits for its first attempt, and nothing once it is skipped without one', async () => {
      await change('updateWebhookEndpoint', { payloadQuery: 'fragment on Contact { id }' });
      await change('pauseWebhookEndpoint');
      await happens();
      const { requestBody } = await settled('HELD', 'requestBody');
      expect(JSON.parse(requestBody).data).to.have.all.keys('id');
      await change('resumeWebhookEndpoint', { skipHeld: true });
      expect((await settled('SKIPPED', 'requestBody')).requestBody).to.equal(null);
    });

    it('is shown to those who may read the object in it', async () => {
      await happens();
      await settled('DELIVERED');
      const blind = clientOf(server.url, await keyWith(['manage:webhooks', 'read:submissions']));
      const { body: answer } = await blind.graphql('{ webhookDeliveries { nodes { id requestBody } } }');
      expect(answer.errors[0].extensions.code).to.equal('insufficient_scopes');
      expect(answer.data.webhookDeliveries.nodes[0]).to.include({ requestBody: null });
    });
  });

  it('says how many attempts are left: of the schedule, one where it is used up and held, none once it is over', async () => {
    const left = async (status: string) => {
      const { attemptCount, attemptsLeft } = await settled(status, 'attemptCount attemptsLeft');
      return [attemptCount, attemptsLeft];
    };
    await change('pauseWebhookEndpoint');
    await happens();
    expect(await left('HELD')).to.deep.equal([0, 3]);
    answers(500);
    await change('resumeWebhookEndpoint');
    expect(await left('RETRYING')).to.deep.equal([1, 2]);
    await change('pauseWebhookEndpoint');
    await sql('update webhook_open_deliveries set attempts = 3 where endpoint_id = $1', [endpointId]);
    expect(await left('HELD')).to.deep.equal([3, 1]);
    answers(200);
    await change('resumeWebhookEndpoint');
    expect(await left('DELIVERED')).to.deep.equal([4, 0]);
  });

  it('shows the last attempt in lists', async () => {
    answers(500);
    await happens();
    await settled('RETRYING');
    await change('pauseWebhookEndpoint');
    await happens();
    await settled('HELD');
    receiver.answer = (response) => void response.writeHead(202).end('done');
    await change('resumeWebhookEndpoint');
    await settled('DELIVERED');
    await change('pauseWebhookEndpoint');
    await happens();
    await settled('HELD');
    const fields = 'number outcome responseStatus responseBody';
    const told = await list(`lastAttempt { ${fields} } attempts { ${fields} }`);
    expect(told.map(({ attempts }) => attempts.length)).to.deep.equal([0, 1, 2]);
    for (const { lastAttempt, attempts } of told) expect(lastAttempt).to.deep.equal(attempts.at(-1) ?? null);
    expect(told[2].lastAttempt).to.deep.equal({
      number: 2,
      outcome: 'SUCCESS',
      responseStatus: 202,
      responseBody: 'done',
    });
  });

  describe('the headers that were sent', () => {
    const sentHeaders = 'lastAttempt { requestHeaders { exact headers { name value } } }';
    const customHeaders = { 'X-Api-Key': 'a secret of theirs', 'x-second': 'another' };
    const signatures = ['X-IoZen-Signature', 'webhook-signature'];
    type Shown = { exact: boolean; headers: { name: string; value: string }[] };

    const asOwner = async (): Promise<Shown[]> => {
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const { body } = await owner.graphql(`{ webhookDeliveries { nodes { ${sentHeaders} } } }`);
      return body.data.webhookDeliveries.nodes.map(({ lastAttempt }: Loose) => lastAttempt?.requestHeaders);
    };
    const exactness = async () => (await asOwner()).map(({ exact }) => exact);
    /** Of the request that came last, with what is hidden. */
    function arrived(hidden: readonly string[], received = receiver.received.at(-1)) {
      const raw = received?.rawHeaders ?? [];
      const pairs = Array.from({ length: raw.length / 2 }, (_, at) => ({
        name: raw[2 * at]!,
        value: raw[2 * at + 1]!,
      }));
      return pairs.map(({ name, value }) => ({ name, value: hidden.includes(name) ? '•••' : value }));
    }
    const custom = Object.keys(customHeaders);

    it('are those that arrived, in order, custom values hidden; signatures are shown to people alone', async () => {
      await change('updateWebhookEndpoint', { customHeaders, payloadQuery: 'fragment on Contact { id email }' });
      await happens();
      const { lastAttempt } = await settled('DELIVERED', sentHeaders);
      const [shown] = await asOwner();
      expect(shown).to.deep.equal({ exact: true, headers: arrived(custom) });
      expect(lastAttempt.requestHeaders).to.deep.equal({ exact: true, headers: arrived([...custom, ...signatures]) });
      const told = JSON.stringify([shown, lastAttempt]);
      for (const value of Object.values(customHeaders)) expect(told).to.not.include(value);
    });

    it('are signed as they were while an older secret signs beside the newest', async () => {
      await change('rotateWebhookSecret', { overlapSeconds: 3_600 });
      await happens();
      await settled('DELIVERED');
      const [shown] = await asOwner();
      expect(shown).to.deep.equal({ exact: true, headers: arrived([]) });
      expect(shown?.headers.find(({ name }) => name === 'webhook-signature')?.value).to.match(/^v1,\S+ v1,\S+$/);
    });

    it('of a retry are its own', async () => {
      answers(500);
      await happens();
      await settled('RETRYING');
      answers();
      await change('pauseWebhookEndpoint');
      await change('resumeWebhookEndpoint');
      const { attempts } = await settled('DELIVERED', 'attempts { requestHeaders { exact headers { name value } } }');
      const told = receiver.received.map((one) => ({ exact: true, headers: arrived(signatures, one) }));
      expect(told).to.have.length(2);
      expect(attempts.map(({ requestHeaders }: Loose) => requestHeaders)).to.deep.equal(told);
    });

    it('are not called exact once a secret, header, payload query or the URL was changed since', async () => {
      const changes: [name: string, input: object][] = [
        ['rotateWebhookSecret', { overlapSeconds: 3_600 }],
        ['updateWebhookEndpoint', { customHeaders }],
        ['updateWebhookEndpoint', { payloadQuery: 'fragment on Contact { id }' }],
        ['updateWebhookEndpoint', { url: receiver.url.replace('127.0.0.1', '127.0.0.2') }],
      ];
      for (const [at, [name, input]] of changes.entries()) {
        await happens();
        await settled('DELIVERED');
        expect((await exactness())[0]).to.equal(true);
        // Which change nothing of requests.
        const others = { description: `${at}`, maxConcurrency: at + 1, url: `${receiver.url}/${at}` };
        await change('updateWebhookEndpoint', others);
        await change('pauseWebhookEndpoint');
        await change('resumeWebhookEndpoint');
        expect((await exactness())[0]).to.equal(true);
        await change(name, input);
        expect((await exactness())[0], JSON.stringify(input)).to.equal(false);
      }
    });

    it('of an endpoint that was deleted have no signatures any more', async () => {
      await happens();
      await settled('DELIVERED');
      await change('deleteWebhookEndpoint');
      const [shown] = await asOwner();
      expect(shown).to.deep.equal({
        exact: false,
        headers: arrived([]).filter(({ name }) => !signatures.includes(name)),
      });
    });

    it('are not called exact once the person was erased of whom the body spoke, and null once the event is gone', async () => {
      await happens();
      await settled('DELIVERED');
      const [{ id } = { id: '' }] = await sql<{ id: string }>('select id from contacts where workspace_id = $1', [
        tenant.workspaceId,
      ]);
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const erasure = 'deleteContact(input: $input) { erasure { status } }';
      await owner.graphql(`mutation ($input: DeleteContactInput!) { ${erasure} }`, { input: { id } });
      expect(await exactness()).to.deep.equal([false]);
      await sql('delete from events where workspace_id = $1', [tenant.workspaceId]);
      expect(await asOwner()).to.deep.equal([null]);
    });

    it('hide signatures from people and keys who may not read the object in the body', async () => {
      await happens();
      await settled('DELIVERED');
      const blind = clientOf(server.url, await keyWith(['manage:webhooks']));
      const { body } = await blind.graphql(`{ webhookDeliveries { nodes { ${sentHeaders} } } }`);
      expect(body.data.webhookDeliveries.nodes[0].lastAttempt.requestHeaders.headers).to.deep.equal(
        arrived(signatures),
      );
    });

    it('of a test event are told at once', async () => {
      await change('updateWebhookEndpoint', { customHeaders });
      const owner = await memberOf(server.app, tenant, 'OWNER');
      const attempt = 'requestHeaders { exact headers { name value } } responseHeaders { headers { name value } }';
      const send = `sendTestEvent(input: {endpointId: "${endpointId}"}) { attempt { ${attempt} } }`;
      receiver.answer = (response) => void response.writeHead(200, { 'X-Answer': 'yes' }).end();
      const { body } = await owner.graphql(`mutation { ${send} }`);
      const { requestHeaders, responseHeaders } = body.data.sendTestEvent.attempt;
      expect(requestHeaders).to.deep.equal({ exact: true, headers: arrived(custom) });
      expect(responseHeaders.headers).to.deep.include({ name: 'X-Answer', value: 'yes' });
    });
  });

  describe('the headers of the answer', () => {
    const answered = 'lastAttempt { responseHeaders { exact headers { name value } } }';

    it('are shown as they came, without what is secret', async () => {
      receiver.answer = (response) =>
        void response
          .writeHead(503, ['Retry-After', '60', 'Set-Cookie', 'id=1', 'Set-Cookie', 'id=2', 'X-Why', 'caf\xe9'])
          .end();
      await happens();
      const { lastAttempt } = await settled('RETRYING', answered);
      const { exact, headers } = lastAttempt.responseHeaders;
      expect(exact).to.equal(true);
      expect(headers.slice(0, 4)).to.deep.equal([
        { name: 'Retry-After', value: '60' },
        { name: 'Set-Cookie', value: '•••' },
        { name: 'Set-Cookie', value: '•••' },
        { name: 'X-Why', value: 'caf\xe9' },
      ]);
      const [{ kept } = { kept: '' }] = await sql<{ kept: string }>(
        'select response_headers as kept from webhook_attempts where endpoint_id = $1',
        [endpointId],
      );
      expect(kept).to.include('Retry-After: 60').and.not.include('id=');
    });

    it('are told to be cut where they are longer than 2 KiB', async () => {
      receiver.answer = (response) =>
        void response.writeHead(200, { 'X-Long': 'x'.repeat(3_000), 'X-Short': 'y' }).end();
      await happens();
      const { lastAttempt } = await settled('DELIVERED', answered);
      const { exact, headers } = lastAttempt.responseHeaders;
      expect(exact).to.equal(false);
      expect(headers[0]).to.deep.equal({ name: 'X-Short', value: 'y' });
    });

    it('are null where none came, and for those alone who may read the object in the event', async () => {
      receiver.answer = (response) => response.destroy();
      await happens();
      expect((await settled('RETRYING', answered)).lastAttempt.responseHeaders).to.equal(null);
      const blind = clientOf(server.url, await keyWith(['manage:webhooks']));
      const { body } = await blind.graphql(`{ webhookDeliveries { nodes { ${answered} } } }`);
      expect(body.errors[0].extensions.code).to.equal('insufficient_scopes');
    });
  });

  describe('filtered by its last attempt', () => {
    /** One in each state that an attempt can leave behind, by a name for each. */
    async function oneOfEach(): Promise<Record<string, string>> {
      const ids: Record<string, string> = {};
      answers(204);
      await happens();
      ids['delivered'] = (await settled('DELIVERED')).id;
      answers(404);
      await happens();
      await settled('RETRYING');
      await change('pauseWebhookEndpoint');
      await change('resumeWebhookEndpoint', { skipHeld: true });
      ids['skipped'] = (await settled('SKIPPED')).id;
      answers(503);
      await happens();
      await settled('RETRYING');
      await sql('update webhook_open_deliveries set attempts = 2 where endpoint_id = $1', [endpointId]);
      await change('pauseWebhookEndpoint');
      await change('resumeWebhookEndpoint');
      ids['exhausted'] = (await settled('EXHAUSTED')).id;
      receiver.answer = (response) => response.destroy();
      // Which forgets the failures before.
      await change('pauseWebhookEndpoint');
      await change('resumeWebhookEndpoint');
      await happens();
      ids['retrying'] = (await settled('RETRYING')).id;
      await change('pauseWebhookEndpoint');
      await happens();
      ids['pending'] = (await settled('HELD')).id;
      return ids;
    }

    it('finds it in whatever state it is, with other filters and counted', async () => {
      const ids = await oneOfEach();
      const nameOf = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
      const cases: [filter: object, names: string[]][] = [
        [{}, ['pending', 'retrying', 'exhausted', 'skipped', 'delivered']],
        [{ outcome: ['SUCCESS'] }, ['delivered']],
        [{ outcome: ['HTTP_ERROR'] }, ['exhausted', 'skipped']],
        [{ outcome: ['CONNECTION', 'TIMEOUT'] }, ['retrying']],
        [{ outcome: ['SUCCESS', 'HTTP_ERROR'] }, ['exhausted', 'skipped', 'delivered']],
        [{ outcome: [] }, []],
        [{ responseStatus: { gte: 200, lt: 300 } }, ['delivered']],
        [{ responseStatus: { gte: 400 } }, ['exhausted', 'skipped']],
        [{ responseStatus: { gte: 500, lt: 600 } }, ['exhausted']],
        [{ responseStatus: { gte: 404, lt: 405 } }, ['skipped']],
        [{ responseStatus: { lt: 500 } }, ['skipped', 'delivered']],
        [{ responseStatus: { gte: 500, lt: 500 } }, []],
        [{ responseStatus: {} }, ['pending', 'retrying', 'exhausted', 'skipped', 'delivered']],
        [{ responseStatus: { gte: 400 }, outcome: ['SUCCESS'] }, []],
        [{ responseStatus: { gte: 400 }, status: ['SKIPPED'] }, ['skipped']],
        [{ outcome: ['CONNECTION'], status: ['HELD'] }, ['retrying']],
        [{ outcome: ['CONNECTION'], status: ['DELIVERED'] }, []],
        [{ outcome: ['HTTP_ERROR'], search: 'answered 404' }, ['skipped']],
        [{ outcome: ['HTTP_ERROR'], eventType: ['contact.created'], endpointId }, ['exhausted', 'skipped']],
        [{ outcome: ['HTTP_ERROR'], eventType: ['contact.updated'] }, []],
      ];
      const document = `query ($filter: WebhookDeliveryFilter) {
        webhookDeliveries(filter: $filter) { totalCount nodes { id } }
      }`;
      for (const [filter, names] of cases) {
        const { totalCount, nodes } = (await ask(document, { filter })).webhookDeliveries;
        const found = nodes.map(({ id }: { id: string }) => nameOf.get(id));
        expect({ found, totalCount }, JSON.stringify(filter)).to.deep.equal({ found: names, totalCount: names.length });
      }
    });

    it('is found among many that were delivered without a look at those, page after page', async () => {
      const [{ id: eventId } = { id: '' }] = await sql<{ id: string }>(
        `insert into events (id, workspace_id, type, subject_id, body, created_at)
         values ('evt_' || $1, $2, 'contact.created', 'c', '{}', now()) returning id`,
        [newId('event'), tenant.workspaceId],
      );
      const prefix = newId('webhookDelivery').slice(0, 10);
      await sql(
        `insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms)
         select $1 || lpad(n::text, 15, '0'), $2, $3, now(), 1, case when n % 1000 = 0 then 'exhausted' else 'delivered' end,
           case when n % 1000 = 0 then 'http_error' else 'success' end, case when n % 1000 = 0 then 500 else 200 end, 1
         from generate_series(1, 20000) n`,
        [prefix, endpointId, eventId],
      );
      const query = new DeliveryQuery('workspace', { responseStatus: { gte: 400 } });
      for (const cursor of ['~', `${prefix}${'11000'.padStart(15, '0')}`]) {
        const values = [tenant.workspaceId, [tenant.workspaceId], cursor, 6, ...query.values];
        const [plan] = await sql<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
          `explain (analyze, buffers, format json) ${query.page('older')}`,
          values,
        );
        const { Plan: read } = plan!['QUERY PLAN'][0];
        expect((read['Shared Hit Blocks'] ?? 0) + (read['Shared Read Blocks'] ?? 0)).to.be.below(200);
        expect(await sql(query.page('older'), values)).to.have.length(6);
      }
    });
  });
});
