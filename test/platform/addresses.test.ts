import { expect } from 'chai';
import type { IncomingMessage } from 'node:http';
import { BlockList } from 'node:net';
import { nodeName } from '../../src/platform/addresses.js';
import { addressOf } from '../../src/http/request.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { cpuMsOf } from '../support/cpu-time.js';

describe('the name of a node', () => {
  const names: [given: string, node: string][] = [
    ['203.0.113.7', '203.0.113.7'],
    [' 203.0.113.7:51234 ', '203.0.113.7'],
    ['"203.0.113.7:51234"', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['"[2001:db8::1]:4711"', '2001:db8::1'],
    ['[2001:db8::1]:_port', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['[::FFFF:cb00:7107]:80', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['unknown', 'unknown'],
    ['"_gateway"', '_gateway'],
    ['203.0.113.7.8', '203.0.113.7.8'],
    ['x'.repeat(10_000), 'x'.repeat(64)],
    ['', ''],
  ];
  for (const [given, node] of names) {
    it(`${given.slice(0, 40) || 'nothing'} is ${node.slice(0, 40) || 'nothing'}`, () =>
      expect(nodeName(given)).to.equal(node));
  }
});

describe('who calls', () => {
  const proxies = new BlockList();
  proxies.addSubnet('10.0.0.0', 8, 'ipv4');
  proxies.addSubnet('fd00::', 8, 'ipv6');
  const from = (remoteAddress: string | undefined, forwarded?: string) =>
    addressOf(
      { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
      proxies,
    );

  it('is the first from the right that is no trusted proxy, however it is written', () => {
    expect(from('198.51.100.1', '203.0.113.7')).to.equal('198.51.100.1');
    expect(from('::ffff:10.0.0.1', '203.0.113.7')).to.equal('203.0.113.7');
    expect(from('10.0.0.1', '192.0.2.1, 203.0.113.7:1234, 10.0.0.2:80, "[fd00::1%eth0]:443"')).to.equal('203.0.113.7');
    expect(from('10.0.0.1', ' , ,203.0.113.7,, 10.0.0.2,')).to.equal('203.0.113.7');
    expect(from('10.0.0.1', '10.0.0.3, 10.0.0.2')).to.equal('10.0.0.3');
    expect(from('10.0.0.1', ' ,')).to.equal('10.0.0.1');
    expect(from('10.0.0.1')).to.equal('10.0.0.1');
    expect(from(undefined)).to.equal(null);
  });

  it('is what a trusted proxy names, though it is no address', () => {
    expect(from('10.0.0.1', '203.0.113.7, unknown, 10.0.0.2')).to.equal('unknown');
  });

  it('is found in no time among thousands of hops', () => {
    const headers = [',', ' ', '10.0.0.2,', ',,,,10.0.0.2,', '"', '[', '1:', '203.0.113.7,'].map((hop) =>
      hop.repeat(16_000),
    );
    for (const header of headers) expect(cpuMsOf(() => from('10.0.0.1', header))).to.be.below(50);
  });

  describe('behind a trusted proxy', () => {
    let server: TestServer;
    let tenant: Tenant;
    before(async () => {
      server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
      tenant = await createTenant(server.app);
    });
    after(async () => await server.stop());

    it('may use a key of their range with a port in the address, too', async () => {
      const allowedCidrs = ['203.0.113.0/24', '2001:db8::/32'];
      const input = { name: 'Bound', scopes: ['read:intake-bots' as const], allowedCidrs, documentsOnly: false };
      const { secret } = await server.app.database.transaction(
        async (tx) => await server.app.apiKeys.insert(tx, tenant.workspaceId, input),
      );
      const client = clientOf(server.url, secret);
      const status = async (address: string) =>
        (await client.rest('GET', '/intake-bots', undefined, { 'X-Forwarded-For': address })).status;
      for (const address of ['203.0.113.7', '203.0.113.7:51234', '"[2001:db8::9]:4711"', '::ffff:203.0.113.7']) {
        expect(await status(address), address).to.equal(200);
      }
      for (const address of ['203.0.114.7:51234', 'unknown', '[2001:db9::9]:4711']) {
        expect(await status(address), address).to.equal(401);
      }
    });

    it('are locked out one by one, also those who have no address', async () => {
      const codeFrom = async (address: string, email = tenant.owner.email) => {
        const signIn = `mutation { signIn(input: {email: "${email}", password: "wrong"}) { viewer { role } } }`;
        const { body } = await clientOf(server.url).graphql(signIn, {}, { 'X-Forwarded-For': address });
        return body.errors[0].extensions.code as string;
      };
      await Promise.all(Array.from({ length: 10 }, async () => await codeFrom('203.0.113.20:1')));
      expect(await codeFrom('203.0.113.20:2')).to.equal('rate_limit_exceeded');
      expect(await codeFrom('203.0.113.21:1')).to.equal('invalid_credentials');
      // An e-mail of their own: wrong tries from anywhere slow an account down.
      expect(await codeFrom('_one', 'one@example.com')).to.equal('invalid_credentials');
      server.app.strangers.take('_one', 460);
      expect(await codeFrom('_one', 'one@example.com')).to.equal('rate_limit_exceeded');
      expect(await codeFrom('_other', 'other@example.com')).to.equal('invalid_credentials');
    }).timeout(30_000);
  });
});
