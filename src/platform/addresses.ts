import { BlockList, isIP, isIPv6 } from 'node:net';

/** Longer than any address with a port, in brackets and quotes. */
const nodeCharactersMax = 64;

/**
 * Whose name this is, as sockets, `X-Forwarded-For` and proxies of all kinds write it: an address, also with a port, in
 * brackets, quoted, with a zone, or IPv4 as IPv6. What is no address is its own text, shortened.
 */
export function nodeName(given: string): string {
  const text = given.trim().slice(0, nodeCharactersMax);
  if (isIP(text) === 4) return text;
  const bare = text.replace(/^"(.*)"$/, '$1').trim();
  const [, bracketed] = /^\[([^\]]*)\](?::[\w-]*)?$/.exec(bare) ?? [];
  const [, beforePort] = /^([\d.]+):[\w-]*$/.exec(bare) ?? [];
  const [address = ''] = (bracketed ?? beforePort ?? bare).split('%');
  const family = isIP(address);
  if (family === 0) return bare;
  return family === 4 ? address : (mappedIn(address) ?? address.toLowerCase());
}

/** The IPv4 address that an IPv6 socket or proxy means; null when it means none. */
function mappedIn(address: string): string | null {
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  if (groups[5] !== 0xffff || groups.slice(0, 5).some((group) => group !== 0)) return null;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/**
 * The network that stands for an address wherever we count by address: an IPv4 address itself; of an IPv6 address the
 * /64, which one subscriber has whole, or as many leading bits as `prefix` says (a multiple of 16). A text that is no
 * address stands for itself.
 */
export function networkOf(address: string, prefix = 64): string {
  if (!isIPv6(address)) return address;
  const [bare = ''] = address.split('%');
  const groups = groupsOf(bare).slice(0, prefix / 16);
  return groups.map((group) => group.toString(16)).join(':');
}

/** The eight groups of an IPv6 address without a zone; a dotted tail is two of them. */
export function groupsOf(address: string): number[] {
  const hex = address.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [left = [], right = []] = hex
    .split('::')
    .map((half) => (half === '' ? [] : half.split(':').map((group) => Number.parseInt(group, 16))));
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

/** Whether it is a range such as `10.0.0.0/8` or `fd00::/8`; the prefix is part of it. */
export function isCidr(range: string): boolean {
  const [address = '', prefix = '', ...rest] = range.split('/');
  const family = isIP(address);
  return rest.length === 0 && family !== 0 && /^\d{1,9}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** @param ranges of which each `isCidr` */
export function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix = ''] = range.split('/');
    list.addSubnet(address, Number(prefix), familyOf(address));
  }
  return list;
}

/** What is no address is in no range. */
export const isWithin = (ranges: BlockList, address: string) =>
  isIP(address) !== 0 && ranges.check(address, familyOf(address));

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
