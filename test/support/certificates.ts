import { generateKeyPairSync, type KeyObject, randomBytes, randomUUID, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** What a TLS server is given. */
export interface Certificate {
  cert: string;
  key: string;
}

interface Authority extends Certificate {
  name: string;
  privateKey: KeyObject;
}

/** A certificate authority made for one test run. */
export function makeAuthority(): Authority {
  return make({ name: `Test authority ${randomUUID()}`, isAuthority: true });
}

/** Signed by `authority`, for names or IPv4 addresses; valid for a day around now unless told to be past. */
export function makeCertificate(authority: Authority, hosts: string[], options: { expired?: boolean } = {}) {
  return make({ name: hosts[0] ?? '', hosts, authority, ...options });
}

export function makeSelfSignedCertificate(host: string): Certificate {
  return make({ name: host, hosts: [host] });
}

interface Request {
  name: string;
  hosts?: string[];
  authority?: Authority;
  isAuthority?: boolean;
  expired?: boolean;
}

// X.509 v3 in DER (RFC 5280), ECDSA P-256 with SHA-256.
function make({ name, hosts = [], authority, isAuthority = false, expired = false }: Request): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(objectId('2a8648ce3d040302'));
  const dayMs = 86_400_000;
  const notAfter = new Date(Date.now() + (expired ? -dayMs : dayMs));
  const subjects = hosts.map((host) =>
    isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host)),
  );
  const extensions = [
    ...(isAuthority ? [sequence(objectId('551d13'), der(0x04, sequence(der(0x01, Buffer.from([0xff])))))] : []),
    ...(hosts.length > 0 ? [sequence(objectId('551d11'), der(0x04, sequence(...subjects)))] : []),
  ];
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(authority?.name ?? name),
    sequence(time(new Date(Date.now() - 2 * dayMs)), time(notAfter)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, authority?.privateKey ?? privateKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    name,
    privateKey,
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, Buffer.concat(parts));
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const distinguishedName = (name: string) =>
  sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(name)))));
/** UTCTime, to the second. */
const time = (at: Date) => der(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`));
