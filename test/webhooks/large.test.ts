import { expect } from 'chai';
import { nextMoment } from '../../src/platform/id.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

describe('events with long texts', function () {
  this.timeout(60_000);

  it('are delivered once each, a few at a time, and in order where the endpoint wants it', async () => {
    const fixture = await WebhookFixture.open();
    const receiver = await Receiver.start();
    try {
      const actor = await fixture.workspace();
      await fixture.endpoint(actor, `${receiver.url}/ordered`, { maxConcurrency: 1 });
      await fixture.endpoint(actor, receiver.url);
      const ids: string[] = [];
      for (let index = 0; index < 60; index += 1) {
        const moment = nextMoment();
        ids.push(moment.eventId);
        const filler = 'x'.repeat(index % 3 === 0 ? 100 : 900_000);
        const event = { workspaceId: actor.workspaceId, type: 'contact.created', subjectId: 'c', moment } as const;
        await fixture.database.transaction(async (tx) =>
          fixture.events.publish(tx, { ...event, people: [], data: { contact: { filler } } }),
        );
      }
      await fixture.startWorker();
      await receiver.arrived(120, 40_000);
      const idsAt = (end: string) =>
        receiver.received.filter(({ path }) => path.endsWith(end)).map(({ headers }) => headers['webhook-id']);
      expect(idsAt('/ordered')).to.deep.equal(ids);
      expect(idsAt('/hook')).to.have.members(ids);
    } finally {
      await fixture.close();
      await receiver.stop();
    }
  });
});
