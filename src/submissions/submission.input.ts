import { Field, ID, InputType } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { line } from '../platform/validate.js';
import { MessageRoleEnum, SubmissionStatusEnum, type SubmissionStatus } from './submission.entity.js';

// The service checks the answers against the bot's schema, once it knows the bot.
const data = z.custom<Record<string, unknown>>((value) => value !== null);
const status = z.enum(SubmissionStatusEnum);

@InputType('SubmissionFilter', { description: 'Which submissions to list.' })
export class SubmissionFilterInput {
  @Field(() => [SubmissionStatusEnum], { nullable: true, description: 'In one of these states.' })
  status?: SubmissionStatus[] | null;

  @Field(() => Boolean, { nullable: true, description: 'Test submissions only, or none of them.' })
  isTest?: boolean | null;

  @Field(() => ID, { nullable: true, description: 'Of this contact.' })
  contactId?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange | null;
}

export const CreateSubmission = inputType('CreateSubmissionInput', 'A new submission.', () => ({
  intakeBotId: [ID, 'The bot it answers; it must be ACTIVE.'],
  data: [data, JSONObject, "The answers by field name, checked against the bot's schema."],
  status: [status.default('COMPLETED'), SubmissionStatusEnum, 'COMPLETED by default.'],
  isTest: [z.boolean().default(false), Boolean, 'Fires webhooks, but counts towards no limit; false by default.'],
}));

export const UpdateSubmission = inputType(
  'UpdateSubmissionInput',
  'What to change of a submission; what is absent stays.',
  () => ({
    id: [ID, 'The submission.'],
    data: [data.optional(), JSONObject, 'Merged into the answers; null removes one.'],
    status: [status.optional(), SubmissionStatusEnum, 'COMPLETED cannot go back.'],
  }),
);

export const AddSubmissionMessage = inputType(
  'AddSubmissionMessageInput',
  'A new line of the conversation behind a submission.',
  () => ({
    submissionId: [ID, 'The submission.'],
    role: [z.enum(['assistant', 'user']), MessageRoleEnum, 'Who said it.'],
    content: [line(10_000), String, 'What was said, at most 10,000 characters.'],
  }),
);

export const DeleteSubmission = inputType('DeleteSubmissionInput', 'The submission to delete.', () => ({
  id: [ID, 'The submission.'],
}));
