import { expect } from 'chai';
import { dataSourceFor } from '../../ormconfig.js';
import { createTenant, startServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot } from '../support/factories.js';
import { memberOf, personAt, signIn } from '../support/people.js';
import { placesOf } from '../support/secrets-left.js';

describe('events from before it was written down whom they speak of', () => {
  it('are found for an erasure all the same: of contacts, of submissions that are linked, gone, or nobody’s', async () => {
    const former = await startServer({ role: 'api' });
    const tenant = await createTenant(former.app);
    await memberOf(former.app, tenant, 'OWNER');
    const key = clientOf(former.url, tenant.key);
    const bot = await createBot(former.app, tenant.workspaceId);
    const submit = async (data: object, more: object = {}) => {
      const path = `/intake-bots/${bot.id}/submissions`;
      const { body } = await key.rest('POST', path, { data: { full_name: 'Formerly', ...data }, ...more });
      return `${path}/${body.data.submission.id}`;
    };
    const email = 'Formerly@example.com';
    await submit({ email });
    await key.graphql('mutation ($id: ID!) { deleteSubmission(input: {id: $id}) { submission { id } } }', {
      id: (await submit({ email, phone: '+1 415 555 2671' })).split('/').at(-1),
    });
    const draft = await submit({}, { status: 'IN_PROGRESS' });
    await key.rest('PATCH', draft, { data: { email: ` ${email}` } });

    const source = await dataSourceFor(former.databaseUrl).initialize();
    const there = "select to_regclass('event_subjects') is not null as yes";
    while ((await source.query<{ yes: boolean }[]>(there))[0]?.yes === true) await source.undoLastMigration();
    await source.destroy();
    const server = await startServer({ role: 'api', beside: former });
    try {
      const person = personAt(server.url);
      await signIn(person, tenant.owner.email, tenant.owner.password);
      const { body } = await person.graphql('{ contacts { nodes { id } } }');
      const erased = await person.graphql(
        `mutation ($id: ID!) { deleteContact(input: {id: $id, eraseSubmissions: true}) {
          erasure { counts { events submissions } }
        } }`,
        { id: body.data.contacts.nodes[0].id },
      );
      // The contact and its phone, two submissions, and the change of the draft.
      expect(erased.body.data.deleteContact.erasure.counts).to.deep.equal({ events: 5, submissions: 2 });
      expect(await placesOf(server.app, 'formerly')).to.deep.equal({});
    } finally {
      await server.stop();
      await former.stop();
    }
  });
});
