import { expect } from 'chai';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer } from '../../support/bad-receivers.js';
import { zoo } from '../../support/bad-receivers.js';
import { body, headers, useOutbound } from '../../support/outbound.js';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const early = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n';
const many = (line: string, times: number) => line.repeat(times);

const write =
  (text: string): Answer =>
  (socket) =>
    socket.write(Buffer.from(text, 'latin1'));
const writeAndEnd =
  (text: string): Answer =>
  (socket) =>
    socket.end(Buffer.from(text, 'latin1'));

interface Odd {
  answer: Answer;
  /** What is kept of the answer; 'ok' unless it says otherwise. */
  says?: string;
  /** Whether the connection is used again; it is, unless it says otherwise. */
  closes?: true;
}

/** Each is a 2xx, whatever stands before and around it. */
const odd: Record<string, Odd> = {
  'an unasked 100 before it': { answer: write(`HTTP/1.1 100 Continue\r\n\r\n${ok}`) },
  'a 100 that comes apart from it': {
    answer: (socket) => {
      socket.write('HTTP/1.1 100 Con');
      setTimeout(() => socket.write('tinue\r\n\r'), 5);
      setTimeout(() => socket.write(`\n${ok}`), 10);
    },
  },
  'a hundred interim answers of all kinds': {
    answer: write(many(`${early}HTTP/1.1 100\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 199 X\r\n\r\n`, 25) + ok),
  },
  'a reason in another alphabet': { answer: write('HTTP/1.1 200 \xc3\x96K \xff\r\nContent-Length: 2\r\n\r\nok') },
  'no reason': { answer: write('HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok') },
  'bare line feeds': { answer: write('HTTP/1.1 200 OK\nContent-Length: 2\n\nok') },
  'bare line feeds in chunks': { answer: write('HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n') },
  'an empty line before it': { answer: write(`\r\n${ok}`) },
  'folded headers': { answer: write('HTTP/1.1 200 OK\r\nX-Long: a\r\n b\r\n\tc\r\nContent-Length:\r\n 2\r\n\r\nok') },
  'lines that are no headers': { answer: write('HTTP/1.1 200 OK\r\nnonsense\r\n: x\r\nContent-Length : 2\r\n\r\nok') },
  'its length twice': { answer: write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok') },
  'its length as a list': { answer: write('HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok') },
  'two lengths': {
    answer: write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'),
    says: '',
    closes: true,
  },
  'a length that is none': {
    answer: write('HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok'),
    says: '',
    closes: true,
  },
  'a length and chunks': {
    answer: write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    closes: true,
  },
  'chunks in capitals, with extensions, zeros and trailers': {
    answer: write(
      'HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n0001;a=b\r\no\r\n1 ;c\r\nk\r\n000\r\nX-Sum: 1\r\nX-Two: 2\r\n\r\n',
    ),
  },
  'chunks of another coding': {
    answer: write('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    closes: true,
  },
  'a coding that ends with the connection': {
    answer: writeAndEnd('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok'),
    closes: true,
  },
  'the coding that is none': {
    answer: write('HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok'),
    closes: true,
  },
  'chunks without their last empty line': {
    answer: writeAndEnd('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n'),
    closes: true,
  },
  'no length, until the connection ends': { answer: writeAndEnd('HTTP/1.1 200 OK\r\n\r\nok'), closes: true },
  '204 with a body': { answer: write('HTTP/1.1 204 Fine\r\nContent-Length: 2\r\n\r\nok'), says: '', closes: true },
  '204 with chunks that come later': {
    answer: write('HTTP/1.1 204 Fine\r\nTransfer-Encoding: chunked\r\n\r\n'),
    says: '',
    closes: true,
  },
  '204 without a length': { answer: write('HTTP/1.1 204 Fine\r\n\r\n'), says: '' },
  '205 with a body': { answer: write('HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok') },
  '202 of nothing': { answer: write('HTTP/1.1 202 Later\r\nContent-Length: 0\r\n\r\n'), says: '' },
  'a status that nobody knows': { answer: write('HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nok') },
  '60 KiB of headers': {
    answer: write(`HTTP/1.1 200 OK\r\n${many(`X-More: ${'x'.repeat(92)}\r\n`, 600)}Content-Length: 2\r\n\r\nok`),
  },
  '80 KiB of headers': {
    answer: write(`HTTP/1.1 200 OK\r\n${many(`X-More: ${'x'.repeat(92)}\r\n`, 800)}Content-Length: 2\r\n\r\nok`),
    says: '',
    closes: true,
  },
  'another answer behind it': { answer: write(ok + ok), closes: true },
  'an interim answer behind it': { answer: write(`${ok}HTTP/1.1 100 Continue\r\n\r\n`), closes: true },
  'an older version': { answer: write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'), closes: true },
  'an older version that stays': {
    answer: write('HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok'),
  },
  'the wish to close': {
    answer: write('HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok'),
    closes: true,
  },
  'the hint that it closes at once': {
    answer: write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1, max=100\r\nContent-Length: 2\r\n\r\nok'),
    closes: true,
  },
};

describe('outbound: a 2xx is a success, whatever HTTP/1.1 lets stand before and around it', () => {
  const { outboundOf, receiverOf } = useOutbound();

  for (const [name, { answer, says = 'ok', closes }] of Object.entries(odd)) {
    it(`${name}${closes ? ', and nothing more is read from that connection' : ''}`, async () => {
      const receiver = await receiverOf(answer);
      const outbound = outboundOf();
      for (let i = 1; i <= 3; i += 1) {
        const outcome = await outbound.post(receiver.url, headers, body);
        expect(outcome, outcome.error ?? '').to.include({ outcome: 'success', error: null });
        expect(outcome.status).to.be.within(200, 299);
        expect(outcome.body.toString()).to.equal(says);
        if (closes) await receiver.allClosed();
        expect(receiver.connections).to.equal(closes ? i : 1);
      }
      expect(receiver.requests).to.have.length(3);
    });
  }

  it('that comes before the request was read, which then goes no further', async () => {
    const large = 'x'.repeat(8_000_000);
    const receiver = await receiverOf(() => {});
    const outbound = outboundOf();
    const posted = outbound.post(receiver.url.replace('/hook', '/early'), headers, large);
    while (receiver.connections === 0) await wait(5);
    for (const socket of receiver.sockets) {
      socket.pause();
      socket.write(ok);
    }
    expect(await posted).to.include({ outcome: 'success', status: 200 });
    for (const socket of receiver.sockets) socket.resume();
    await receiver.allClosed();
  });

  it('once the other side has spoken unasked on an idle connection, that is not used again', async () => {
    const sockets: Socket[] = [];
    const receiver = await receiverOf((socket) => {
      sockets.push(socket);
      zoo.fine(socket);
    });
    const outbound = outboundOf();
    await outbound.post(receiver.url, headers, body);
    sockets[0]?.write('HTTP/1.1 100 Continue\r\n\r\n');
    await receiver.allClosed();
    expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
    expect(receiver.connections).to.equal(2);
  });

  it('says Retry-After also where interim answers say another, and of many the first', async () => {
    const text =
      'HTTP/1.1 103 X\r\nRetry-After: 9\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After:\r\n 120\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n';
    const outcome = await outboundOf().post((await receiverOf(write(text))).url, headers, body);
    expect(outcome).to.include({ outcome: 'http_error', status: 503, retryAfter: '120' });
  });

  for (const [name, text] of Object.entries({
    'chunks whose length is none': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n',
    'chunks longer than they say': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n',
    'no status': 'HTTP/1.1 OK\r\n\r\n',
    'a status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
    'another protocol': 'ICY 200 OK\r\n\r\n',
  })) {
    it(`but not ${name}: it cannot be made out`, async () => {
      const outcome = await outboundOf().post((await receiverOf(write(text))).url, headers, body);
      expect(outcome).to.include({ outcome: 'connection', error: 'the answer is not HTTP' });
    });
  }
});
