import { fieldsOf, type SchemaItem } from '../intake-bots/bot-schema.js';
import { isEmail } from '../platform/text/email-address.js';
import { toE164Within } from '../platform/text/phone-number.js';
import { countryCode, usStateCode } from './countries.js';
import { personFields, type ConversionEvent, type PersonField } from './platforms/platform.js';

type Answers = Readonly<Record<string, unknown>>;

export interface PersonSource {
  /** The bot's schema. */
  readonly schema: readonly SchemaItem[];
  readonly answers: Answers;
  readonly contactId: string | null;
  /** The bot's field for each canonical field that is mapped by hand. */
  readonly mapping: Readonly<Partial<Record<PersonField, string>>>;
  /** By which a phone number without `+` is read; null: such a number is dropped, as no country is ever guessed. */
  readonly defaultCountry: string | null;
}

export interface KnownPerson {
  readonly person: ConversionEvent['person'];
  /** Of the canonical fields those whose answer says nothing that could be sent, and mapped fields that the bot lacks. */
  readonly dropped: readonly string[];
}

/** The fields of a bot that count without a mapping, by their name. */
const namedFields: Readonly<Partial<Record<PersonField, readonly string[]>>> = {
  firstName: ['first_name'],
  lastName: ['last_name'],
  city: ['city'],
  region: ['state'],
  postalCode: ['zip', 'postal_code'],
  country: ['country'],
};

/** Who completed a submission, as ad platforms may be told: from the fields that the mapping names, else by type and name. */
export function personOf(source: PersonSource): KnownPerson {
  const { answers, mapping } = source;
  const fields = fieldsOf(source.schema);
  const has = (name: string) => fields.some((field) => field.name === name);
  const written = Object.fromEntries(personFields.map((field) => [field, [] as string[]])) as Record<
    PersonField,
    string[]
  >;
  const dropped: string[] = [];
  for (const field of personFields) {
    const mapped = mapping[field];
    if (mapped !== undefined && !has(mapped)) dropped.push(mapped);
    else written[field] = textsOf(mapped === undefined ? usual(field, fields) : [mapped], answers);
  }
  // Names are taken apart only where nothing says them apart.
  if (written.firstName.length === 0 && written.lastName.length === 0 && has('full_name')) {
    const [, first, last] = /^(\S+)\s*(.*)$/s.exec(textsOf(['full_name'], answers)[0] ?? '') ?? [];
    if (mapping.firstName === undefined && first) written.firstName = [first];
    if (mapping.lastName === undefined && last) written.lastName = [last];
  }
  if (mapping.externalId === undefined && source.contactId !== null) written.externalId = [source.contactId];

  const known = (field: PersonField, read: (text: string) => string | null): string | null => {
    const value = written[field].map(read).find((text) => text !== null) ?? null;
    if (value === null && written[field].length > 0) dropped.push(field);
    return value;
  };
  const asWritten = (text: string) => text;
  const country = known('country', countryCode);
  const person = {
    email: known('email', emailAddress),
    phone: known('phone', (text) => toE164Within(source.defaultCountry, text)),
    firstName: known('firstName', asWritten),
    lastName: known('lastName', asWritten),
    city: known('city', asWritten),
    region: known('region', (text) => usStateCodeIn(country, text)),
    postalCode: known('postalCode', asWritten),
    country,
    externalId: known('externalId', asWritten),
  };
  return { person, dropped };
}

function usual(field: PersonField, fields: readonly SchemaItem[]): readonly string[] {
  if (field !== 'email' && field !== 'phone') return namedFields[field] ?? [];
  return fields.filter(({ type }) => type === field).map(({ name }) => name);
}

/** What was answered in the fields of these names: of a list the first entry, and nothing that is blank. */
function textsOf(names: readonly string[], answers: Answers): string[] {
  return names.flatMap((name) => {
    const answer = Object.hasOwn(answers, name) ? answers[name] : null;
    const first: unknown = Array.isArray(answer) ? answer[0] : answer;
    const text = typeof first === 'number' ? String(first) : typeof first === 'string' ? first.trim() : '';
    return text === '' ? [] : [text];
  });
}

/** Addresses that were copied bring invisible characters along. */
function emailAddress(text: string): string | null {
  const address = text.replace(/\p{Cf}/gu, '').trim();
  return isEmail(address) ? address : null;
}

/** In the United States a state has to be one; elsewhere a region is what the person calls it. */
function usStateCodeIn(country: string | null, region: string): string | null {
  const code = country === null || country === 'US' ? usStateCode(region) : null;
  return code ?? (country === 'US' ? null : region);
}
