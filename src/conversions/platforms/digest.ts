import { hash } from 'node:crypto';

/**
 * The one place where what is sent of a person is hashed: SHA-256 in lower-case hex of a normal form. Nothing has no
 * digest, since the digest of an empty text would be a person that everybody is.
 */
export function digest(normalForm: string | null): string | null {
  return normalForm === null || normalForm === '' ? null : hash('sha256', normalForm, 'hex');
}

/** A text that is shown to people, with the first 8 characters of each digest in it. */
export const withDigestsCut = (text: string): string => text.replace(/\b([0-9a-f]{8})[0-9a-f]{56}\b/g, '$1…');
