import { expect } from 'chai';
import { dayMs } from '../../src/platform/clock.js';
import { idFloor } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';
import { insertDelivery } from './webhook-fixture.js';

describe('why and when a delivery ended', () => {
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let endpointId: string;

  before(async () => {
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h' } });
    receiver = await Receiver.start();
  });
  beforeEach(async () => {
    receiver.answer = (response) => void response.end();
    tenant = await createTenant(server.app);
    const input = { url: receiver.url, events: ['contact.created'] };
    const create = 'createWebhookEndpoint(input: $input) { webhookEndpoint { id } }';
    endpointId = (await ask(`mutation ($input: CreateWebhookEndpointInput!) { ${create} }`, { input }))
      .createWebhookEndpoint.webhookEndpoint.id;
  });
  after(async () => {
    await server.stop();
    await receiver.stop();
  });

  const sql = async (text: string, values: unknown[]) => (await server.app.database.pool.query(text, values)).rows;
  async function ask(document: string, variables: object = {}) {
    const { body } = await clientOf(server.url, tenant.key).graphql(document, variables);
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data;
  }
  const change = async (name: string, input: object) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
    await ask(`mutation ($input: ${type}) { ${name}(input: $input) { __typename } }`, {
      input: { id: endpointId, ...input },
    });
  };
  const ends = async () => {
    const fields = 'id status skipReason createdAt endedAt attempts { number at timings { totalMs } }';
    return (await ask(`{ webhookDeliveries(first: 10) { nodes { ${fields} } } }`)).webhookDeliveries.nodes;
  };
  const settled = async (status: string) => {
    for (const endsAt = Date.now() + 10_000; ;) {
      const [delivery] = await ends();
      if (delivery?.status === status) return delivery;
      if (Date.now() > endsAt) throw new Error(`it is ${delivery?.status}, not ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const happens = async () => await createSubmission(server.app, await createBot(server.app, tenant.workspaceId));
  const hold = async () => {
    await change('pauseWebhookEndpoint', {});
    await happens();
    expect(await settled('HELD')).to.include({ skipReason: null, endedAt: null });
  };
  /** In the last seconds. */
  const isRecent = (moment: string) => expect(Date.now() - Date.parse(moment)).to.be.within(-1_000, 20_000);

  it('one that was delivered ended with its attempt, for no reason; one that waits has not ended', async () => {
    await happens();
    const { skipReason, endedAt, attempts } = await settled('DELIVERED');
    expect(skipReason).to.equal(null);
    expect(Date.parse(endedAt)).to.equal(Date.parse(attempts[0].at) + attempts[0].timings.totalMs);
    receiver.answer = (response) => void response.writeHead(500).end();
    await happens();
    expect(await settled('RETRYING')).to.include({ skipReason: null, endedAt: null });
  });

  it('one that used up its attempts ended with the last', async () => {
    receiver.answer = (response) => void response.writeHead(500).end();
    await happens();
    await settled('RETRYING');
    await change('pauseWebhookEndpoint', {});
    await change('resumeWebhookEndpoint', {});
    const { skipReason, endedAt, attempts } = await settled('EXHAUSTED');
    expect(skipReason).to.equal(null);
    expect(Date.parse(endedAt)).to.equal(Date.parse(attempts[1].at) + attempts[1].timings.totalMs);
  });

  it('dropped by a resume', async () => {
    await hold();
    await change('resumeWebhookEndpoint', { skipHeld: true });
    const [{ status, skipReason, endedAt }] = await ends();
    expect({ status, skipReason }).to.deep.equal({ status: 'SKIPPED', skipReason: 'DROPPED' });
    isRecent(endedAt);
  });

  it('held for 30 days', async () => {
    await hold();
    const old = `${idFloor(new Date(Date.now() - 31 * dayMs))}d${'0'.repeat(15)}`;
    const [{ id: eventId }] = await sql('select event_id as id from webhook_open_deliveries where endpoint_id = $1', [
      endpointId,
    ]);
    await sql(insertDelivery, [old, endpointId, eventId]);
    await sql("update webhook_endpoints set paused_at = now() - interval '31 days' where id = $1", [endpointId]);
    await server.app.webhookWorker.maintain();
    const [young, held] = await ends();
    expect(young.status).to.equal('HELD');
    expect(held).to.include({ id: old, status: 'SKIPPED', skipReason: 'HELD_TOO_LONG' });
    isRecent(held.endedAt);
  });

  it('its endpoint was deleted: those that are skipped at once, and those that still lie open', async () => {
    await hold();
    const [{ id, eventId }] = await sql(
      'select id, event_id as "eventId" from webhook_open_deliveries where endpoint_id = $1',
      [endpointId],
    );
    await change('deleteWebhookEndpoint', {});
    await sql(insertDelivery, [id.replace(/.$/, '~'), endpointId, eventId]);
    const [open, skipped] = await ends();
    expect(skipped.id).to.equal(id);
    for (const end of [open, skipped]) {
      expect(end).to.include({ status: 'SKIPPED', skipReason: 'ENDPOINT_DELETED' });
      expect(end.endedAt).to.equal(open.endedAt);
      isRecent(end.endedAt);
    }
  });

  it('its person was erased', async () => {
    await hold();
    const [{ id }] = await sql('select id from contacts where workspace_id = $1', [tenant.workspaceId]);
    const owner = await memberOf(server.app, tenant, 'OWNER');
    const { body } = await owner.graphql(
      'mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }',
      { input: { id } },
    );
    expect(body.data.deleteContact.erasure.status).to.equal('DONE');
    const [{ status, skipReason, endedAt }] = await ends();
    expect({ status, skipReason }).to.deep.equal({ status: 'SKIPPED', skipReason: 'PERSON_ERASED' });
    isRecent(endedAt);
  });

  it('its event was gone when it was to be sent', async () => {
    await hold();
    await sql("update webhook_open_deliveries set event_id = 'evt_c0000000000000000000000000' where endpoint_id = $1", [
      endpointId,
    ]);
    await change('resumeWebhookEndpoint', {});
    const { skipReason, endedAt } = await settled('SKIPPED');
    expect(skipReason).to.equal('EVENT_GONE');
    isRecent(endedAt);
  });
});
