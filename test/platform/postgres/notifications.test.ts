import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { Notifications } from '../../../src/platform/postgres/notifications.js';
import { createLog } from '../../../src/platform/log.js';
import { startServer, type TestServer } from '../../support/app.js';
import { Relay } from '../../support/relay.js';

describe('notifications', () => {
  let server: TestServer;

  before(async () => (server = await startServer({ role: 'api' })));
  after(async () => await server.stop());

  it('leave no session behind, whenever they are stopped while they connect again', async () => {
    const { database } = server.app;
    const sessions = async () => {
      const { rows } = await database.pool.query<{ pid: number }>(`
        select pid from pg_stat_activity where application_name = 'iozen notifications' and datname = current_database()
      `);
      return rows.map(({ pid }) => pid);
    };
    const others = await sessions();
    // One that is ended goes, and one that was just being opened comes and goes, a moment later.
    const ownSessions = async (count: number) => {
      for (;;) {
        const own = (await sessions()).filter((pid) => !others.includes(pid));
        if (own.length === count) return own;
        await sleep(5);
      }
    };
    for (let afterMs = 0; afterMs <= 120; afterMs += 10) {
      const notifications = new Notifications(database, server.databaseUrl, createLog('silent'));
      await notifications.start();
      await database.pool.query('select pg_terminate_backend($1)', await ownSessions(1));
      await sleep(afterMs);
      await notifications.stop();
      await ownSessions(0);
    }
    await sleep(300);
    expect(await sessions()).to.deep.equal(others);
  });

  it('are heard again when their connection died in silence, and go on after what none of us sent', async () => {
    const relay = await Relay.start();
    const url = new URL(server.databaseUrl);
    relay.target = Number(url.port);
    url.port = String(relay.port);
    const notifications = new Notifications(server.app.database, url.href, createLog('silent'), 2_000);
    await notifications.start();
    try {
      const back = new Promise<void>((resolve) => notifications.onReconnect(resolve));
      relay.swallow();
      await back;
      for (const payload of ['x', 'null', '{"from":"else","topic":"topic"}']) {
        await server.app.database.pool.query("select pg_notify('iozen_signals', $1)", [payload]);
      }
      const heard = new Promise<string[]>((resolve) => notifications.on('topic', resolve));
      server.app.notifications.send('topic', 'subject');
      expect(await heard).to.deep.equal(['subject']);
    } finally {
      await notifications.stop();
      await relay.stop();
    }
  });
});
