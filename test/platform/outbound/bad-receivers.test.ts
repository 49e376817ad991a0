import { expect } from 'chai';
import { gzipSync } from 'node:zlib';
import { bodyOf, zoo } from '../../support/bad-receivers.js';
import { liveBytes } from '../../support/live-bytes.js';
import { body, headers, slackMs, soonMs, timeoutMs, useOutbound } from '../../support/outbound.js';

describe('outbound: what a bad receiver does ends within the deadline', () => {
  const { outboundOf, receiverOf, postTo } = useOutbound();

  const ends: Record<keyof typeof zoo, { outcome: string; status: number | null; error: string | null }> = {
    fine: { outcome: 'success', status: 200, error: null },
    http10: { outcome: 'success', status: 200, error: null },
    silence: { outcome: 'timeout', status: null, error: 'timed out while waiting for the answer' },
    oneByteAtATime: { outcome: 'timeout', status: null, error: 'timed out while waiting for the answer' },
    silenceInBody: { outcome: 'timeout', status: 200, error: 'timed out while reading the answer' },
    silenceInBodyOf410: { outcome: 'http_error', status: 410, error: 'answered 410' },
    resetAtOnce: { outcome: 'connection', status: null, error: 'the connection was reset' },
    resetInBody: { outcome: 'connection', status: 200, error: 'the connection was reset' },
    endInBody: { outcome: 'connection', status: 200, error: 'the connection broke off' },
    garbage: { outcome: 'connection', status: null, error: 'the answer is not HTTP' },
    upgrade: { outcome: 'connection', status: null, error: 'the connection broke off' },
    endlessBody: { outcome: 'success', status: 200, error: null },
    endlessBodyOf500: { outcome: 'http_error', status: 500, error: 'answered 500' },
    gzipBomb: { outcome: 'success', status: 200, error: null },
    redirectLoop: { outcome: 'http_error', status: 308, error: 'answered 308' },
    oneByteOfBodyAtATime: { outcome: 'timeout', status: 200, error: 'timed out while reading the answer' },
    endlessReason: { outcome: 'connection', status: null, error: 'the answer never began' },
    endlessHeaders: { outcome: 'success', status: 200, error: null },
    endlessHeader: { outcome: 'success', status: 200, error: null },
    endlessInformation: { outcome: 'connection', status: null, error: 'the answer never began' },
    endlessChunkExtension: { outcome: 'success', status: 200, error: null },
    endlessTrailer: { outcome: 'success', status: 200, error: null },
  };

  for (const name of Object.keys(zoo) as (keyof typeof zoo)[]) {
    it(`${name}: ${ends[name].outcome}, and memory stays flat`, async () => {
      const receiver = await receiverOf(zoo[name]);
      // What comes before a silence is to come in time.
      const silentAfterMs = ends[name].status === null ? soonMs : 3 * soonMs;
      const deadlineMs = /^(silence|oneByte)/.test(name) ? silentAfterMs : timeoutMs;
      const outbound = outboundOf({ timeoutMs: deadlineMs });
      const before = liveBytes();
      let most = 0;
      // What an endless answer leaves stays until the end; on a busy machine, to collect garbage oftener would leave no
      // time to read the answer.
      let sampling: NodeJS.Timeout | undefined;
      const sampleAfter = (ms: number) => {
        sampling = setTimeout(() => {
          most = Math.max(most, liveBytes());
          sampleAfter(2 * ms);
        }, ms);
      };
      sampleAfter(250);
      const startedAt = performance.now();
      const outcomes = await Promise.all(Array.from({ length: 4 }, () => outbound.post(receiver.url, headers, body)));
      clearTimeout(sampling);
      expect(performance.now() - startedAt).to.be.below(deadlineMs + slackMs);
      for (const outcome of outcomes) {
        expect(outcome).to.include(ends[name]);
        expect(outcome.body.length).to.be.at.most(16 * 1_024);
      }
      expect((Math.max(most, liveBytes()) - before) / 1_048_576).to.be.below(8);
      outbound.close();
      // Only now has it read all that was sent.
      await receiver.allClosed();
      expect(receiver.requests, 'sent once each').to.have.length(4);
    });
  }

  it('a port nobody listens on: connection, at once', async () => {
    const receiver = await receiverOf(zoo.fine);
    await receiver.close();
    const outcome = await outboundOf().post(receiver.url, headers, body);
    expect(outcome).to.include({ outcome: 'connection', status: null, error: 'the connection was refused' });
  });

  it('a gzip bomb is kept as the bytes it is', async () => {
    const bomb = gzipSync(Buffer.alloc(4_000_000));
    const outcome = await postTo(bodyOf(bomb, 'Content-Encoding: gzip\r\n'));
    expect(outcome.outcome).to.equal('success');
    expect(outcome.body.equals(bomb.subarray(0, 16 * 1_024))).to.equal(true);
  });

  it('keeps 16 KiB of an answer, reads on to 64 KiB and reuses the connection', async () => {
    const whole = Buffer.alloc(64 * 1_024, 'abcdefg');
    const receiver = await receiverOf(bodyOf(whole));
    const outbound = outboundOf();
    for (let i = 0; i < 3; i += 1) {
      const outcome = await outbound.post(receiver.url, headers, body);
      expect(outcome.outcome).to.equal('success');
      expect(outcome.body.equals(whole.subarray(0, 16 * 1_024))).to.equal(true);
    }
    expect(receiver.connections).to.equal(1);
  });

  it('closes the connection after a larger answer', async () => {
    const receiver = await receiverOf(bodyOf(Buffer.alloc(64 * 1_024 + 1)));
    const outbound = outboundOf();
    for (let i = 1; i <= 3; i += 1) {
      expect((await outbound.post(receiver.url, headers, body)).outcome).to.equal('success');
      await receiver.allClosed();
      expect(receiver.connections).to.equal(i);
    }
  });
});
