/**
 * The forms in which the platforms want to be told of a person, mostly to be hashed. A platform accepts a digest of
 * another form without a word and then finds nobody, so each form follows that platform's documents and its own library
 * to the letter. None makes an empty text of something: what has no form is null.
 */

export type NormalForm = (text: string) => string | null;

const lower = (text: string) => text.trim().normalize('NFC').toLowerCase();
const orNull = (text: string) => (text === '' ? null : text);

/** Meta, LinkedIn, TikTok: trimmed, in lower case. Dots and a `+suffix` stay, at Gmail too. */
export const email: NormalForm = (text) => orNull(lower(text));

/** Google: without any space, and at Gmail without the dots and the `+suffix` that Gmail does not tell apart. */
export const googleEmail: NormalForm = (text) => {
  const [, local = '', domain = ''] = /^([^@]+)@([^@]+)$/.exec(lower(text).replace(/\s/g, '')) ?? [];
  const isGmail = domain === 'gmail.com' || domain === 'googlemail.com';
  const mailbox = isGmail ? local.replace(/\+.*$/, '').replaceAll('.', '') : local;
  return mailbox === '' ? null : `${mailbox}@${domain}`;
};

/** Google, TikTok: E.164, with its `+`. */
export const phone: NormalForm = (e164) => (/^\+[1-9]\d{6,14}$/.test(e164) ? e164 : null);

/** Meta: E.164 without the `+`. */
export const phoneDigits: NormalForm = (e164) => phone(e164)?.slice(1) ?? null;

/** Meta's names, and everybody's cities and regions: letters and digits of every script, no spaces, no punctuation. */
export const lettersAndDigits: NormalForm = (text) => orNull(lower(text).replace(/[^\p{L}\p{M}\p{N}]/gu, ''));

/** TikTok's names: trimmed, in lower case. */
export const name: NormalForm = (text) => orNull(lower(text));

/** Google: without a title before it. Spaces and apostrophes inside stay, as Google's own library keeps them. */
export const googleGivenName: NormalForm = (text) =>
  orNull(
    lower(text)
      .replace(/^(?:mr|mrs|ms|dr)\.(?:\s|$)/, '')
      .trim(),
  );

/** Google: without `jr`, `iii`, `phd` and their like after it. */
export const googleFamilyName: NormalForm = (text) =>
  orNull(
    lower(text).replace(/(?:(?:,\s*|\s+)(?:jr\.?|sr\.?|2nd|3rd|ii|iii|iv|v|vi|cpa|dc|dds|vm|jd|md|phd))+\s?$/, ''),
  );

/**
 * Meta, TikTok: without spaces and dashes; in the United States the first five digits. ZIP+4 is written there alone.
 * @param country of the postal code; null where it is not known
 */
export const postalCode =
  (country: string | null): NormalForm =>
  (text) => {
    const code = lower(text).replace(/^(\d{5})-\d{4}$/, '$1');
    return orNull((country === 'US' ? code.replace(/^(\d{5}) ?\d{4}$/, '$1') : code).replace(/[\s\p{Pd}]/gu, ''));
  };

/** Google: as it was written, trimmed, not hashed. */
export const googlePostalCode: NormalForm = (text) => orNull(text.trim());

/** Meta, TikTok: two letters in lower case. Google, LinkedIn: in upper case. */
export const country: NormalForm = (code) => (/^[A-Z]{2}$/.test(code) ? code.toLowerCase() : null);
export const countryUpper: NormalForm = (code) => (/^[A-Z]{2}$/.test(code) ? code : null);

/** Meta, TikTok: trimmed, in lower case. */
export const externalId: NormalForm = (text) => orNull(lower(text));

/** Seven digits or more with spaces or brackets between them, as a national phone number is written and an id is not. */
const writtenAsPhone = /^(?=.*[\s()])[\d\s().-]*$/;

/** LinkedIn's ids and names, which are sent as they are: an e-mail address or a phone number may not leave so. */
export const plain: NormalForm = (text) => {
  const known = text.trim();
  const isPhone = writtenAsPhone.test(known) && known.replace(/\D/g, '').length >= 7;
  return /@|\+\s?\d/.test(known) || isPhone ? null : orNull(known);
};
