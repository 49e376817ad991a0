import { expect } from 'chai';
import { status, zoo } from '../../support/bad-receivers.js';
import { body, headers, slackMs, useOutbound } from '../../support/outbound.js';

describe('outbound: connections', () => {
  const { outboundOf, receiverOf } = useOutbound();

  it('are kept and reused, one at a time each', async () => {
    const receiver = await receiverOf(zoo.fine);
    const outbound = outboundOf();
    await Promise.all(Array.from({ length: 5 }, () => outbound.post(receiver.url, headers, body)));
    expect(receiver.connections).to.equal(5);
    for (let i = 0; i < 20; i += 1) {
      expect((await outbound.post(receiver.url, headers, body)).outcome).to.equal('success');
    }
    await Promise.all(Array.from({ length: 5 }, () => outbound.post(receiver.url, headers, body)));
    expect(receiver.connections).to.equal(5);
    expect(receiver.requests).to.have.length(30);
  });

  it('are kept after a failed status too', async () => {
    const receiver = await receiverOf(status(500));
    const outbound = outboundOf();
    for (let i = 0; i < 3; i += 1) await outbound.post(receiver.url, headers, body);
    expect(receiver.connections).to.equal(1);
  });

  it('new ones share a look-up, also one still under way', async () => {
    const receiver = await receiverOf(zoo.fine);
    let lookups = 0;
    const outbound = outboundOf({
      resolve: async () => {
        lookups += 1;
        return ['127.0.0.1'];
      },
    });
    const url = `http://hook.example.com:${receiver.port}/`;
    await Promise.all(Array.from({ length: 5 }, () => outbound.post(url, headers, body)));
    await Promise.all(Array.from({ length: 8 }, () => outbound.post(url, headers, body)));
    expect(receiver.connections).to.equal(8);
    expect(lookups).to.equal(1);
  });

  it('older than a look-up may be are not reused, and the name is vetted again', async () => {
    const receiver = await receiverOf(zoo.fine);
    let lookups = 0;
    const outbound = outboundOf({
      lookupAgeMsMax: 200,
      resolve: async () => {
        lookups += 1;
        return ['127.0.0.1'];
      },
    });
    const url = `http://hook.example.com:${receiver.port}/`;
    await outbound.post(url, headers, body);
    await outbound.post(url, headers, body);
    expect([receiver.connections, lookups]).to.deep.equal([1, 1]);
    await new Promise((resolve) => setTimeout(resolve, 220));
    await outbound.post(url, headers, body);
    expect([receiver.connections, lookups]).to.deep.equal([2, 2]);
  });

  it('found dead by the next post cost it nothing: it goes on, once, over a fresh one', async () => {
    const receiver = await receiverOf((socket, index) => (index === 0 ? zoo.fine(socket) : zoo.resetAtOnce(socket)));
    const outbound = outboundOf();
    for (let i = 1; i <= 3; i += 1) {
      expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
      expect(receiver.connections).to.equal(i);
    }
    expect(receiver.requests).to.have.length(5);
  });

  it('closed by the receiver meanwhile are not used again', async () => {
    const receiver = await receiverOf((socket) => {
      zoo.fine(socket);
      socket.end();
    });
    const outbound = outboundOf();
    await outbound.post(receiver.url, headers, body);
    await receiver.allClosed();
    expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
    expect([receiver.connections, receiver.requests.length]).to.deep.equal([2, 2]);
  });

  it('that die after the answer began are not retried', async () => {
    const receiver = await receiverOf((socket, index) => (index === 0 ? zoo.fine(socket) : zoo.endInBody(socket)));
    const outbound = outboundOf();
    await outbound.post(receiver.url, headers, body);
    expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'connection' });
    expect(receiver.requests).to.have.length(2);
  });

  it('that die twice are a failure, not a loop', async () => {
    let answered = 0;
    const receiver = await receiverOf((socket) => {
      answered += 1;
      if (answered === 1) zoo.fine(socket);
      else zoo.resetAtOnce(socket);
    });
    const outbound = outboundOf();
    await outbound.post(receiver.url, headers, body);
    expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'connection' });
    expect(receiver.requests).to.have.length(3);
  });

  it('that nobody uses are at most 512, however many origins there are: those unused for longest go', async () => {
    const receiver = await receiverOf(zoo.fine);
    const outbound = outboundOf({ resolve: async () => ['127.0.0.1'], timeoutMs: 5_000 });
    const postTo = async (host: string) => outbound.post(`http://${host}.example.com:${receiver.port}/`, headers, body);
    for (let i = 0; i < 530; i += 1) {
      await postTo(`h${i}`);
      if (i === 500) await postTo('h0');
    }
    // Time for the receiver to see the last ones close.
    for (let i = 0; i < 20; i += 1) await postTo('h529');
    expect(receiver.connections).to.equal(530);
    expect(receiver.open).to.equal(512);
    await postTo('h0');
    expect(receiver.connections).to.equal(530);
    await postTo('h1');
    expect(receiver.connections).to.equal(531);
  }).timeout(10_000);

  it('are all closed by close(), which ends what is under way at once and takes no more', async () => {
    let answers = 0;
    const receiver = await receiverOf((socket) => {
      answers += 1;
      if (answers === 1) zoo.fine(socket);
    });
    const outbound = outboundOf();
    await outbound.post(receiver.url, headers, body);
    const underWay = [outbound.post(receiver.url, headers, body), outbound.post(receiver.url, headers, body)];
    const startedAt = performance.now();
    outbound.close();
    const error = 'the sender stopped';
    for (const outcome of await Promise.all(underWay)) expect(outcome).to.include({ outcome: 'connection', error });
    expect(performance.now() - startedAt).to.be.below(slackMs);
    const late = await outbound.post(receiver.url, headers, body).catch((thrown: Error) => thrown.message);
    expect(late).to.equal('Outbound is closed.');
    await receiver.allClosed();
  });
});
