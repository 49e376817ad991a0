import { expect } from 'chai';
import { hash } from 'node:crypto';
import type { TestServer } from '../support/app.js';
import { memberOf, useSite } from '../support/people.js';

describe('accounts, keys and webhooks', () => {
  const site = useSite();

  it('leave nothing usable in a stolen database', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const invite = 'mutation { inviteMember(input: { email: "dump@example.com" }) { token } }';
    const { token } = (await owner.graphql(invite)).body.data.inviteMember;
    const hook = `mutation { createWebhookEndpoint(input: {
      url: "http://127.0.0.1:9/", events: ["submission.completed"] }) { secret } }`;
    const secret: string | undefined = (await owner.graphql(hook)).body.data?.createWebhookEndpoint.secret;
    const dump = await dumpOf(site.server);
    const session = owner.cookie?.split('=')[1] ?? '';
    const secrets = [
      site.tenant.key,
      site.tenant.owner.password,
      session,
      token,
      ...(secret === undefined ? [] : [secret]),
    ];
    for (const text of secrets) {
      expect(text.length).to.be.greaterThan(20);
      for (const form of [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')]) {
        expect(dump.includes(form), form.slice(0, 8)).to.equal(false);
      }
    }
    // What it holds instead, so that the search is known to look in the right place.
    expect(dump).to.include(hash('sha256', site.tenant.key, 'hex'));
    expect(dump).to.include(hash('sha256', session, 'hex'));
    expect(dump).to.include(site.tenant.owner.email);
  });
});

/** Every row of every table, as text. */
async function dumpOf({ app }: TestServer): Promise<string> {
  const tables = await app.database.manager.query<{ name: string }[]>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) => app.database.manager.query(`select t::text from ${name} t`)),
  );
  return JSON.stringify(rows);
}
