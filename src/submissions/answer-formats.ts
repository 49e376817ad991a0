import { isEmail } from '../platform/text/email-address.js';
import type { IssueCode } from '../platform/errors.js';
import { isPhoneNumber } from '../platform/text/phone-number.js';

export interface FormatProblem {
  readonly code: IssueCode;
  readonly message: string;
}

const badFormat = (message: string): FormatProblem => ({ code: 'bad_format', message });

/** Why a text is no answer to a field of `type`, by its form; null when it is one. */
export function formatProblem(type: string, text: string): FormatProblem | null {
  switch (type) {
    case 'email':
      return isEmail(text) ? null : badFormat('must be an e-mail address, like name@example.com');
    case 'phone':
      return isPhoneNumber(text) ? null : badFormat('must be a phone number, best with its country, like +14155552671');
    case 'url':
      return isUrl(text, ['http:', 'https:']) ? null : badFormat('must be a web address, like https://example.com');
    case 'file':
      return isUrl(text, ['https:']) ? null : badFormat('must be an https URL of a file');
    case 'date':
      return isDate(text)
        ? null
        : badFormat('must be a date (2026-01-15) or an ISO time (2026-01-15T10:30:00Z) that exists');
    case 'geolocation':
      return geolocationProblem(text);
    default:
      return null;
  }
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  if (/[\s\p{Cc}]/u.test(text) || !/^https?:\/\//i.test(text)) return false;
  const url = URL.parse(text);
  return url !== null && protocols.includes(url.protocol);
}

const date =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/;

function isDate(text: string): boolean {
  const [, year, month, day] = date.exec(text) ?? [];
  if (year === undefined) return false;
  const time = new Date(0);
  time.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return time.getUTCMonth() === Number(month) - 1 && time.getUTCDate() === Number(day);
}

const geolocation = /^([+-]?\d{1,3}(?:\.\d{1,20})?), ?([+-]?\d{1,3}(?:\.\d{1,20})?)$/;

function geolocationProblem(text: string): FormatProblem | null {
  const [, latitude, longitude] = geolocation.exec(text) ?? [];
  if (latitude === undefined) return badFormat('must be "latitude,longitude" in degrees, like "52.52,13.405"');
  if (Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180) return null;
  return { code: 'out_of_range', message: 'must have a latitude from -90 to 90 and a longitude from -180 to 180' };
}
