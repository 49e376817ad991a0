import { hash } from 'node:crypto';
import type { Encoding } from './compression.js';

/** A strong validator: each encoding of the same text has its own, as its bytes differ. */
export function etagOf(text: string, encoding: Encoding | null): string {
  const digest = hash('sha256', text, 'base64url').slice(0, 27);
  return encoding === null ? `"${digest}"` : `"${digest}-${encoding}"`;
}

/** Whether `If-None-Match` names it: the caller has these bytes already. */
export function isNamedBy(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((named) => named.trim().replace(/^W\//, '') === etag);
}
