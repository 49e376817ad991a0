import { Float, ID } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { line, report } from '../platform/validate.js';
import { countryCode } from './countries.js';
import { isCurrency } from './currency.js';
import { ConsentModeEnum, type ConversionDestination } from './destination.entity.js';
import { personFields, type PersonField } from './platforms/platform.js';
import { platforms } from './platforms/platforms.js';

const botField = z.string().min(1).max(100);
const amountMax = 1e12;

const currency = z
  .string()
  .trim()
  .toUpperCase()
  .refine(isCurrency, { message: 'must be a currency by ISO 4217, such as USD', params: { code: 'not_an_option' } });

const Value = inputType(
  'ConversionValueInput',
  'What each conversion is worth: an `amount`, or a `field` that says it.',
  () => ({
    amount: [z.number().min(0).max(amountMax).nullish(), Float, 'The same for each, 0 or more.'],
    field: [botField.nullish(), String, 'A number field of the bot.'],
    currency: [currency, String, 'ISO 4217, such as `USD`.'],
  }),
);

const value = Value.camelCase
  .transform(({ amount = null, field = null, ...rest }) => ({ amount, field, ...rest }))
  .superRefine(({ amount, field }, context) => {
    if ((amount === null) === (field !== null)) return;
    if (amount === null) report(context, [{ path: 'amount', code: 'required', message: 'is required, or else field' }]);
    else report(context, [{ path: 'field', code: 'not_allowed', message: 'must not be given together with amount' }]);
  })
  .nullable()
  .optional();

const canonical: Record<PersonField, string> = {
  email: 'The e-mail address.',
  phone: 'The phone number.',
  firstName: 'The first name.',
  lastName: 'The last name.',
  city: 'The city.',
  region: 'The state, province or region.',
  postalCode: 'The postal code.',
  country: 'The country, by its code or English name.',
  externalId: 'What you know the person by; the contact’s id by default.',
};

const Mapping = inputType(
  'ConversionMappingInput',
  "Names of the bot's fields that say who it was; what is absent is found by types and usual names.",
  () => Object.fromEntries(personFields.map((name) => [name, [botField.nullish(), String, canonical[name]] as const])),
);

const mapping = Mapping.camelCase
  .transform((sent): ConversionDestination['mapping'] =>
    Object.fromEntries(Object.entries(sent).filter(([, field]) => field !== null && field !== undefined)),
  )
  .nullable()
  .optional();

const defaultCountry = z
  .string()
  .max(100)
  .transform((text, context): string => {
    const code = countryCode(text);
    if (code !== null) return code;
    report(context, [{ path: '', code: 'not_an_option', message: 'must be a country by ISO 3166, such as US' }]);
    return z.NEVER;
  })
  .nullable()
  .optional();

/**
 * Part of an event's id, which all platforms take in so many characters. Each turn of the pattern reads one letter, so
 * that no name can make it try many ways.
 */
const eventName = line(50).regex(/^[\p{L}\p{N}](?:[ _.-]?[\p{L}\p{N}])*$/u, 'must be words, such as Lead');
const consentMode = z.enum(ConsentModeEnum);
const testCode = line(100).nullable().optional();

/**
 * Exactly one of a new destination, at most its own of one that is changed. The compiler does not know their names, which
 * the list of platforms has, so that it knows those of all other fields.
 */
const accounts = (): object =>
  Object.fromEntries(
    platforms.map(({ name, title, input }) => [
      name,
      [input.camelCase.optional(), input.type, `The account, where it is ${title}.`] as const,
    ]),
  );

export const CreateConversionDestination = inputType(
  'CreateConversionDestinationInput',
  'A new destination: its bot, the account of exactly one platform, and what that is told.',
  () => ({
    intakeBotId: [ID, 'The bot whose completed submissions it is told of.'],
    ...accounts(),
    eventName: [eventName.default('Lead'), String, 'What the platform calls it, at most 50 characters.'],
    value: [value, Value.type, 'What each is worth.'],
    mapping: [mapping, Mapping.type, "The bot's fields that say who it was, by hand."],
    defaultCountry: [defaultCountry, String, 'ISO 3166: by which national phone numbers are read.'],
    consentMode: [consentMode.default('REQUIRED'), ConsentModeEnum, 'Of whom the platform is told.'],
    testCode: [testCode, String, "The platform's code for tests, where it has them."],
  }),
);

export const UpdateConversionDestination = inputType(
  'UpdateConversionDestinationInput',
  'What to change of a destination; what is absent stays, an absent credential too.',
  () => ({
    id: [ID, 'The destination.'],
    ...accounts(),
    eventName: [eventName.optional(), String, 'What the platform calls it, at most 50 characters.'],
    value: [value, Value.type, 'What each is worth; null: nothing is said of it.'],
    mapping: [mapping, Mapping.type, 'All of the mapping anew; null: none by hand.'],
    defaultCountry: [defaultCountry, String, 'ISO 3166; null: national phone numbers are not sent.'],
    consentMode: [consentMode.optional(), ConsentModeEnum, 'Of whom the platform is told.'],
    testCode: [testCode, String, "The platform's code for tests; null removes it."],
  }),
);

const destinationId = [ID, 'The destination.'] as const;

export const DeleteConversionDestination = inputType(
  'DeleteConversionDestinationInput',
  'The destination to delete.',
  () => ({ id: destinationId }),
);

export const PauseConversionDestination = inputType(
  'PauseConversionDestinationInput',
  'The destination whose conversions to hold.',
  () => ({ id: destinationId }),
);

export const ResumeConversionDestination = inputType(
  'ResumeConversionDestinationInput',
  'The destination to send to again.',
  () => ({
    id: destinationId,
    skipHeld: [z.boolean().default(false), Boolean, 'Drop what is held instead of sending it.'],
  }),
);

export const TestConversionDestination = inputType(
  'TestConversionDestinationInput',
  'The destination to try with a synthetic person.',
  () => ({
    id: destinationId,
    acceptRealConversion: [
      z.boolean().default(false),
      Boolean,
      'Needed where the platform counts what it is sent as a test.',
    ],
  }),
);
