import { expect } from 'chai';
import { nextMoment } from '../../src/platform/id.js';
import { Receiver } from '../support/receiver.js';
import { WebhookHouse } from './webhook-house.js';

describe('events with long texts', function () {
  this.timeout(60_000);

  it('are delivered once each, a few at a time, and in order where the endpoint wants it', async () => {
    const house = await WebhookHouse.open();
    const receiver = await Receiver.start();
    try {
      const actor = await house.tenant();
      await house.endpoint(actor, `${receiver.url}/ordered`, { maxConcurrency: 1 });
      await house.endpoint(actor, receiver.url);
      const ids: string[] = [];
      for (let index = 0; index < 60; index += 1) {
        const moment = nextMoment();
        ids.push(moment.eventId);
        const filler = 'x'.repeat(index % 3 === 0 ? 100 : 900_000);
        const happening = { workspaceId: actor.workspaceId, type: 'contact.created', subjectId: 'c', moment } as const;
        await house.database.transaction(async (tx) =>
          house.events.publish(tx, { ...happening, data: { contact: { filler } } }),
        );
      }
      await house.startWorker();
      await receiver.arrived(120, 40_000);
      const idsAt = (end: string) =>
        receiver.received.filter(({ path }) => path.endsWith(end)).map(({ headers }) => headers['webhook-id']);
      expect(idsAt('/ordered')).to.deep.equal(ids);
      expect(idsAt('/hook')).to.have.members(ids);
    } finally {
      await house.close();
      await receiver.stop();
    }
  });
});
