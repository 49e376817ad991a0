import { expect } from 'chai';
import net from 'node:net';
import type { RefusalRule } from '../../../src/platform/outbound/address-guard.js';
import { zoo } from '../../support/bad-receivers.js';
import { body, headers, slackMs, useOutbound } from '../../support/outbound.js';

describe('outbound: the address guard', () => {
  const { outboundOf, receiverOf } = useOutbound();

  it('refuses at save and at dial, whatever the notation, and nothing is connected', async () => {
    const receiver = await receiverOf(zoo.fine);
    const rules: RefusalRule[] = [];
    const outbound = outboundOf({ allowedCidrs: [], onRefused: (rule) => rules.push(rule) });
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0177.0.0.1',
      '0x7f.1',
      '127.1',
      '１２７.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::7f00:1]',
      '0.0.0.0',
      'localhost',
      'localhost.',
      '[64:ff9b::7f00:1]',
    ];
    for (const host of hosts) {
      const url = `https://${host}:${receiver.port}/`;
      expect(await outbound.check(url), url).to.have.property('code', 'not_allowed');
      const outcome = await outbound.post(url, headers, body);
      expect(outcome, url).to.include({ outcome: 'refused', address: null, status: null });
      expect(outcome.error, url).to.match(
        /^the URL (leads to an address that is not allowed|must name a public host)$/,
      );
    }
    expect(rules).to.have.length(hosts.length * 2);
    expect(receiver.connections).to.equal(0);
  });

  it("refuses the addresses of the machine's own interfaces", async () => {
    const outbound = outboundOf({ resolve: async () => ['93.184.216.34'], ownAddresses: () => ['93.184.216.34'] });
    expect(await outbound.check('https://hook.example.com/')).to.include({ rule: 'own' });
    expect(await outbound.check('https://93.184.216.34/')).to.include({ rule: 'own' });
  });

  it('refuses a name that was public at save and is private at dial', async () => {
    const receiver = await receiverOf(zoo.fine);
    const answers = [['93.184.216.34'], ['127.0.0.1']];
    const outbound = outboundOf({ allowedCidrs: [], resolve: async () => answers.shift() ?? [] });
    const url = `https://hook.example.com:${receiver.port}/`;
    expect(await outbound.check(url)).to.equal(null);
    expect(await outbound.post(url, headers, body)).to.include({
      outcome: 'refused',
      address: null,
      error: 'the URL leads to an address that is not allowed',
    });
    expect(receiver.connections).to.equal(0);
  });

  it('dials the address it vetted, though the name has moved since', async () => {
    const receiver = await receiverOf(zoo.fine);
    const answers = [['127.0.0.1'], ['10.0.0.1']];
    const outbound = outboundOf({ resolve: async () => answers.shift() ?? [], lookupAgeMsMax: 0 });
    const url = `http://hook.example.com:${receiver.port}/`;
    expect(await outbound.post(url, headers, body)).to.include({ outcome: 'success', address: '127.0.0.1' });
    expect(await outbound.post(url, headers, body)).to.include({ outcome: 'refused', address: null });
    expect(receiver.connections).to.equal(1);
  });

  it('refuses a name with one forbidden answer among good ones', async () => {
    const receiver = await receiverOf(zoo.fine);
    for (const answer of [
      ['127.0.0.1', '10.0.0.1'],
      ['::1', '127.0.0.1'],
      ['127.0.0.1', 'nonsense'],
    ]) {
      const outbound = outboundOf({ resolve: async () => answer });
      const url = `https://hook.example.com:${receiver.port}/`;
      expect(await outbound.check(url), String(answer)).to.have.property('code', 'not_allowed');
      expect(await outbound.post(url, headers, body), String(answer)).to.include({ outcome: 'refused' });
    }
    expect(receiver.connections).to.equal(0);
  });

  it('drops a socket whose peer is not what was vetted, before a byte is sent', async () => {
    const receiver = await receiverOf(zoo.fine);
    const rules: RefusalRule[] = [];
    const outbound = outboundOf({ allowedCidrs: ['198.51.100.0/24'], onRefused: (rule) => rules.push(rule) });
    const { connect } = net;
    net.connect = () => connect(receiver.port, '127.0.0.1');
    try {
      const outcome = await outbound.post('http://198.51.100.1/', headers, body);
      expect(outcome).to.include({ outcome: 'refused', address: null });
    } finally {
      net.connect = connect;
    }
    expect(rules).to.deep.equal(['loopback']);
    expect(receiver.requests).to.deep.equal([]);
  });

  it('allows http only to names that lie wholly in the named ranges', async () => {
    const receiver = await receiverOf(zoo.fine);
    const url = `http://hook.example.com:${receiver.port}/`;
    const outside = outboundOf({ resolve: async () => ['127.0.0.1', '93.184.216.34'] });
    expect(await outside.check(url)).to.include({ rule: 'scheme', message: 'must use https' });
    expect(await outside.post(url, headers, body)).to.include({
      outcome: 'refused',
      error: 'the URL must use https',
    });
    expect(receiver.connections).to.equal(0);
    const inside = outboundOf({ resolve: async () => ['127.0.0.1', '127.0.0.2'] });
    expect(await inside.check(url)).to.equal(null);
    expect(await inside.post(url, headers, body)).to.include({ outcome: 'success' });
  });

  it('accepts at save a name that does not resolve, unless only a named range would allow it', async () => {
    for (const resolve of [async () => [], () => Promise.reject(new Error('ENOTFOUND'))]) {
      const outbound = outboundOf({ resolve });
      expect(await outbound.check('https://hook.example.com/')).to.equal(null);
      expect(await outbound.check('http://hook.example.com/')).to.include({ rule: 'scheme' });
    }
  });

  it('accepts at save a name whose look-up takes longer than 2 s', async () => {
    const startedAt = performance.now();
    expect(await outboundOf({ resolve: () => new Promise(() => {}) }).check('https://hook.example.com/')).to.equal(
      null,
    );
    expect(performance.now() - startedAt).to.be.within(1_950, 2_000 + slackMs);
  }).timeout(30_000);
});
