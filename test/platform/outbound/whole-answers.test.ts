import { expect } from 'chai';
import { wholeAnswer } from '../../../src/platform/outbound/answer.js';
import { headerIn } from '../../../src/platform/outbound/header-in.js';
import { bodyOf, zoo } from '../../support/bad-receivers.js';
import { body, headers, useOutbound } from '../../support/outbound.js';

describe('outbound', () => {
  const { outboundOf, receiverOf } = useOutbound();

  it('sends a GET without a body, and takes the next answer of its connection', async () => {
    const receiver = await receiverOf(zoo.fine);
    const outbound = outboundOf();
    const asked = await outbound.get(`${receiver.url}?requestId=1`, { Authorization: 'Bearer t' });
    expect(asked).to.include({ outcome: 'success', status: 200 });
    expect(receiver.requests).to.deep.equal([
      [
        'GET /hook?requestId=1 HTTP/1.1',
        `host: 127.0.0.1:${receiver.port}`,
        'connection: keep-alive',
        'Authorization: Bearer t',
        '',
        '',
      ].join('\r\n'),
    ]);
    expect(await outbound.post(receiver.url, headers, body)).to.include({ outcome: 'success' });
    expect(receiver.connections).to.equal(1);
  });

  it('keeps as much of an answer as whoever parses it needs, and 16 KiB for all others', async () => {
    const text = Buffer.alloc(40 * 1_024, 'x');
    const receiver = await receiverOf(bodyOf(text));
    const whole = await outboundOf({ answerKept: wholeAnswer }).post(receiver.url, headers, body);
    expect(whole.body.length).to.equal(text.length);
    const cut = await outboundOf().post(receiver.url, headers, body);
    expect(cut.body.length).to.equal(16 * 1_024);
  });

  it('finds a header of the kept head by its name in lower case', () => {
    const head = 'Content-Type: application/json\nX-Request-Id : a:b\nX-Request-Id: second\nno header';
    expect(headerIn(head, 'x-request-id')).to.equal('a:b');
    expect(headerIn(head, 'content-type')).to.equal('application/json');
    expect(headerIn(head, 'retry-after')).to.equal(null);
  });
});
