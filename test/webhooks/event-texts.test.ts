import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { EventTexts } from '../../src/webhooks/engine/event-text-cache.js';
import { WebhookFixture } from './webhook-fixture.js';

describe("events' texts in memory", function () {
  this.timeout(30_000);

  let fixture: WebhookFixture;

  before(async () => (fixture = await WebhookFixture.open()));
  after(async () => await fixture.close());

  it('are read once for all that want them at about the same time, and kept no longer', async () => {
    const [id = ''] = await fixture.publish(await fixture.workspace());
    const texts = new EventTexts(fixture.database, 500);
    const read = async () => (await texts.read(new Set([id]))).get(id);

    const first = await read();
    expect(JSON.parse(first?.body.toString() ?? '')).to.include({ id, type: 'contact.created' });
    texts.purge();
    expect(await read()).to.equal(first);
    await delay(600);
    texts.purge();
    const again = await read();
    expect(again).not.to.equal(first);
    expect(again).to.deep.equal(first);
  });

  it('take no more memory than 32 MiB, however much is read at once', async () => {
    const actor = await fixture.workspace();
    const notes = 'x'.repeat(200_000);
    const ids: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      ids.push(...(await fixture.publish(actor, 25, 'contact.created', notes)));
    }
    const texts = new EventTexts(fixture.database);
    const [first = '', last = ''] = [ids[0], ids.at(-1)];
    const oldest = (await texts.read(new Set([first]))).get(first);
    const youngest = (await texts.read(new Set(ids))).get(last);

    expect((await texts.read(new Set([last]))).get(last)).to.equal(youngest);
    expect((await texts.read(new Set([first]))).get(first)).not.to.equal(oldest);
  });
});
