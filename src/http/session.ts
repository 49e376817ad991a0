import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Transport } from '../platform/graphql/operation-context.js';
import { sessionLifeMs } from '../accounts/session.service.js';

/** The cookie's name: `__Host-` binds it to this host and to https, which a server on loopback does without. */
const nameFor = (publicUrl: string) => (isPlainLoopback(publicUrl) ? 'iozen_session' : '__Host-iozen_session');

/** More cookies than this are not looked through; browsers keep some 180 of one site. */
const cookiesMax = 500;

/** The session's token in a request's cookies; null without one. */
export function sessionTokenOf({ cookie }: IncomingHttpHeaders, publicUrl: string): string | null {
  const name = nameFor(publicUrl);
  for (const part of cookie?.split(';', cookiesMax) ?? []) {
    const [key = '', value = ''] = part.trim().split('=', 2);
    if (key === name && value !== '') return value;
  }
  return null;
}

/** Sets and clears the cookie on an answer; scripts cannot read it, and other sites' forms do not send it. */
export function sessionCookieOn(response: ServerResponse, publicUrl: string): NonNullable<Transport['cookie']> {
  const write = (value: string, seconds: number) => {
    const attributes = `Path=/; HttpOnly; SameSite=Lax${isPlainLoopback(publicUrl) ? '' : '; Secure'}`;
    response.setHeader('Set-Cookie', `${nameFor(publicUrl)}=${value}; Max-Age=${seconds}; ${attributes}`);
  };
  return {
    set: (token) => write(token, sessionLifeMs / 1_000),
    clear: () => write('', 0),
  };
}

/**
 * Neither a form nor a plain fetch of another site can send such headers: the browser would have to ask us first.
 * @returns whether only a page of ours can have sent a request with these headers
 */
export function cannotBeForged(headers: IncomingHttpHeaders): boolean {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return headers['apollo-require-preflight'] === 'true' || type === 'application/json';
}

function isPlainLoopback(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  return protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.'));
}
