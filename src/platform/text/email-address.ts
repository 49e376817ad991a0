import { domainToASCII } from 'node:url';

export const emailCharactersMax = 254;
/** No address is as long, and composing the marks of a text takes the square of their number. */
const readCharactersMax = 1_000;

const local = String.raw`[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}`;
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
/** What browsers take, and letters of every script. */
const form = new RegExp(String.raw`^${local}@(?:${label}\.)+${label}$`, 'u');
const internationalDomain = /^[\p{L}\p{M}\p{N}.-]+$/u;
const ascii = /^[\x20-\x7e]*$/;

/** Whether an e-mail address is meant: the one rule for answers, contacts, members and the command. */
export function isEmail(text: string): boolean {
  const email = normalEmail(text);
  return email.length <= emailCharactersMax && form.test(email);
}

/**
 * The one form in which addresses are kept and compared: two texts that people take for one mailbox become the same,
 * and what is no address stays something else. Copied addresses bring invisible characters and spaces along, marks
 * beside their letters, capitals, and domains in letters or in ASCII.
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
  // Whatever else than letters would be read as other parts of a URL.
  if (ascii.test(domain) || !internationalDomain.test(domain)) return plain;
  return plain.slice(0, end) + (domainToASCII(domain) || domain);
}
