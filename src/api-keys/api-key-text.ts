import { hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * `iozen_live_`, 26 random characters of base 62 (154 bits), and 6 characters with the CRC-32 of those before: a secret
 * scanner can tell a key from a text that looks like one, and a made-up key is refused before any query.
 */
const prefix = 'iozen_live_';
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomCharacters = 26;
const checksumCharacters = 6;

/** For secret scanners: finds what may be a key anywhere in a text; `isApiKeyText` checks each find. */
export const apiKeyPattern = /\biozen_live_[A-Za-z0-9]{32}\b/;
const apiKeyForm = new RegExp(`^${apiKeyPattern.source}$`);

export function newApiKeyText(): string {
  const random = Array.from({ length: randomCharacters }, () => alphabet[randomInt(alphabet.length)]).join('');
  return prefix + random + checksum(prefix + random);
}

export function isApiKeyText(text: string): boolean {
  return apiKeyForm.test(text) && checksum(text.slice(0, -checksumCharacters)) === text.slice(-checksumCharacters);
}

export const hashOf = (text: string): Buffer => hash('sha256', text, 'buffer');

/** The beginning of a key: enough for people to tell their keys apart, too little to help a guess. */
export const hintOf = (text: string): string => `${text.slice(0, prefix.length + 4)}…`;

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let index = 0; index < checksumCharacters; index += 1) {
    digits = `${alphabet[rest % alphabet.length]}${digits}`;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
