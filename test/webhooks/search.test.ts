import { expect } from 'chai';
import { newId } from '../../src/platform/id.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';

const insertDelivery = `
  with told as (
    insert into events (id, workspace_id, type, subject_id, body, created_at)
    values ($1, $2, 'contact.created', 'c', $3, now())
  )
  insert into webhook_attempts (delivery_id, endpoint_id, event_id, at, number, ended, outcome, response_status, total_ms,
    response_body)
  values ($4, $5, $1, now(), 1, 'delivered', 'success', 200, 1, $6)
`;
const search = `query ($search: String, $after: String) {
  webhookDeliveries(first: 5, after: $after, filter: { search: $search }) {
    nodes { id } edges { cursor } searchedTo pageInfo { hasNextPage endCursor } totalCount
  }
}`;

describe('a search for deliveries', () => {
  let server: TestServer;

  before(async () => (server = await startServer({ role: 'api' })));
  after(async () => await server.stop());

  async function endpointOf(tenant: Tenant): Promise<string> {
    const { rest } = clientOf(server.url, tenant.key);
    const url = 'http://127.0.0.1:9/';
    return (await rest('POST', '/webhooks', { url, events: ['contact.created'] })).body.data.webhook.id;
  }

  /** A finished delivery, with what it told and what was answered. */
  async function deliver(tenant: Tenant, endpointId: string, body: string, answer: string | Buffer = 'ok') {
    const id = newId('webhookDelivery');
    const values = [`evt_${newId('event')}`, tenant.workspaceId, body, id, endpointId, Buffer.from(answer)];
    await server.app.database.pool.query(insertDelivery, values);
    return id;
  }

  async function found(tenant: Tenant, text: string, after: string | null = null) {
    const answer = await clientOf(server.url, tenant.key).graphql(search, { search: text, after });
    expect(answer.body.errors, JSON.stringify(answer.body.errors)).to.equal(undefined);
    return answer.body.data.webhookDeliveries;
  }

  it('finds what was typed, whatever JSON or a receiver made of it, in either case in all scripts', async () => {
    const tenant = await createTenant(server.app);
    const endpointId = await endpointOf(tenant);
    const notes = [
      'say "hello"',
      'C:\\temp\\new',
      '100 %_sure',
      'Привет, Ёлка',
      'Straße à Genève',
      'ὈΔΥΣΣΕΎΣ',
      '5 < 7 && a/b',
    ];
    const told: string[] = [];
    for (const note of notes) told.push(await deliver(tenant, endpointId, JSON.stringify({ notes: note })));
    const php = '{"error":"Caf\\u00e9 \\u00C9cole ferm\\u00e9","url":"https:\\/\\/x.example\\/a"}';
    const escaping = await deliver(tenant, endpointId, '{}', php);
    const html = await deliver(tenant, endpointId, '{}', '{"m":"\\u003cb\\u003e\\u0027so\\u0027 \\ud83d\\ude00"}');
    const cutOff = await deliver(tenant, endpointId, '{}', Buffer.from('größer als erlaubt: ä').subarray(0, -1));
    const cases: [text: string, id: string | undefined][] = [
      ['say "hello"', told[0]],
      ['SAY "HELLO', told[0]],
      ['c:\\TEMP\\new', told[1]],
      ['"notes":"C:\\\\temp', told[1]],
      ['100 %_s', told[2]],
      ['привет, ёлка', told[3]],
      ['ПРИВЕТ', told[3]],
      ['STRASSE À GENÈVE', undefined],
      ['straße À genève', told[4]],
      ['geneve', undefined],
      ['ὀδυσσεύς', told[5]],
      ['5 < 7 && A/B', told[6]],
      ['café école FERMÉ', escaping],
      ['https://x.example/a', escaping],
      ['\\u00e9', escaping],
      ["<b>'so' 😀", html],
      ['GRÖSSER ALS', undefined],
      ['GRÖßER als ERLAUBT', cutOff],
      ['.*', undefined],
      ['100 __s', undefined],
    ];
    for (const [text, id] of cases) {
      const { nodes, searchedTo, totalCount } = await found(tenant, text);
      const ids = id === undefined ? [] : [id];
      expect(
        nodes.map((node: { id: string }) => node.id),
        text,
      ).to.deep.equal(ids);
      expect([searchedTo, totalCount], text).to.deep.equal([null, ids.length]);
    }
  });

  it('ends after a moment, says how far it looked, and goes on from there without a gap', async () => {
    const tenant = await createTenant(server.app);
    const endpointId = await endpointOf(tenant);
    const long = 'ль и нь '.repeat(64_000);
    const wanted: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      const isWanted = count === 0 || count === 59;
      const id = await deliver(tenant, endpointId, '{}', `${long}${isWanted ? 'объём' : ''}`);
      if (isWanted) wanted.unshift(id);
    }
    const ids: string[] = [];
    const lookedTo: string[] = [];
    let pages = 0;
    for (let after: string | null | undefined = null; after !== undefined; pages += 1) {
      const askedAt = performance.now();
      const { nodes, searchedTo, pageInfo } = await found(tenant, 'ОБЪЁМ', after);
      expect(performance.now() - askedAt).to.be.below(10_000);
      ids.push(...nodes.map(({ id }: { id: string }) => id));
      expect(pageInfo.hasNextPage).to.equal(searchedTo !== null);
      if (searchedTo !== null) lookedTo.push(searchedTo);
      after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined;
    }
    expect(ids).to.deep.equal(wanted);
    expect(pages).to.be.above(1);
    expect(lookedTo).to.deep.equal(lookedTo.toSorted().toReversed());
  });

  it('is refused for more characters than anybody types', async () => {
    const tenant = await createTenant(server.app);
    const { body } = await clientOf(server.url, tenant.key).graphql(search, { search: 'x'.repeat(201) });
    expect(body.errors[0].extensions).to.deep.include({
      code: 'validation_failed',
      details: { issues: [{ path: 'filter.search', code: 'too_long', message: 'must have at most 200 characters' }] },
    });
  });
});
