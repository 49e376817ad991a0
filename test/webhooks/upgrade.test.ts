import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import pg from 'pg';
import { operatorOf } from '../../src/platform/actor.js';
import { actorWorkspace } from '../../src/workspaces/workspace.entity.js';
import { cloneDatabase } from '../support/postgres.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

const dayMs = 86_400_000;
const names = ['pending', 'retrying', 'ordered', 'failing', 'gone', 'paused', 'replayed'];
/** What the code at that commit left when it was killed; how it was made stands at the head of the file. */
const left = resolve('test/support/upgrade/de76ce5.sql.gz');

interface OpenDelivery {
  id: string;
  eventId: string;
  /** Of its endpoint, the last part of the URL. */
  name: string;
  attempts: number;
}

describe('an upgrade from the first version', function () {
  this.timeout(60_000);

  let database: { url: string; drop: () => Promise<void> };
  let receiver: Receiver;
  let fixture: WebhookFixture;
  let open: OpenDelivery[];
  let eventIds: string[];
  let waiting: string[];

  before(async () => {
    database = await cloneDatabase('template0');
    receiver = await Receiver.start();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const rows = async <Row extends object>(text: string, values?: unknown[]) =>
      (await client.query<Row>(text, values)).rows;
    await rows(gunzipSync(await readFile(left)).toString());
    await rows('set search_path = public');
    await rows("update webhook_endpoints set url = replace(url, 'http://127.0.0.1:1', $1)", [receiver.url]);
    open = await rows<OpenDelivery>(`
      select d.id, d.event_id as "eventId", regexp_replace(e.url, '.*/', '') as name, d.attempts
      from webhook_deliveries d join webhook_endpoints e on e.id = d.endpoint_id order by d.id
    `);
    const events = await rows<{ id: string; waits: boolean; at: Date }>(`
      select e.id, p.event_id is null as waits, e.created_at as at
      from events e left join event_positions p on p.event_id = e.id order by e.id
    `);
    eventIds = events.map(({ id }) => id);
    waiting = events.filter(({ waits }) => waits).map(({ id }) => id);
    await client.end();
    fixture = await WebhookFixture.on(database.url, {}, database.drop);
    // What was an hour away is due, and nothing is so old that it would be forgotten.
    fixture.clockOffsetMs = (events.at(-1)?.at.getTime() ?? 0) + 2 * dayMs - Date.now();
  });
  after(async () => {
    await fixture.close();
    await receiver.stop();
  });

  const of = (name: string) => open.filter((delivery) => delivery.name === name);
  const to = (name: string) => receiver.received.filter(({ path }) => path.endsWith(`/${name}`));

  it('finds deliveries in every state, never attempted and failed, and events that wait for fan-out', async () => {
    const counts = names.map((name) => {
      const failed = of(name).filter(({ attempts }) => attempts > 0).length;
      return [name, of(name).length - failed, failed];
    });
    expect(counts).to.deep.equal([
      ['pending', 51, 0],
      ['retrying', 52, 14],
      ['ordered', 65, 1],
      ['failing', 66, 3],
      ['gone', 66, 3],
      ['paused', 66, 0],
      ['replayed', 0, 0],
    ]);
    expect(
      await fixture.rows('select from webhook_open_deliveries where (attempts = 0) <> (last_outcome is null)'),
    ).to.have.length(0);
    expect(eventIds).to.have.length(74);
    expect(waiting).to.deep.equal(eventIds.slice(-5));
  });

  it('ends every delivery: pending, retrying, in order, held, of a replay under way, and not made yet', async () => {
    const [{ id: workspaceId } = { id: '' }] = await fixture.rows<{ id: string }>('select id from workspaces');
    const actor = operatorOf(actorWorkspace(await fixture.workspaces.find(workspaceId)));
    const page = { limit: 100, cursor: null, direction: 'older' } as const;
    const [replay] = (await fixture.replays.list(actor, page)).rows;
    expect(replay).to.deep.include({ status: 'RUNNING', total: 69, done: 20 });
    await fixture.startWorker();
    for (const { id, status } of (await fixture.endpoints.list(actor, page)).rows) {
      if (status === 'paused') await fixture.endpoints.resume(actor, id, () => ({ skipHeld: false }));
    }
    const sent = open.length + 49 + waiting.length * names.length;
    await receiver.arrived(sent, 50_000);
    await fixture.eventually(async () => {
      const ended = await fixture.deliveries.count(actor, { status: ['delivered'] });
      return ended === (await fixture.deliveries.count(actor, {}));
    });
    expect((await fixture.replays.get(actor, replay?.id ?? '')).status).to.equal('DONE');
    expect(receiver.received).to.have.length(sent);

    const told = (name: string) =>
      to(name).map(({ headers }) => [
        headers['x-iozen-delivery-id'],
        headers['webhook-id'],
        headers['x-iozen-attempt'],
      ]);
    for (const name of names) {
      const made = of(name).map(({ id, eventId, attempts }) => [id, eventId, String(attempts + 1)]);
      expect(told(name)).to.include.deep.members(made);
      expect(told(name).map(([, eventId]) => eventId)).to.include.members(waiting);
    }
    expect(told('ordered').map(([, eventId]) => eventId)).to.deep.equal([
      ...of('ordered').map(({ eventId }) => eventId),
      ...waiting,
    ]);
    expect(to('ordered')[0]?.headers['x-kept']).to.equal('sealed');
    expect(told('replayed').map(([, eventId]) => eventId)).to.have.members([...eventIds.slice(20, 69), ...waiting]);
  });
});
