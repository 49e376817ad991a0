import { expect } from 'chai';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Actor } from '../../src/platform/actor.js';
import type { Failure } from '../../src/platform/errors.js';
import { NoRoom, Outbound } from '../../src/platform/outbound/outbound.js';
import { body, headers } from '../support/outbound.js';
import { Receiver } from '../support/receiver.js';
import { WebhookFixture } from './webhook-fixture.js';

const inFlightMax = 64;
const parties = Array.from({ length: 40 }, (_, n) => `party ${n}`);

describe('what is in flight to one host', function () {
  this.timeout(60_000);

  let receiver: Receiver;
  let held: ServerResponse[];

  beforeEach(async () => {
    receiver = await Receiver.start();
    held = [];
    receiver.answer = (response) => void held.push(response);
  });
  afterEach(async () => await receiver.stop());

  const answerAll = () => {
    for (const response of held.splice(0)) response.end();
  };
  const inFlight = () => held.length;

  describe('from one process', () => {
    let outbound: Outbound;
    beforeEach(() => {
      outbound = new Outbound({
        allowedCidrs: ['127.0.0.0/8'],
        timeoutMs: 20_000,
        resolve: async (name) => (name.startsWith('two.') ? ['127.0.0.9', '127.0.0.1'] : ['127.0.0.1']),
      });
    });
    afterEach(() => outbound.close());

    /** From each party as often; answers how many were let go. */
    async function post(url: (n: number) => string, times: number): Promise<number> {
      const gone = parties.flatMap((party, n) =>
        Array.from({ length: times }, async () => {
          const outcome = await outbound.post(url(n), headers, body, party).catch((error: unknown) => error);
          return outcome instanceof NoRoom ? 'no room' : 'sent';
        }),
      );
      let refused = 0;
      for (const one of gone) void one.then((end) => (refused += end === 'no room' ? 1 : 0));
      await receiver.until(
        () => inFlight() + refused === gone.length,
        10_000,
        () => `${inFlight()} and ${refused} of ${gone.length}`,
      );
      const sent = inFlight();
      answerAll();
      await Promise.all(gone);
      return sent;
    }
    const port = () => new URL(receiver.url).port;

    it('is at most 64, on whosever behalf, and all of it is free again once it has ended', async () => {
      for (let round = 0; round < 3; round += 1)
        expect(await post(() => receiver.url, 3)).to.be.within(60, inFlightMax);
    });

    it('counts by the address, however many names lead there', async () => {
      const named = (n: number) => `http://h${n}.example.com:${port()}/`;
      expect(await post(named, 3)).to.be.within(60, inFlightMax);
      // Over connections that were kept, too.
      expect(await post(named, 3)).to.be.within(60, inFlightMax);
    });

    it('counts by the name, whatever addresses it has', async () => {
      let n = 1;
      outbound = new Outbound({
        allowedCidrs: ['127.0.0.0/8'],
        timeoutMs: 20_000,
        lookupAgeMsMax: 0,
        resolve: async () => [`127.0.0.${(n = (n % 200) + 1)}`, '127.0.0.1'],
      });
      const posts = parties.flatMap((party) =>
        [1, 2, 3].map(async () => await outbound.post(`http://one.example.com:${port()}/`, headers, body, party)),
      );
      const ends = Promise.allSettled(posts);
      outbound.close();
      const refused = (await ends).filter(({ status }) => status === 'rejected');
      expect(posts.length - refused.length).to.be.within(60, inFlightMax);
    });

    it('counts where a name with several addresses was led in the end', async () => {
      expect(await post((n) => `http://two.h${n}.example.com:${port()}/`, 3)).to.be.within(1, inFlightMax);
    });

    it('is never all of one party: others find room', async () => {
      const first = Array.from({ length: 100 }, async () => await outbound.post(receiver.url, headers, body, 'first'));
      void Promise.allSettled(first);
      await receiver.until(
        () => inFlight() >= 48,
        10_000,
        () => `${inFlight()}`,
      );
      expect(outbound.hasRoom(receiver.url, 'first')).to.equal(false);
      expect(outbound.hasRoom(receiver.url, 'second')).to.equal(true);
      answerAll();
    });

    it('is a part of that where other processes deliver beside this one', async () => {
      outbound.shareWith(4);
      expect(await post(() => receiver.url, 1)).to.be.within(14, 16);
      outbound.shareWith(1);
      expect(await post(() => receiver.url, 3)).to.be.within(60, inFlightMax);
    });
  });

  describe('from a worker', () => {
    let fixture: WebhookFixture;
    let actors: Actor[];
    before(async () => {
      fixture = await WebhookFixture.open({ concurrency: 256, timeoutMs: 20_000 });
    });
    after(async () => await fixture.close());
    beforeEach(async () => {
      actors = await Promise.all(Array.from({ length: 12 }, async () => await fixture.workspace()));
    });
    afterEach(async () => {
      receiver.answer = (response) => void response.end();
      answerAll();
      await fixture.eventually(async () => (await fixture.rows('select from webhook_open_deliveries')).length === 0);
    });
    const goodAddress = '127.0.0.2';

    it('is at most 64 over all endpoints; the rest waits, costs other hosts nothing, and arrives once each', async () => {
      const worker = await fixture.startWorker();
      const elsewhere = await Receiver.start(goodAddress);
      for (const actor of actors) await fixture.endpoint(actor, receiver.url);
      const quiet = await fixture.workspace();
      const { webhookEndpoint } = await fixture.endpoint(quiet, elsewhere.url);
      for (const actor of actors) await fixture.publish(actor, 20);
      await receiver.until(
        () => inFlight() >= 60,
        10_000,
        () => `${inFlight()}`,
      );
      for (let round = 1; round <= 5; round += 1) {
        await fixture.publish(quiet, 1);
        await elsewhere.arrived(round);
      }
      await wait(200);
      expect(inFlight()).to.be.at.most(inFlightMax);
      const failure = await fixture.testEvents
        .send(
          actors[0] as Actor,
          (await fixture.endpoint(actors[0] as Actor, receiver.url)).webhookEndpoint.id,
          () => ({}),
        )
        .catch((error: unknown) => error as Failure);
      expect(failure).to.have.property('code', 'rate_limit_exceeded');

      let most = inFlight();
      receiver.answer = (response) => {
        held.push(response);
        most = Math.max(most, inFlight());
      };
      while (receiver.received.length < 240 || inFlight() > 0) {
        for (const response of held.splice(0, 7)) response.end();
        await wait(1);
      }
      expect(most).to.be.at.most(inFlightMax);
      expect(new Set(receiver.received.map(({ headers }) => headers['x-iozen-delivery-id'])).size).to.equal(240);
      expect(receiver.received).to.have.length(240);
      expect(webhookEndpoint.status).to.equal('active');
      await elsewhere.stop();
      await fixture.stopWorker(worker);
    });

    it('is half of that where another worker lives', async () => {
      const workers = [await fixture.startWorker(), await fixture.startWorker()];
      for (const worker of workers) await worker.look();
      for (const actor of actors) await fixture.endpoint(actor, receiver.url);
      for (const actor of actors) await fixture.publish(actor, 20);
      await receiver.until(
        () => inFlight() >= 29,
        10_000,
        () => `${inFlight()}`,
      );
      await wait(200);
      expect(inFlight()).to.be.at.most(inFlightMax / 2);
      receiver.answer = (response) => void response.end();
      answerAll();
      await receiver.arrived(240);
      for (const worker of workers) await fixture.stopWorker(worker);
    });

    it('is refilled by replays at the rate of one, however many there are to that host', async () => {
      const [one, two, three] = actors as [Actor, Actor, Actor];
      const other = await Receiver.start(goodAddress);
      const endpoints = [
        [one, receiver.url],
        [two, `${receiver.url}/two`],
        [three, other.url],
      ] as const;
      const ids: string[] = [];
      for (const [actor, url] of endpoints) {
        await fixture.publish(actor, 120);
        ids.push((await fixture.endpoint(actor, url)).webhookEndpoint.id);
      }
      const replays = await Promise.all(
        endpoints.map(async ([actor], index) => {
          const input = { since: new Date(0), only: 'ALL' as const, ratePerSecond: 100, dryRun: false };
          return await fixture.replays.start(actor, ids[index] ?? '', () => input);
        }),
      );
      await fixture.replays.advance(new Date());
      const open = async (id: string | undefined) =>
        (await fixture.rows('select from webhook_open_deliveries where endpoint_id = $1', [id])).length;
      expect(await Promise.all(ids.map(open))).to.deep.equal([50, 50, 100]);
      for (const [index, [actor]] of endpoints.entries()) await fixture.replays.cancel(actor, replays[index]?.id ?? '');
      receiver.answer = (response) => void response.end();
      const worker = await fixture.startWorker();
      await receiver.arrived(100);
      await other.arrived(100);
      await fixture.stopWorker(worker);
      await other.stop();
    });
  });
});
