import { expect } from 'chai';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { Agent, textOf, ways } from '../support/agent.js';
import { clientOf } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';

const everyTool = [
  'get_workspace',
  'get_intake_bots',
  'search_submissions',
  'get_submission',
  'create_submission',
  'search_contacts',
  'search_records',
  'get_webhook_endpoints',
  'search_deliveries',
  'get_delivery',
  'get_replay',
  'redeliver_webhook',
  'replay_webhooks',
  'send_test_event',
];

for (const [who, way] of Object.entries(ways)) {
  describe(`the official client ${who}`, function () {
    this.timeout(60_000);
    let server: TestServer;
    let tenant: Tenant;
    let receiver: Receiver;
    let agent: Agent;
    let botId: string;
    let endpointId: string;

    before(async () => {
      server = await startServer();
      tenant = await createTenant(server.app);
      receiver = await Receiver.start();
      const bot = await createBot(server.app, tenant.workspaceId, { record_type: 'lead' });
      botId = bot.id;
      const { rest } = clientOf(server.url, tenant.key);
      const made = await rest('POST', '/webhooks', { url: receiver.url, events: ['submission.completed'] });
      endpointId = made.body.data.webhook.id;
      await createSubmission(server.app, bot);
      await receiver.arrived(1);
      agent = await Agent.connect(server.url, tenant.key, { way });
    });
    after(async () => {
      await agent.close();
      await server.stop();
      await receiver.stop();
    });

    it('finds the tools, the guides and the prompts', async () => {
      expect(await agent.tools()).to.deep.equal(everyTool);
      const { resources } = await agent.client.listResources();
      expect(resources.map(({ uri }) => uri)).to.include.members([
        'iozen://docs/webhooks',
        'iozen://schema.graphql',
        'iozen://openapi.json',
      ]);
      const page = await agent.client.readResource({ uri: 'iozen://docs/webhooks' });
      expect((page.contents[0] as { text: string }).text).to.match(/^# Webhooks/);
      const openApi = await agent.client.readResource({ uri: 'iozen://openapi.json' });
      expect(JSON.parse((openApi.contents[0] as { text: string }).text).openapi).to.match(/^3\.1/);
      const { prompts } = await agent.client.listPrompts();
      expect(prompts.map(({ name }) => name)).to.deep.equal(['diagnose_webhook', 'summarise_submissions']);
      const prompt = await agent.client.getPrompt({ name: 'diagnose_webhook', arguments: { endpoint_id: endpointId } });
      expect(JSON.stringify(prompt.messages)).to.include(endpointId);
      const { completion } = await agent.client.complete({
        ref: { type: 'ref/prompt', name: 'diagnose_webhook' },
        argument: { name: 'endpoint_id', value: 'c' },
      });
      expect(completion.values).to.deep.equal([endpointId]);
    });

    it('calls every tool that reads', async () => {
      const workspace = await agent.call('get_workspace');
      expect(workspace.workspace).to.include({ id: tenant.workspaceId, plan: 'BUSINESS' });
      expect(workspace.points.limit).to.equal(500);
      const bots = await agent.call('get_intake_bots');
      expect(bots.intake_bots.map(({ id }: { id: string }) => id)).to.deep.equal([botId]);
      const [bot] = (await agent.call('get_intake_bots', { intake_bot_id: botId })).intake_bots;
      expect(bot.schema[0]).to.include({ name: 'full_name' });
      const [row] = (await agent.call('search_submissions', { intake_bot_id: botId })).submissions;
      expect(row.untrusted.data).to.include({ full_name: 'Ada Lovelace' });
      const { submission } = await agent.call('get_submission', { submission_id: row.id });
      expect(submission).to.include({ id: row.id, status: 'COMPLETED', intake_bot_id: botId });
      const [contact] = (await agent.call('search_contacts', { email: row.untrusted.data.email })).contacts;
      expect(contact.id).to.equal(row.contact_id);
      await agent.call('search_records', { contact_id: contact.id });
      const [endpoint] = (await agent.call('get_webhook_endpoints')).endpoints;
      expect(endpoint).to.include({ id: endpointId, status: 'active' });
      const [delivery] = (await agent.call('search_deliveries', { endpoint_id: endpointId })).deliveries;
      expect(delivery).to.include({ status: 'delivered', event_type: 'submission.completed' });
      const whole = await agent.call('get_delivery', { delivery_id: delivery.id });
      expect(whole.attempts[0]).to.include({ outcome: 'success', response_status: 200 });
      expect(whole.untrusted.request_body).to.include('submission.completed');
    });

    it('calls every tool that writes, and hears of progress', async () => {
      const args = { intake_bot_id: botId, data: { full_name: 'Grace Hopper', email: 'grace@example.com' } };
      const { submission } = await agent.call('create_submission', args);
      expect(submission.status).to.equal('COMPLETED');
      const [delivery] = (await agent.call('search_deliveries', { limit: 1 })).deliveries;
      const again = await agent.call('redeliver_webhook', { delivery_id: delivery.id });
      expect(again.delivery).to.include({ event_id: delivery.event_id });
      const tested = await agent.call('send_test_event', { endpoint_id: endpointId });
      expect(tested.attempt).to.include({ outcome: 'success', response_status: 200 });
      const asked = { endpoint_id: endpointId, since: '2026-01-01T00:00:00Z', only: 'ALL' };
      const counted = await agent.call('replay_webhooks', asked);
      expect(counted).to.include({ state: 'counted' }).and.to.not.have.property('replay_id');
      const started = await agent.call('replay_webhooks', { ...asked, dry_run: false, confirm: counted.count });
      expect(started.state).to.equal('started');
      const told: number[] = [];
      const result = await agent.client.callTool(
        { name: 'get_replay', arguments: { replay_id: started.replay_id, wait_seconds: 20 } },
        { onprogress: ({ progress }) => void told.push(progress) },
      );
      expect(result.structuredContent).to.include({ status: 'DONE', done: counted.count });
      expect(told.at(-1)).to.equal(counted.count);
    });

    it('reads why a call is refused', async () => {
      const wrong = await agent.refusal('search_submissions', { status: ['LOST'], limit: 0, colour: 'red' });
      expect(wrong.code).to.equal('validation_failed');
      expect(wrong.issues.map(({ path }: { path: string }) => path)).to.have.members(['status.0', 'limit', 'colour']);
      const missing = await agent.refusal('get_submission', { submission_id: botId });
      expect(missing).to.include({ code: 'resource_not_found' });
      expect(missing.next).to.include('search_submissions');
      let unknown = '';
      await agent.result('get_submissions').catch((error: Error) => (unknown = error.message));
      expect(unknown).to.include('get_submission');
    });

    it('gives up a call that it no longer waits for', async () => {
      const asked = { endpoint_id: endpointId, since: '2026-01-01T00:00:00Z', only: 'ALL', rate_per_second: 1 };
      for (let more = 0; more < 5; more += 1) {
        await agent.call('create_submission', {
          intake_bot_id: botId,
          data: { full_name: 'Ada', email: `more${more}@example.com` },
        });
      }
      const { count } = await agent.call('replay_webhooks', asked);
      const { replay_id: id } = await agent.call('replay_webhooks', { ...asked, dry_run: false, confirm: count });
      const leaving = new AbortController();
      const left = agent.client
        .callTool(
          { name: 'get_replay', arguments: { replay_id: id, wait_seconds: 40 } },
          { signal: leaving.signal, onprogress: () => leaving.abort() },
        )
        .then(
          () => 'answered',
          () => 'left',
        );
      expect(await left).to.equal('left');
      expect(textOf(await agent.result('get_workspace'))).to.include('BUSINESS');
      // A client of 2025 says it in a request of its own, which in a server without sessions leads to no call.
      if (agent.client.getNegotiatedProtocolVersion() !== '2026-07-28') return;
      const gone = async () =>
        /iozen_mcp_calls_total\{tool="get_replay",outcome="gone"\} 1/.test(await server.app.metrics.registry.metrics());
      for (const untilMs = Date.now() + 5_000; !(await gone());) {
        expect(Date.now(), 'the call goes on').to.be.lessThan(untilMs);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  });
}
