import { groupsOf } from '../addresses.js';
import { hostOf } from './hosts.js';
import { type BlockList, isIP } from 'node:net';

/** Why an address is refused: for a metric, never for the tenant. */
type AddressRule =
  | 'documentation'
  | 'link_local'
  | 'loopback'
  | 'metadata'
  | 'multicast'
  | 'own'
  | 'private'
  | 'reserved'
  | 'shared'
  | 'tunnelled'
  | 'unspecified';
/** Why a URL is refused before its host is looked at as an address. */
type UrlRule = 'malformed' | 'scheme' | 'credentials' | 'port' | 'dotless_name' | 'special_use_name';
export type RefusalRule = AddressRule | UrlRule;

/** What an operator allows, and the addresses of this machine's own interfaces. */
export interface AddressPolicy {
  readonly allowed: BlockList;
  readonly own: readonly string[];
}

/** `listed`: inside a range that the operator named, where `http` and any port are allowed, too. */
export type AddressVerdict = { ok: true; listed: boolean } | { ok: false; rule: AddressRule };

/** `message` ends the sentence "The URL …" and may leave: it says nothing of what a name resolved to. */
export interface AddressRefusal {
  ok: false;
  rule: RefusalRule;
  code: 'bad_format' | 'not_allowed';
  message: string;
}

/** A URL that may be dialled once the addresses of its host were judged, too. */
export interface Target {
  ok: true;
  /** Such as `https://example.com:8443`, without a trailing dot. */
  origin: string;
  /** A name in ASCII, or an address without brackets. */
  hostname: string;
  /** The name under which posts to it are counted, see `hostOf`. */
  host: string;
  port: number;
  path: string;
  secure: boolean;
  isLiteral: boolean;
  /** Why (`http`, or a low port) every address has to lie in a range that the operator named; null when none has to. */
  onlyListed: 'scheme' | 'port' | null;
}

const urlCharactersMax = 2_048;

const messages: Record<UrlRule, string> = {
  malformed: 'must be an absolute https URL',
  scheme: 'must use https',
  credentials: 'must not carry credentials',
  port: 'must use port 443 or one from 1024 to 65535',
  dotless_name: 'must name a public host',
  special_use_name: 'must name a public host',
};

export function refusal(rule: RefusalRule): AddressRefusal {
  const message = rule in messages ? messages[rule as UrlRule] : 'leads to an address that is not allowed';
  return { ok: false, rule, code: rule === 'malformed' ? 'bad_format' : 'not_allowed', message };
}

// First match wins. Global IPv6 is 2000::/3 alone, so its table names only what lies inside, or what a metric tells apart.
const refusedRanges = (
  [
    ['0.0.0.0/8', 'unspecified'],
    ['10.0.0.0/8', 'private'],
    ['100.64.0.0/10', 'shared'],
    ['127.0.0.0/8', 'loopback'],
    ['168.63.129.16/32', 'metadata'], // Azure's, in the middle of public space.
    ['169.254.169.254/32', 'metadata'],
    ['169.254.0.0/16', 'link_local'],
    ['172.16.0.0/12', 'private'],
    ['192.0.0.0/24', 'reserved'],
    ['192.0.2.0/24', 'documentation'],
    ['192.88.99.0/24', 'tunnelled'],
    ['192.168.0.0/16', 'private'],
    ['198.18.0.0/15', 'reserved'],
    ['198.51.100.0/24', 'documentation'],
    ['203.0.113.0/24', 'documentation'],
    ['224.0.0.0/4', 'multicast'],
    ['240.0.0.0/4', 'reserved'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['::/96', 'tunnelled'], // IPv4-compatible
    ['::ffff:0:0:0/96', 'tunnelled'], // SIIT
    ['2001::/32', 'tunnelled'], // Teredo
    ['2001::/23', 'reserved'],
    ['2001:db8::/32', 'documentation'],
    ['2002::/16', 'tunnelled'], // 6to4
    ['3fff::/20', 'documentation'],
    ['fd00:ec2::254/128', 'metadata'],
    ['fc00::/7', 'private'],
    ['fe80::/10', 'link_local'],
    ['ff00::/8', 'multicast'],
  ] as const
).map(([range, rule]) => ({ ...rangeOf(range), rule }));

const globalIpv6 = rangeOf('2000::/3');
// Addresses that reach IPv4 hosts, directly or translated by the network, are judged by the IPv4 address inside.
const carriesIpv4 = [rangeOf('::ffff:0:0/96'), rangeOf('64:ff9b::/96')];

/** Whether `ip`, in any notation of `node:net`, may be dialled. Whatever is not an address is refused. */
export function addressVerdict(ip: string, policy: AddressPolicy): AddressVerdict {
  const [text = ''] = ip.split('%');
  const family = isIP(text);
  if (family === 0) return { ok: false, rule: 'reserved' };
  if (policy.allowed.check(text, family === 4 ? 'ipv4' : 'ipv6')) return { ok: true, listed: true };
  const address = plain(text);
  const rule = ruleAgainst(address) ?? (policy.own.some((own) => isSame(plain(own), address)) ? 'own' : null);
  return rule === null ? { ok: true, listed: false } : { ok: false, rule };
}

function ruleAgainst(address: Address): AddressRule | null {
  const range = refusedRanges.find((range) => contains(range, address));
  if (range !== undefined) return range.rule;
  if (address.family === 4) return null;
  // ISATAP hides an IPv4 address behind 5efe in any network's prefix.
  if (((address.value >> 32n) & 0xfdff_ffffn) === 0x5efen) return 'tunnelled';
  return contains(globalIpv6, address) ? null : 'reserved';
}

const specialUseNames = ['localhost', 'local', 'internal', 'home.arpa', 'onion', 'test', 'invalid', 'example'];

const hostnameOf = ({ hostname }: URL) => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

/** Without the dot that a name may end with. */
export function originOf(url: URL): string {
  const hostname = hostnameOf(url);
  return `${url.protocol}//${isIP(hostname) === 6 ? `[${hostname}]` : hostname}${url.port === '' ? '' : `:${url.port}`}`;
}

/** Reads a tenant's URL; a literal address is judged here, since no look-up will ever happen for it. */
export function parseTarget(text: string, policy: AddressPolicy): Target | AddressRefusal {
  // The URL parser forgives missing slashes, line breaks and backslashes; in a tenant's URL they would hide something.
  if (text.length > urlCharactersMax || !/^https?:\/\/[^\s\\/]/i.test(text) || hasControlOrSpace(text)) {
    return refusal(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^https?:/i.test(text) ? 'scheme' : 'malformed');
  }
  if (!URL.canParse(text)) return refusal('malformed');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return refusal('credentials');

  const secure = url.protocol === 'https:';
  const hostname = hostnameOf(url);
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  if (port === 0) return refusal('port');
  const onlyListed = secure ? (port === 443 || port >= 1_024 ? null : 'port') : 'scheme';
  const isLiteral = isIP(hostname) !== 0;
  if (isLiteral) {
    const verdict = addressVerdict(hostname, policy);
    if (!verdict.ok) return refusal(verdict.rule);
    if (onlyListed !== null && !verdict.listed) return refusal(onlyListed);
  } else {
    const rule = ruleAgainstName(hostname);
    if (rule !== null) return refusal(rule);
    if (onlyListed !== null && policy.allowed.rules.length === 0) return refusal(onlyListed);
  }
  return {
    ok: true,
    origin: originOf(url),
    hostname,
    host: hostOf(hostname),
    port,
    path: url.pathname + url.search,
    secure,
    isLiteral,
    onlyListed,
  };
}

/** Judges all addresses that a name resolved to: one forbidden address refuses the name. */
export function judgeAnswers(
  target: Target,
  addresses: readonly string[],
  policy: AddressPolicy,
): AddressRefusal | null {
  for (const address of addresses) {
    const verdict = addressVerdict(address, policy);
    if (!verdict.ok) return refusal(verdict.rule);
    if (target.onlyListed !== null && !verdict.listed) return refusal(target.onlyListed);
  }
  return null;
}

function ruleAgainstName(name: string): UrlRule | null {
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label))) return 'malformed';
  if (specialUseNames.some((special) => name === special || name.endsWith(`.${special}`))) return 'special_use_name';
  return labels.length === 1 ? 'dotless_name' : null;
}

function hasControlOrSpace(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u0020\u007f\\]/.test(text);
}

interface Address {
  family: 4 | 6;
  value: bigint;
}

interface Range extends Address {
  prefixBits: number;
}

/** An address in plain form: of an IPv6 address that stands for an IPv4 one, the IPv4 address inside. */
function plain(ip: string): Address {
  const address = parseAddress(ip);
  return carriesIpv4.some((range) => contains(range, address))
    ? { family: 4, value: address.value & 0xffff_ffffn }
    : address;
}

const isSame = (one: Address, other: Address) => one.family === other.family && one.value === other.value;

function rangeOf(text: string): Range {
  const [base = '', prefixBits] = text.split('/');
  return { ...parseAddress(base), prefixBits: Number(prefixBits) };
}

function contains(range: Range, address: Address): boolean {
  const hostBits = BigInt((range.family === 4 ? 32 : 128) - range.prefixBits);
  return range.family === address.family && range.value >> hostBits === address.value >> hostBits;
}

/** @param ip an address without a zone */
function parseAddress(ip: string): Address {
  if (!ip.includes(':')) return { family: 4, value: joined(ip.split('.').map(Number), 8n) };
  return { family: 6, value: joined(groupsOf(ip), 16n) };
}

function joined(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
