import { expect } from 'chai';
import pg from 'pg';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { codeOf, personAt, signIn } from '../support/people.js';

describe('a sign-in', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
  });
  after(async () => await server.stop());

  it('waits for no connection that sign-ins from elsewhere hold', async () => {
    const [theirs, ours] = [await createTenant(server.app), await createTenant(server.app)];
    const { app } = server;
    const { rows } = await app.database.pool.query<{ id: string }>('select id from users where id = $1', [
      theirs.owner.id,
    ]);
    expect(rows).to.have.length(1);
    // Their account's row is held, so that whoever signs in to it from one address waits.
    const holder = new pg.Client({ connectionString: server.databaseUrl });
    await holder.connect();
    await holder.query('begin');
    await holder.query('select from users where id = $1 for update', [theirs.owner.id]);
    const held = Array.from({ length: 4 }, async () => {
      const answer = await signIn(personAt(server.url, '203.0.113.7'), theirs.owner.email, theirs.owner.password);
      return codeOf(answer);
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    const answer = await signIn(personAt(server.url, '198.51.100.9'), ours.owner.email, ours.owner.password);
    expect(codeOf(answer)).to.equal(null);
    await holder.query('rollback');
    await holder.end();
    await Promise.all(held);
  });
});
