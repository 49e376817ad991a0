import { expect } from 'chai';
import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import { blockListOf } from '../../../src/platform/addresses.js';
import {
  type AddressPolicy,
  addressVerdict,
  judgeAnswers,
  parseTarget,
} from '../../../src/platform/outbound/address-guard.js';

const strict: AddressPolicy = { allowed: new BlockList(), own: [] };
const forTests: AddressPolicy = { allowed: blockListOf(['127.0.0.0/8', 'fd00::/8']), own: [] };

const ruleOf = (ip: string, policy = strict) => {
  const verdict = addressVerdict(ip, policy);
  return verdict.ok ? null : verdict.rule;
};
const urlRuleOf = (url: string, policy = strict) => {
  const target = parseTarget(url, policy);
  return target.ok ? null : target.rule;
};

// Both edges of each range.
const refusedAddresses: Record<string, string[]> = {
  unspecified: ['0.0.0.0', '0.255.255.255', '::', '0:0:0:0:0:0:0:0'],
  private: [
    '10.0.0.0',
    '10.255.255.255',
    '172.16.0.0',
    '172.31.255.255',
    '192.168.0.0',
    '192.168.255.255',
    'fc00::',
    'fdff::1',
  ],
  shared: ['100.64.0.0', '100.100.100.200', '100.127.255.255'],
  loopback: ['127.0.0.1', '127.255.255.255', '::1', '0:0:0:0:0:0:0:1'],
  metadata: ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254'],
  link_local: ['169.254.0.0', '169.254.255.255', 'fe80::1', 'febf::1', 'fe80::1%eth0'],
  documentation: [
    '192.0.2.1',
    '198.51.100.255',
    '203.0.113.0',
    '2001:db8::1',
    '2001:db8:ffff::',
    '3fff::1',
    '3fff:fff::1',
  ],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ffff::'],
  reserved: [
    '192.0.0.0',
    '192.0.0.192',
    '198.18.0.0',
    '198.19.255.255',
    '240.0.0.0',
    '255.255.255.255',
    '2001:2::1',
    '2001:10::1',
    '2001:1ff::1',
    'fec0::1',
    '100::1',
    '5f00::1',
    '4000::1',
    '64:ff9b:1::808:808',
    '1fff:ffff::1',
    'not an address',
    '',
    '127.1',
    '0x7f.0.0.1',
    '2130706433',
  ],
  tunnelled: [
    '192.88.99.1',
    '::7f00:1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:0:7f00:1',
    '::ffff:0:127.0.0.1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '2001::1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2600::5efe:7f00:1',
    '2600::200:5efe:127.0.0.1',
  ],
};

const embeddedRefused = {
  '::ffff:127.0.0.1': 'loopback',
  '::ffff:7f00:1': 'loopback',
  '0:0:0:0:0:ffff:7f00:1': 'loopback',
  '::FFFF:A9FE:A9FE': 'metadata',
  '::ffff:10.1.2.3': 'private',
  '64:ff9b::7f00:1': 'loopback',
  '64:ff9b::10.0.0.1': 'private',
  '64:ff9b::169.254.169.254': 'metadata',
};

describe('address guard', () => {
  describe('addresses', () => {
    for (const [rule, addresses] of Object.entries(refusedAddresses)) {
      it(`refuses ${rule} addresses, at both edges of each range`, () => {
        for (const address of addresses) expect(ruleOf(address), address).to.equal(rule);
      });
    }

    it('judges an IPv4 address inside IPv6 as itself', () => {
      for (const [address, rule] of Object.entries(embeddedRefused)) expect(ruleOf(address), address).to.equal(rule);
      expect(ruleOf('::ffff:8.8.8.8')).to.equal(null);
      expect(ruleOf('64:ff9b::808:808')).to.equal(null);
    });

    it('lets public addresses through, right up to the refused ranges', () => {
      const open = [
        '1.0.0.0',
        '8.8.8.8',
        '9.255.255.255',
        '11.0.0.0',
        '100.63.255.255',
        '100.128.0.0',
        '126.255.255.255',
        '128.0.0.0',
        '169.253.255.255',
        '169.255.0.0',
        '172.15.255.255',
        '172.32.0.0',
        '192.0.1.0',
        '192.0.3.0',
        '192.167.255.255',
        '192.169.0.0',
        '198.17.255.255',
        '198.20.0.0',
        '223.255.255.255',
        '2000::1',
        '2001:200::1',
        '2001:4860:4860::8888',
        '2606:4700::1111',
        '2003::1',
        '3ffe::1',
        '3fff:1000::1',
      ];
      for (const address of open) expect(ruleOf(address), address).to.equal(null);
    });

    it("refuses the machine's own public addresses, in IPv6 clothes too", () => {
      const policy = { allowed: new BlockList(), own: ['51.15.0.1', '2001:4860::5'] };
      for (const address of ['51.15.0.1', '::ffff:51.15.0.1', '64:ff9b::51.15.0.1', '2001:4860:0:0::5']) {
        expect(ruleOf(address, policy), address).to.equal('own');
      }
      expect(ruleOf('51.15.0.2', policy)).to.equal(null);
    });

    it('lets through exactly the ranges the operator named', () => {
      expect(addressVerdict('127.1.2.3', forTests)).to.deep.equal({ ok: true, listed: true });
      expect(addressVerdict('fd12::1', forTests)).to.deep.equal({ ok: true, listed: true });
      expect(addressVerdict('::ffff:127.0.0.1', forTests)).to.deep.equal({ ok: true, listed: true });
      expect(addressVerdict('8.8.8.8', forTests)).to.deep.equal({ ok: true, listed: false });
      for (const address of ['10.0.0.1', '::1', 'fc00::1', '64:ff9b::7f00:1', '::7f00:1', '2002:7f00:1::']) {
        expect(ruleOf(address, forTests), address).to.be.a('string');
      }
    });

    it('never allows an IPv6 address outside 2000::/3, but for IPv4 carried openly', () => {
      const group = fc.integer({ min: 0, max: 0xffff });
      fc.assert(
        fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
          const text = groups.map((part) => part.toString(16)).join(':');
          const isOutside = (groups[0] ?? 0) >> 13 !== 1;
          return !isOutside || !addressVerdict(text, strict).ok;
        }),
      );
    });

    it('judges an IPv4 address the same in every IPv6 notation that carries it', () => {
      fc.assert(
        fc.property(fc.ipV4(), (ip) => {
          const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
          const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
          const same = [`::ffff:${ip}`, `::ffff:${hex}`, `0:0:0:0:0:FFFF:${hex}`, `64:ff9b::${ip}`, `64:ff9b::${hex}`];
          return same.every((text) => ruleOf(text) === ruleOf(ip));
        }),
      );
    });
  });

  describe('URLs', () => {
    const refusedUrls: Record<string, string[]> = {
      malformed: [
        '',
        'hook',
        '//example.com',
        'https:example.com',
        'https:/example.com',
        'https:///example.com',
        'https://',
        'https:\\\\example.com',
        'https://example.com\\@evil.com',
        'https://exa\nmple.com',
        'https://exa\tmple.com',
        ' https://example.com',
        'https://example.com ',
        'https://example.com/a b',
        'https://example..com',
        'https://example.com..',
        'https://127.0.0.1..',
        'https://.example.com',
        'https://a!b.com',
        'https://[fe80::1%25eth0]/',
        'https://[::1',
        'https://example.com:99999',
        'https://example.com:x',
        'https://%00.example.com',
        'https://1.2.3.4.5',
        'https://256.256.256.256',
        'https://0x100000000',
        'mailto:a@b.co',
        `https://example.com/${'x'.repeat(2_048)}`,
        `https://${'x'.repeat(64)}.com`,
      ],
      scheme: [
        'http://example.com',
        'HTTP://example.com',
        'ftp://example.com',
        'file:///etc/passwd',
        'gopher://example.com',
        'unix:///run/a.sock',
        'http://8.8.8.8',
      ],
      credentials: [
        'https://user@example.com',
        'https://user:pass@example.com',
        'https://:pass@example.com',
        'https://example.com@evil.com',
      ],
      port: [
        'https://example.com:0',
        'https://example.com:22',
        'https://example.com:80',
        'https://example.com:444',
        'https://example.com:1023',
        'https://8.8.8.8:25',
      ],
      dotless_name: ['https://intranet', 'https://intranet.', 'https://kubernetes/hook', 'https://com'],
      special_use_name: [
        'https://localhost',
        'https://LOCALHOST',
        'https://localhost.',
        'https://a.localhost',
        'https://printer.local',
        'https://local',
        'https://metadata.google.internal',
        'https://router.home.arpa',
        'https://home.arpa',
        'https://x.onion',
        'https://a.test',
        'https://a.invalid',
        'https://a.example',
        'https://a.example.',
        'https://ｌｏｃａｌｈｏｓｔ',
        'https://%6cocalhost',
        'https://loc\u00adalhost',
        'https://a。localhost',
      ],
      loopback: [
        'https://127.0.0.1',
        'https://127.0.0.1.',
        'https://2130706433',
        'https://0177.0.0.1',
        'https://0x7f.1',
        'https://0x7f000001',
        'https://127.1',
        'https://127.0.1',
        'https://１２７.0.0.1',
        'https://①②⑦.0.0.1',
        'https://127。0。0。1',
        'https://%31%32%37.0.0.1',
        'https://[::1]',
        'https://[::ffff:127.0.0.1]',
        'https://[::ffff:7f00:1]',
        'https://[64:ff9b::7f00:1]',
        'https://[0:0:0:0:0:0:0:1]:8443',
      ],
      unspecified: ['https://0', 'https://0.0.0.0', 'https://[::]'],
      metadata: [
        'https://169.254.169.254/latest/meta-data',
        'https://2852039166',
        'https://[::ffff:a9fe:a9fe]',
        'https://[fd00:ec2::254]',
      ],
      private: [
        'https://10.0.0.1',
        'https://012.0.0.1',
        'https://192.168.1.1:8443',
        'https://172.16.0.1',
        'https://[fd00::1]',
      ],
      tunnelled: [
        'https://[::7f00:1]',
        'https://[::127.0.0.1]',
        'https://[::ffff:0:127.0.0.1]',
        'https://[2002:7f00:1::]',
        'https://[2001:0:7f00:1::]',
      ],
      documentation: ['https://192.0.2.1', 'https://[2001:db8::1]'],
    };

    for (const [rule, urls] of Object.entries(refusedUrls)) {
      it(`refuses with the rule ${rule}`, () => {
        for (const url of urls) expect(urlRuleOf(url), url).to.equal(rule);
      });
    }

    it('accepts ordinary targets: port 443 or from 1024, names with a dot, public literals', () => {
      const ordinary = [
        'https://example.com',
        'https://example.com./x',
        'https://hooks.example.com:8443/a?b=c#d',
        'https://example.com:1024',
        'https://example.com:65535',
        'HTTPS://EXAMPLE.COM:443/',
        'https://mylocalhost.com',
        'https://local.dev',
        'https://test.com',
        'https://internal.io',
        'https://xn--bcher-kva.de',
        'https://bücher.de',
        'https://a_b.example.com',
        'https://8.8.8.8',
        'https://[2606:4700::1111]:8443/',
        'https://localhost.example.com',
        'https://invalid.org',
      ];
      for (const url of ordinary) expect(urlRuleOf(url), url).to.equal(null);
    });

    it('names what to dial: origin, host without brackets or trailing dot, port and path', () => {
      expect(parseTarget('https://Example.COM./a/b?c=d#e', strict)).to.deep.equal({
        ok: true,
        origin: 'https://example.com',
        hostname: 'example.com',
        host: 'example.com',
        port: 443,
        path: '/a/b?c=d',
        secure: true,
        isLiteral: false,
        onlyListed: null,
      });
      expect(parseTarget('https://[2606:4700:0:0::1]:8443', strict)).to.include({
        origin: 'https://[2606:4700::1]:8443',
        hostname: '2606:4700::1',
        host: '[2606:4700:0:0]',
        port: 8443,
        path: '/',
        isLiteral: true,
      });
    });

    it('allows http and any port to a literal in a named range, and nowhere else', () => {
      expect(urlRuleOf('http://127.0.0.1:80/hook', forTests)).to.equal(null);
      expect(urlRuleOf('http://[fd00::1]:3000/hook', forTests)).to.equal(null);
      expect(urlRuleOf('https://127.0.0.1:25', forTests)).to.equal(null);
      expect(urlRuleOf('http://8.8.8.8', forTests)).to.equal('scheme');
      expect(urlRuleOf('https://8.8.8.8:25', forTests)).to.equal('port');
      expect(urlRuleOf('http://10.0.0.1', forTests)).to.equal('private');
      expect(urlRuleOf('http://localhost:3000', forTests)).to.equal('special_use_name');
      expect(urlRuleOf('http://user@127.0.0.1', forTests)).to.equal('credentials');
      expect(urlRuleOf('http://127.0.0.1:0', forTests)).to.equal('port');
    });

    it('says nothing of the network to the tenant', () => {
      const messages = ['https://10.0.0.1', 'https://169.254.169.254', 'https://[::1]'].map((url) => {
        const target = parseTarget(url, strict);
        return target.ok ? null : target.message;
      });
      expect(new Set(messages)).to.deep.equal(new Set(['leads to an address that is not allowed']));
    });

    it('never throws, whatever it is given', () => {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string(),
            fc.webUrl(),
            fc.string().map((s) => `https://${s}`),
          ),
          (text) => {
            parseTarget(text, strict);
          },
        ),
      );
    });
  });

  describe('answers', () => {
    const target = (url: string, policy: AddressPolicy) => {
      const parsed = parseTarget(url, policy);
      if (!parsed.ok) throw new Error(parsed.rule);
      return parsed;
    };

    it('refuses all of them when one is forbidden', () => {
      const name = target('https://example.com', strict);
      expect(judgeAnswers(name, ['8.8.8.8', '2606:4700::1'], strict)).to.equal(null);
      expect(judgeAnswers(name, ['8.8.8.8', '10.0.0.1'], strict)?.rule).to.equal('private');
      expect(judgeAnswers(name, ['::1', '8.8.8.8'], strict)?.rule).to.equal('loopback');
    });

    it('allows http and low ports only where every answer lies in a named range', () => {
      for (const [url, rule] of [
        ['http://hook.corp.com', 'scheme'],
        ['https://hook.corp.com:25', 'port'],
      ] as const) {
        expect(judgeAnswers(target(url, forTests), ['127.0.0.1', 'fd00::1'], forTests)).to.equal(null);
        expect(judgeAnswers(target(url, forTests), ['127.0.0.1', '8.8.8.8'], forTests)?.rule).to.equal(rule);
      }
      expect(judgeAnswers(target('https://hook.corp.com', forTests), ['127.0.0.1', '8.8.8.8'], forTests)).to.equal(
        null,
      );
    });
  });
});
