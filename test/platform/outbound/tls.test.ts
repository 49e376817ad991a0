import { expect } from 'chai';
import net from 'node:net';
import tls from 'node:tls';
import { zoo } from '../../support/bad-receivers.js';
import {
  type Certificate,
  makeAuthority,
  makeCertificate,
  makeSelfSignedCertificate,
} from '../../support/certificates.js';
import { body, headers, useOutbound } from '../../support/outbound.js';

describe('outbound: TLS', () => {
  const { opened, outboundOf, receiverOf } = useOutbound();

  const authority = makeAuthority();
  const trusted = tls.getCACertificates('default');
  const resolve = async () => ['127.0.0.1'];

  before(() => tls.setDefaultCACertificates([...trusted, authority.cert]));
  after(() => tls.setDefaultCACertificates(trusted));

  const postOver = async (certificate: Certificate, host = 'hook.example.com') => {
    const receiver = await receiverOf(zoo.fine, certificate);
    const outcome = await outboundOf({ resolve }).post(`https://${host}:${receiver.port}/`, headers, body);
    return { receiver, outcome };
  };

  it('speaks to a name with its certificate: HTTP/1.1 alone, the name as SNI, connections reused', async () => {
    const receiver = await receiverOf(zoo.fine, makeCertificate(authority, ['hook.example.com']));
    const outbound = outboundOf({ resolve });
    for (let i = 0; i < 3; i += 1) {
      const outcome = await outbound.post(`https://hook.example.com:${receiver.port}/`, headers, body);
      expect(outcome).to.include({ outcome: 'success', status: 200, address: '127.0.0.1' });
      expect(outcome.timings.tlsMs !== null).to.equal(i === 0);
    }
    expect(receiver.handshakes).to.deep.equal([{ servername: 'hook.example.com', protocol: 'http/1.1' }]);
  });

  it('speaks to an address whose certificate names it, without SNI', async () => {
    const { receiver, outcome } = await postOver(makeCertificate(authority, ['127.0.0.1']), '127.0.0.1');
    expect(outcome).to.include({ outcome: 'success' });
    expect(receiver.handshakes).to.deep.equal([{ servername: false, protocol: 'http/1.1' }]);
  });

  const bad: [string, Certificate, string][] = [
    ['another name', makeCertificate(authority, ['other.example.com']), 'the certificate is for another name'],
    ['the dialled address only', makeCertificate(authority, ['127.0.0.1']), 'the certificate is for another name'],
    ['the past', makeCertificate(authority, ['hook.example.com'], { expired: true }), 'the certificate has expired'],
    ['itself', makeSelfSignedCertificate('hook.example.com'), 'the certificate is self-signed'],
    [
      'an unknown authority',
      makeCertificate(makeAuthority(), ['hook.example.com']),
      'the certificate is not signed by a known authority',
    ],
  ];
  for (const [whose, certificate, error] of bad) {
    it(`refuses a certificate of ${whose}, and sends nothing`, async () => {
      const { receiver, outcome } = await postOver(certificate);
      expect(outcome).to.include({ outcome: 'tls', status: null, error, address: '127.0.0.1' });
      expect(receiver.requests).to.deep.equal([]);
    });
  }

  it('ends as tls where the other side does not speak it', async () => {
    const plain = net.createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    opened.push({ close: () => new Promise((resolve) => plain.close(() => resolve())) });
    const { port } = plain.address() as net.AddressInfo;
    const outcome = await outboundOf({ resolve }).post(`https://hook.example.com:${port}/`, headers, body);
    expect(outcome).to.include({ outcome: 'tls', error: 'the TLS handshake failed' });
  });
});
