import { Field, ID, InputType } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { toE164 } from '../platform/text/phone-number.js';
import { email, jsonObject, line, report } from '../platform/validate.js';
import { personNameCharactersMax } from './contact-address.js';

const phone = z.string().transform((text, context) => {
  const number = toE164(text);
  if (number === null) report(context, [{ path: '', message: 'is not a phone number', code: 'bad_format' }]);
  return number ?? '';
});
const name = line(personNameCharactersMax);
export const tagsMax = 100;
const tag = line(50);
/** The most tags that an update may send back for a contact which had more than 100 before tags had a bound. */
const keptTagsMax = 1_000;
const customFields = jsonObject;

@InputType('ContactFilter', { description: 'Which contacts to list.' })
export class ContactFilter {
  @Field(() => String, { nullable: true, description: 'With this e-mail address, however it is written.' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'With this phone number, in E.164.' })
  phone?: string | null;

  @Field(() => String, { nullable: true, description: 'With this tag.' })
  tag?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange | null;
}

export const CreateContact = inputType(
  'CreateContactInput',
  'A new contact; it needs an e-mail address or a phone number.',
  () => ({
    email: [
      email.nullable().optional(),
      String,
      'E-mail address, at most 254 characters; kept in lower case, without invisible characters, its domain in ASCII.',
    ],
    phone: [
      phone.nullable().optional(),
      String,
      'Phone number with its country, such as `+1 212 555 0147`; kept in E.164.',
    ],
    firstName: [name.nullable().optional(), String, 'First name, at most 200 characters.'],
    lastName: [name.nullable().optional(), String, 'Last name, at most 200 characters.'],
    tags: [z.array(tag).max(tagsMax).default([]), [String], 'At most 100 tags of 50 characters.'],
    customFields: [customFields.default({}), JSONObject, 'Whatever else is known, at most 256 KiB and 8 levels.'],
  }),
);

/** `customFields` merges. Growth is for the service to refuse. */
export const UpdateContact = inputType(
  'UpdateContactInput',
  'What to change of a contact; what is absent stays, null empties.',
  () => ({
    id: [ID, 'The contact.'],
    email: [email.nullable().optional(), String, 'E-mail address, at most 254 characters.'],
    phone: [phone.nullable().optional(), String, 'Phone number with its country.'],
    firstName: [name.nullable().optional(), String, 'First name, at most 200 characters.'],
    lastName: [name.nullable().optional(), String, 'Last name, at most 200 characters.'],
    tags: [z.array(tag).max(keptTagsMax).optional(), [String], 'All tags anew, at most 100 of 50 characters.'],
    customFields: [
      customFields.optional(),
      JSONObject,
      'Merged into what is there, to at most 256 KiB; null removes a value.',
    ],
  }),
);

export const MergeContacts = inputType('MergeContactsInput', 'Two contacts that are one person.', () => ({
  id: [ID, 'The contact that stays; what it has is kept.'],
  duplicateId: [
    ID,
    'The contact that goes. Its e-mail, phone and names fill what the other lacks, an e-mail or phone beyond that ' +
      'becomes one of its `otherAddresses`; its tags are added; of custom fields that both have, the other ' +
      'keeps its own.',
  ],
}));
