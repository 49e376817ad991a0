import { expect } from 'chai';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { memberOf } from '../support/people.js';
import { Receiver } from '../support/receiver.js';

describe('the history of one object', () => {
  let server: TestServer;
  let second: TestServer;
  let receiver: Receiver;

  before(async () => {
    server = await startServer();
    second = await startServer({ role: 'api', beside: server });
    receiver = await Receiver.start();
  });
  after(async () => {
    await second.stop();
    await server.stop();
    await receiver.stop();
  });

  it('is followed exactly by event ids and by deliveries, whoever changes it at once and in whatever process', async () => {
    const tenant = await createTenant(server.app);
    const people = [await memberOf(server.app, tenant, 'OWNER'), await memberOf(second.app, tenant, 'MEMBER')];
    const call = async (index: number, text: string) => {
      const { body } = await people[index % 2]!.graphql(text);
      expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
      return body.data;
    };
    const endpoint = `{ url: "${receiver.url}", events: ["contact.updated"], maxConcurrency: 1 }`;
    await call(0, `mutation { createWebhookEndpoint(input: ${endpoint}) { secret } }`);
    const made = await call(0, 'mutation { createContact(input: { email: "ada@example.com" }) { contact { id } } }');
    const { id } = made.createContact.contact;
    // Under the row's lock, so in the order of its changes.
    await server.app.database.pool.query(`
      create table history (n serial, last_name text);
      create function remember() returns trigger language plpgsql as
        'begin insert into history (last_name) values (new.last_name); return null; end';
      create trigger remember after update of last_name on contacts for each row execute function remember();
    `);
    const change = async (index: number) =>
      call(index, `mutation { updateContact(input: { id: "${id}", lastName: "Name ${index}" }) { contact { id } } }`);
    // More at once would wait for the row so long, on a busy machine, that some are refused.
    for (let made = 0; made < 60; made += 6)
      await Promise.all(Array.from({ length: 6 }, async (_, index) => await change(made + index)));
    const received = await receiver.arrived(60, 30_000);
    const { rows } = await server.app.database.pool.query<{ name: string }>(
      'select last_name as name from history order by n',
    );
    const events = received.map(({ body }) => JSON.parse(body) as { id: string; data: { contact: Contact } });
    expect(events.map(({ data }) => data.contact.last_name)).to.deep.equal(rows.map(({ name }) => name));
    const ids = events.map(({ id }) => id);
    expect(ids).to.deep.equal(ids.toSorted());
    const times = events.map(({ data }) => data.contact.updated_at);
    expect(times).to.deep.equal([...new Set(times)].toSorted());
  });

  interface Contact {
    last_name: string;
    updated_at: string;
  }
});
