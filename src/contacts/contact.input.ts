import { z } from 'zod';
import { toE164 } from '../platform/text/phone-number.js';
import { email, input, jsonObject, line, report } from '../platform/validate.js';
import { personNameCharactersMax } from './contact-address.js';

const phone = z.string().transform((text, context) => {
  const number = toE164(text);
  if (number === null) report(context, [{ path: '', message: 'is not a phone number', code: 'bad_format' }]);
  return number ?? '';
});
const name = line(personNameCharactersMax);
export const tagsMax = 100;
const tag = line(50);
/** Of a contact that has more tags than it may, from before they had a bound. */
const keptTagsMax = 1_000;
const customFields = jsonObject;

export const CreateContact = input(() => ({
  email: email.nullable().optional(),
  phone: phone.nullable().optional(),
  firstName: name.nullable().optional(),
  lastName: name.nullable().optional(),
  tags: z.array(tag).max(tagsMax).default([]),
  customFields: customFields.default({}),
}));

/** What is absent stays; null empties. `customFields` merges; null removes one. Growth is for the service to refuse. */
export const UpdateContact = input(() => ({
  email: email.nullable().optional(),
  phone: phone.nullable().optional(),
  firstName: name.nullable().optional(),
  lastName: name.nullable().optional(),
  tags: z.array(tag).max(keptTagsMax).optional(),
  customFields: customFields.optional(),
}));
