import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';

const charactersMax = 64;
const shape = /^(\+?)([\p{Nd}\p{Zs}()./\p{Pd}]+)((?:ext\.?|extension|x|#) ?\p{Nd}{1,7})?$/iu;

interface ReadPhone {
  readonly international: boolean;
  readonly text: string;
  readonly hasExtension: boolean;
}

/**
 * Whether a person could have meant this as a phone number: 6 to 15 digits with the usual spaces, dots, dashes,
 * slashes and brackets, perhaps an extension. A leading `+` must be followed by a calling code that exists.
 * A national number passes: people write their own number that way, and refusing it would lose the answer.
 */
export function isPhoneNumber(sent: string): boolean {
  const phone = read(sent);
  return phone !== null && (!phone.international || parse(phone) !== undefined);
}

/**
 * The number in E.164 (`+14155552671`), to recognise a person by; null when it identifies nobody for certain:
 * without `+` its country is unknown, with an extension others share it, of a wrong length it is mistyped.
 */
export const toE164 = (sent: string): string | null => toE164Within(null, sent);

/** The number in E.164, where one without `+` is of this country; null for the country: it is of no country we know. */
export function toE164Within(country: string | null, sent: string): string | null {
  const phone = read(sent);
  if (phone === null || phone.hasExtension) return null;
  if (!phone.international && (country === null || !isSupportedCountry(country))) return null;
  const parsed = parse(phone, phone.international ? null : country);
  if (parsed === undefined) return null;
  const { countryCallingCode, nationalNumber } = parsed;
  // Mexico's mobile numbers had a 1 before them until 2019, and people go on writing it.
  if (countryCallingCode === '52' && /^1\d{10}$/.test(nationalNumber)) return `+52${nationalNumber.slice(1)}`;
  return parsed.isPossible() ? parsed.number : null;
}

/** Whether it is the code of a country that has telephones. */
export const isCountryWithPhones = (code: string): boolean => isSupportedCountry(code);

function parse(phone: ReadPhone, country: string | null = null) {
  const defaultCountry = country === null ? {} : { defaultCountry: country as CountryCode };
  return parsePhoneNumberFromString(phone.text, { extract: false, ...defaultCountry });
}

function read(sent: string): ReadPhone | null {
  if (sent.length > charactersMax) return null;
  // Copied numbers bring wide digits, hard spaces and invisible direction marks along.
  const text = sent
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim();
  const [, plus, number = '', extension] = shape.exec(text) ?? [];
  const digits = number.replace(/\P{Nd}/gu, '').length;
  if (digits < 6 || digits > 15) return null;
  return { international: plus === '+', text: `${plus}${number}`, hasExtension: extension !== undefined };
}
