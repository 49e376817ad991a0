import { isEmail, normalEmail } from '../platform/text/email-address.js';
import { toE164 } from '../platform/text/phone-number.js';

/** The longest first or last name, through any door. */
export const personNameCharactersMax = 200;

/** What this file needs to know of a bot's field. */
export interface AddressField {
  readonly name: string;
  readonly type: string;
}

/** How a submission names its person; null for what it does not say. */
export interface ContactAddress {
  /** The e-mail address in the form in which addresses are compared. */
  readonly email: string | null;
  /** The phone number in E.164. */
  readonly phone: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
}

/**
 * The person behind a completed submission, from answers that were checked. Of several email fields the first with a
 * value counts, of several phone fields the first that can be put in E.164. The name is `first_name` and `last_name`
 * when either has a value, else `full_name`, else `name`, split at the first space.
 */
export function contactAddress(
  fields: readonly AddressField[],
  data: Readonly<Record<string, unknown>>,
): ContactAddress {
  const answer = (name: string) => {
    const value = Object.hasOwn(data, name) ? data[name] : null;
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
  };
  const named = (name: string) => {
    const text = fields.some((field) => field.name === name) ? answer(name) : null;
    return text === null ? null : shortened(text);
  };
  const answersOf = (type: string) =>
    fields.filter((field) => field.type === type).flatMap((field) => answer(field.name) ?? []);

  const sent = answersOf('email').find(isEmail);
  const email = sent === undefined ? null : normalEmail(sent);
  const phone =
    answersOf('phone')
      .map(toE164)
      .find((number) => number !== null) ?? null;
  const firstName = named('first_name');
  const lastName = named('last_name');
  if (firstName !== null || lastName !== null) return { email, phone, firstName, lastName };
  return { email, phone, ...splitName(named('full_name') ?? named('name')) };
}

/** Cuts an answer, which may be far longer than a name, to the length of one. */
function shortened(name: string): string {
  const short = name.length <= personNameCharactersMax ? name : name.slice(0, personNameCharactersMax);
  return short.isWellFormed() ? short.trim() : short.slice(0, -1).trim();
}

function splitName(fullName: string | null): Pick<ContactAddress, 'firstName' | 'lastName'> {
  const space = fullName?.indexOf(' ') ?? -1;
  if (fullName === null || space === -1) return { firstName: fullName, lastName: null };
  return { firstName: fullName.slice(0, space), lastName: fullName.slice(space + 1).trim() };
}
