import { domainToASCII } from 'node:url';

export const emailCharactersMax = 254;
/** No address is longer; normalising a text takes the square of the number of its combining marks. */
const readCharactersMax = 1_000;

const local = String.raw`[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}`;
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** The form that browsers accept, with letters of every script. */
const form = new RegExp(String.raw`^${local}@(?:${label}\.)+${label}$`, 'u');
const internationalDomain = /^[\p{L}\p{M}\p{N}.-]+$/u;
const ascii = /^[\x20-\x7e]*$/;

/** Whether a text is meant as an e-mail address: one rule for answers, contacts, members and the command line. */
export function isEmail(text: string): boolean {
  const email = normalEmail(text);
  return email.length <= emailCharactersMax && form.test(email);
}

/**
 * The form in which addresses are kept and compared: two texts that people take for one mailbox become the same, and a
 * text that is no address becomes no address. Copied addresses come with invisible characters and spaces, with marks
 * apart from their letters, with capitals, and with domains in Unicode or in ASCII.
 */
export function normalEmail(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > readCharactersMax) return trimmed;
  const plain = trimmed
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toLowerCase()
    .normalize('NFC');
  if (ascii.test(plain)) return plain;
  const end = plain.lastIndexOf('@') + 1;
  const domain = plain.slice(end);
  // Other characters than letters could be read as other parts of a URL.
  if (ascii.test(domain) || !internationalDomain.test(domain)) return plain;
  return plain.slice(0, end) + (domainToASCII(domain) || domain);
}
