import { isIP, isIPv6 } from 'node:net';

/** Longer than any address with a port, in brackets and quotes. */
const charactersMax = 64;

/**
 * Whose name this is, as sockets, `X-Forwarded-For` and proxies of all kinds write it: an address, also with a port, in
 * brackets, quoted, with a zone, or IPv4 as IPv6. What is no address is its own text, shortened.
 */
export function nodeName(given: string): string {
  const text = given.trim().slice(0, charactersMax);
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
  const [, dotted] = /^(?:0*:)+ffff:([\d.]+)$/i.exec(address) ?? [];
  if (dotted !== undefined && isIP(dotted) === 4) return dotted;
  const [, high, low] = /^(?:0*:)+ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i.exec(address) ?? [];
  if (high === undefined || low === undefined || !isIPv6(address)) return null;
  const [upper, lower] = [parseInt(high, 16), parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.');
}
