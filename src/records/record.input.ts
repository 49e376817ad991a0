import { Field, ID, InputType } from 'type-graphql';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { jsonObject, line } from '../platform/validate.js';

const recordType = line(100).regex(
  /^[a-z][a-z0-9_-]*$/i,
  'must begin with a letter, and have letters, digits, _ and - only',
);

@InputType('RecordFilter', { description: 'Which records to list.' })
export class RecordFilter {
  @Field(() => String, { nullable: true, description: 'Of this type, such as `lead`.' })
  recordType?: string | null;

  @Field(() => ID, { nullable: true, description: 'Linked to this contact.' })
  contactId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Made from this submission; there is one at most.' })
  submissionId?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange | null;
}

export const CreateRecord = inputType('CreateRecordInput', 'A new record.', () => ({
  recordType: [
    recordType,
    String,
    'What it is, such as `lead`: at most 100 letters, digits, `_` and `-`, a letter first.',
  ],
  data: [jsonObject, JSONObject, 'Its values, at most 256 KiB and 8 levels.'],
}));

export const UpdateRecord = inputType('UpdateRecordInput', 'What to change of a record; what is absent stays.', () => ({
  id: [ID, 'The record.'],
  recordType: [recordType.optional(), String, 'What it is, likewise.'],
  data: [jsonObject.optional(), JSONObject, 'Merged into its values, to at most 256 KiB; null removes one.'],
}));

export const LinkRecordContact = inputType('LinkRecordContactInput', 'A person in a role of a record.', () => ({
  recordId: [ID, 'The record.'],
  contactId: [ID, 'The contact.'],
  role: [line(100), String, 'The role, at most 100 characters.'],
}));
