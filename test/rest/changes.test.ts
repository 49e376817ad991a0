import { expect } from 'chai';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { contactForm, createBot, createSubmission } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';

describe('changes', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;

  before(async () => {
    server = await startServer({ role: 'api' });
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
  });
  after(async () => await server.stop());

  /** A mutation by its name; what it answers below its own name. */
  const mutate = async (name: string, input: object, selected: string) => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    const { body } = await owner.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${selected} } }`, {
      input,
    });
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data[name];
  };
  const eventsOf = async (subjectId: string) => {
    const { rows } = await server.app.database.pool.query('select id from events where subject_id = $1', [subjectId]);
    return rows.length;
  };

  describe('that change nothing are not written and fire nothing', () => {
    it('of a contact: tags in another order or twice, custom fields with their keys in another', async () => {
      const customFields = { a: { x: 1, y: [1, { p: 1, q: 2 }] }, b: -0 };
      const input = { email: 'same@example.com', tags: ['one', 'two'], customFields };
      const { contact } = await mutate('createContact', input, 'contact { id updatedAt }');
      const again = { tags: ['two', 'one', 'two'], customFields: { b: 0, a: { y: [1, { q: 2, p: 1 }], x: 1 } } };
      const same = await mutate(
        'updateContact',
        { id: contact.id, ...again, email: ' Same@Example.com' },
        'contact { id updatedAt }',
      );
      expect(same.contact).to.deep.equal(contact);
      expect(await eventsOf(contact.id)).to.equal(1);
      const other = await mutate(
        'updateContact',
        { id: contact.id, customFields: { a: { x: 1, y: [{ p: 1, q: 2 }, 1] } } },
        'contact { updatedAt }',
      );
      expect(other.contact.updatedAt).not.to.equal(contact.updatedAt);
      expect(await eventsOf(contact.id)).to.equal(2);
    });

    it('of a record: data with its keys in another order', async () => {
      const data = { a: { x: 1, y: 2 }, b: 1 };
      const { record } = await mutate('createRecord', { recordType: 'lead', data }, 'record { id updatedAt }');
      const again = { id: record.id, recordType: 'lead', data: { b: 1, a: { y: 2, x: 1 } } };
      expect((await mutate('updateRecord', again, 'record { id updatedAt }')).record).to.deep.equal(record);
      const other = { id: record.id, data: { a: { y: 2, x: null } } };
      expect((await mutate('updateRecord', other, 'record { id updatedAt }')).record.updatedAt).not.to.equal(
        record.updatedAt,
      );
    });

    it('of a bot: items with their keys in another order, whoever wrote them', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      // As another version of this program would write it.
      const reversed = contactForm.map((item) =>
        Object.fromEntries(Object.entries({ required: false, ...item }).toReversed()),
      );
      await server.app.database.pool.query('update intake_bots set schema = $2 where id = $1', [
        bot.id,
        JSON.stringify(reversed),
      ]);
      const before = (await key.rest('GET', `/intake-bots/${bot.id}`)).body.data.intake_bot;
      const after = await key.rest('PATCH', `/intake-bots/${bot.id}`, { schema: contactForm, name: bot.name });
      expect(after.body.data.intake_bot).to.deep.equal(before);
      const turned = contactForm.map((item) => ({
        ...item,
        ...(item.options && { options: item.options.toReversed() }),
      }));
      const { body } = await key.rest('PATCH', `/intake-bots/${bot.id}`, { schema: turned });
      expect(body.data.intake_bot.updated_at).not.to.equal(before.updated_at);
    });

    it('of a submission: answers with their keys in another order', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const made = await createSubmission(server.app, bot);
      const data = Object.fromEntries(Object.entries(made.data).toReversed());
      const { body } = await key.rest('PATCH', `/intake-bots/${bot.id}/submissions/${made.id}`, { data });
      expect(body.data.submission.updated_at).to.equal(made.updatedAt.toISOString());
      expect(await eventsOf(made.id)).to.equal(1);
    });

    it('of an endpoint: events in another order, headers with theirs in another', async () => {
      const input = {
        url: 'http://127.0.0.1:9/',
        events: ['contact.created', 'contact.updated'],
        customHeaders: { 'X-A': '1', 'X-B': '2' },
      };
      const { webhookEndpoint } = await mutate(
        'createWebhookEndpoint',
        input,
        'webhookEndpoint { id events updatedAt }',
      );
      const { id } = webhookEndpoint;
      const again = { id, events: input.events.toReversed(), customHeaders: { 'X-B': '2', 'X-A': '1' } };
      expect(
        (await mutate('updateWebhookEndpoint', again, 'webhookEndpoint { id events updatedAt }')).webhookEndpoint,
      ).to.deep.equal(webhookEndpoint);
      const patched = await key.rest('PATCH', `/webhooks/${id}`, {
        events: [...input.events.toReversed(), 'contact.updated'],
      });
      expect(patched.body.data.webhook.updated_at).to.equal(webhookEndpoint.updatedAt);
      const other = await mutate(
        'updateWebhookEndpoint',
        { id, customHeaders: { 'X-A': '1' } },
        'webhookEndpoint { updatedAt }',
      );
      expect(other.webhookEndpoint.updatedAt).not.to.equal(webhookEndpoint.updatedAt);
    });
  });

  describe('with null', () => {
    it('leave out over REST what may be left out, and empty what may be empty', async () => {
      const bot = await createBot(server.app, tenant.workspaceId, { description: 'For visitors.' });
      const path = `/intake-bots/${bot.id}/submissions`;
      const data = { full_name: 'Nell', email: 'nell@example.com', phone: null };
      const made = await key.rest('POST', path, { data, status: null, is_test: null });
      expect(made.body.data?.submission.status).to.equal('COMPLETED');
      const { id } = made.body.data.submission;
      const patched = await key.rest('PATCH', `${path}/${id}`, { data: null, status: null });
      expect(patched.body.data.submission.updated_at).to.equal(made.body.data.submission.created_at);
      const nothing = await key.rest('PATCH', `/intake-bots/${bot.id}`, { name: null, status: null, schema: null });
      expect(nothing.body.data.intake_bot).to.include({ name: bot.name, description: 'For visitors.' });
      const emptied = await key.rest('PATCH', `/intake-bots/${bot.id}`, { description: null });
      expect(emptied.body.data.intake_bot.description).to.equal(null);
      const hook = await key.rest('POST', '/webhooks', {
        url: 'http://127.0.0.1:9/',
        events: ['contact.created'],
        description: 'x',
      });
      const webhook = `/webhooks/${hook.body.data.webhook.id}`;
      const kept = await key.rest('PATCH', webhook, { url: null, events: null, status: null });
      expect(kept.body.data.webhook).to.include({ url: 'http://127.0.0.1:9/', description: 'x', status: 'active' });
      expect((await key.rest('PATCH', webhook, { description: null })).body.data.webhook.description).to.equal(null);
    });

    it('are refused for what must be there', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const issues = async (path: string, body: object) =>
        ((await key.rest('POST', path, body)).body.error.details.issues as { path: string; code: string }[]).map(
          ({ path: at, code }) => `${at} ${code}`,
        );
      expect(await issues(`/intake-bots/${bot.id}/submissions`, { data: null })).to.deep.equal(['data required']);
      expect(await issues('/webhooks', { url: null, events: null })).to.deep.equal([
        'url wrong_type',
        'events wrong_type',
      ]);
    });

    it('remove an answer whose field the bot no longer has, over both doors', async () => {
      for (const door of ['rest', 'graphql']) {
        const schema = [
          { name: 'gone', type: 'text' },
          { name: 'email', type: 'email' },
          { name: 'heading', type: 'text' },
        ];
        const bot = await createBot(server.app, tenant.workspaceId, { schema });
        const data = { gone: 'old', email: 'old@example.com', heading: 'x' };
        const { id } = await createSubmission(server.app, bot, { data });
        const path = `/intake-bots/${bot.id}`;
        await key.rest('PATCH', path, { schema: [schema[1], { name: 'heading', type: 'group' }] });
        const change = async (patch: object) =>
          door === 'rest'
            ? (await key.rest('PATCH', `${path}/submissions/${id}`, { data: patch })).body
            : (
                await key.graphql(
                  'mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { data } } }',
                  { input: { id, data: patch } },
                )
              ).body;
        const refused = JSON.stringify(await change({ gone: 'new', never: null }));
        expect(refused).to.include('"data.gone"').and.to.include('"data.never"').and.to.include('unknown_field');
        expect(JSON.stringify(await change({ gone: null })))
          .to.include('old@example.com')
          .and.not.to.include('"gone"');
        await change({ heading: null });
        const { body } = await key.rest('GET', `${path}/submissions/${id}`);
        expect(body.data.submission.data).to.deep.equal({ email: 'old@example.com' });
      }
    });
  });

  describe('with If-Match', () => {
    const etagOf = async (path: string, headers: Record<string, string> = {}) => {
      const answer = await key.rest('GET', path, undefined, headers);
      return answer.headers.get('etag') ?? '';
    };
    const change = async (method: string, path: string, body: object | undefined, ifMatch: string) =>
      await key.rest(method, path, body, { 'If-Match': ifMatch });

    const long = 'x'.repeat(2_000);
    const things: {
      what: string;
      make: () => Promise<string>;
      patches: [object, object];
      counts: (path: string) => Promise<unknown>;
    }[] = [
      {
        what: 'a bot',
        make: async () => `/intake-bots/${(await createBot(server.app, tenant.workspaceId, { description: long })).id}`,
        patches: [{ name: 'One' }, { schema: [{ name: 'a', type: 'text' }] }],
        counts: async (path) => {
          const bot = await server.app.intakeBots.find(tenant.workspaceId, path.split('/')[2] ?? '');
          await createSubmission(server.app, Object.assign(bot, { shareUrl: '' }));
        },
      },
      {
        what: 'a submission',
        make: async () => {
          const bot = await createBot(server.app, tenant.workspaceId);
          const submission = await createSubmission(server.app, bot, {
            data: { full_name: long, email: 'etag@example.com' },
          });
          return `/intake-bots/${bot.id}/submissions/${submission.id}`;
        },
        patches: [{ data: { topic: 'Sales' } }, { data: { topic: 'Support' } }],
        counts: async (path) => {
          const input = { submissionId: path.split('/')[4], role: 'USER', content: 'Hello' };
          await mutate('addSubmissionMessage', input, 'message { id }');
        },
      },
      {
        what: 'a webhook',
        make: async () => {
          const { body } = await key.rest('POST', '/webhooks', {
            url: `http://127.0.0.1:9/${long.slice(0, 1_500)}`,
            events: ['contact.created'],
          });
          return `/webhooks/${body.data.webhook.id}`;
        },
        patches: [{ description: 'One' }, { status: 'paused' }],
        counts: async (path) => {
          const id = path.split('/')[2];
          await server.app.database.pool.query(
            'update webhook_endpoint_states set last_delivery_at = now(), last_delivery_ok = false, consecutive_fails = 3 where endpoint_id = $1',
            [id],
          );
          await mutate('rotateWebhookSecret', { id }, 'secret');
        },
      },
    ];
    for (const {
      what,
      make,
      patches: [one, other],
      counts,
    } of things) {
      it(`change ${what} only where nothing that a PATCH may change has changed since`, async () => {
        const path = await make();
        const before = await etagOf(path);
        await counts(path);
        const after = await etagOf(path);
        // Other bytes, and nothing that a PATCH could change.
        expect(after).not.to.equal(before);
        expect((await change('PATCH', path, one, before)).status).to.equal(200);
        for (const stale of [before, after]) {
          const refused = await change('PATCH', path, other, stale);
          expect(refused.status).to.equal(412);
          expect(refused.body.error).to.deep.include({ code: 'precondition_failed', details: {} });
        }
        expect((await change('PATCH', path, other, await etagOf(path))).status).to.equal(200);
      });

      it(`take the ETag of ${what} in any encoding, in a list and for a star, and no weak one`, async () => {
        const path = await make();
        const etags = await Promise.all(
          ['identity', 'gzip', 'br'].map(async (encoding) => await etagOf(path, { 'Accept-Encoding': encoding })),
        );
        expect(new Set(etags)).to.have.length(3);
        for (const etag of [...etags, `"other", ${etags[1]}`, '*'])
          expect((await change('PATCH', path, {}, etag)).status, etag).to.equal(200);
        const list = await key.rest('GET', path.split('/').slice(0, -1).join('/'));
        for (const etag of [`W/${etags[0]}`, '"nope"', 'nope', '', '","', list.headers.get('etag') ?? '']) {
          expect((await change('PATCH', path, one, etag)).status, etag).to.equal(412);
        }
        expect((await key.rest('GET', path, undefined, { 'If-Match': '"nope"' })).status).to.equal(200);
        const missing = path.slice(0, -3) + '000';
        expect((await change('PATCH', missing, one, '*')).status).to.equal(404);
      });

      it(`let one of ten changes of ${what} at once pass, and lose none`, async () => {
        const path = await make();
        const etag = await etagOf(path);
        const statuses = await Promise.all(
          Array.from(
            { length: 10 },
            async (_, index) => (await change('PATCH', path, index % 2 === 0 ? one : other, etag)).status,
          ),
        );
        expect(statuses.toSorted((one, another) => one - another)).to.deep.equal([200, ...Array<number>(9).fill(412)]);
      });
    }

    it('find a submission changed by whatever a PATCH may change of it, attribution alone included', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const { id } = await createSubmission(server.app, bot, { status: 'IN_PROGRESS' });
      const path = `/intake-bots/${bot.id}/submissions/${id}`;
      const patches = [
        { attribution: { gclid: 'one' } },
        { attribution: { consent: { ad_user_data: 'granted' } } },
        { data: { topic: 'Sales' } },
        { status: 'COMPLETED' },
        { attribution: { consent: { ad_user_data: 'denied' } } },
      ];
      for (const patch of patches) {
        const before = await etagOf(path);
        expect((await change('PATCH', path, patch, before)).status, JSON.stringify(patch)).to.equal(200);
        const late = await change('PATCH', path, { data: { topic: 'Support' } }, before);
        expect(late.status, JSON.stringify(patch)).to.equal(412);
        // What is there already is no change.
        const after = await etagOf(path);
        expect((await change('PATCH', path, patch, after)).status).to.equal(200);
        expect(await etagOf(path)).to.equal(after);
      }
    });

    it('delete a webhook just so', async () => {
      const { body } = await key.rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
      const path = `/webhooks/${body.data.webhook.id}`;
      const before = await etagOf(path);
      await key.rest('PATCH', path, { events: ['contact.updated'] });
      expect((await change('DELETE', path, undefined, before)).status).to.equal(412);
      expect((await change('DELETE', path, undefined, await etagOf(path))).status).to.equal(200);
    });

    it('change nothing of a webhook where one of several changes is for another version', async () => {
      const { body } = await key.rest('POST', '/webhooks', { url: 'http://127.0.0.1:9/', events: ['contact.created'] });
      const path = `/webhooks/${body.data.webhook.id}`;
      const all = { description: 'x', events: ['contact.updated'], status: 'paused' };
      expect((await change('PATCH', path, all, '"nope"')).status).to.equal(412);
      const { webhook } = (await key.rest('GET', path)).body.data;
      expect(webhook).to.deep.include({ description: null, events: ['contact.created'], status: 'active' });
      const done = await change('PATCH', path, all, await etagOf(path));
      expect(done.body.data.webhook).to.deep.include(all);
    });
  });
});
