import { isIPv6 } from 'node:net';

/**
 * Whose address it is, for whatever counts by address: an IPv4 address itself, of an IPv6 one the network that a
 * subscriber has whole, a /64, or as many leading bits as `prefix` says (a multiple of 16). What is no address is a
 * network of its own text.
 */
export function networkOf(address: string, prefix = 64): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const all = [...groups, ...Array<string>(missing).fill('0'), ...after];
  return all
    .slice(0, prefix / 16)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':');
}
