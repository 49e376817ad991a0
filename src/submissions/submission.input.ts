import { Field, ID, InputType } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { line, nested, type Spelling } from '../platform/validate.js';
import { GivenAttribution } from './attribution.js';
import { clickIds, pageAddresses, sightTimes, utmParameters, type AttributionKey } from './attribution.view.js';
import { MessageRoleEnum, SubmissionStatusEnum, type SubmissionStatus } from './submission.entity.js';

// The service checks the answers against the bot's schema, once it knows the bot.
const data = z.custom<Record<string, unknown>>((value) => value !== null);
const status = z.enum(SubmissionStatusEnum);

// A text of the wrong form is left out and not refused, so nothing but its type is looked at here.
const sentText = z.string().optional();
const optOut = z.preprocess((sent) => (typeof sent === 'string' ? sent !== 'false' : sent), z.boolean()).optional();

export const AttributionConsentInput = inputType(
  'AttributionConsentInput',
  'What a person consented to; what is absent stays.',
  () => ({
    adUserData: [
      sentText,
      String,
      'May ad platforms be told of the person? `granted` or `denied`; whatever is not `granted` is `denied`.',
    ],
    adPersonalization: [sentText, String, 'May they use it for personalised ads? Likewise.'],
    limitedUse: [optOut, Boolean, 'true: the person opted out under a law of the United States.'],
  }),
);

type Text = [rule: typeof sentText, type: StringConstructor, description: string];
const textsOf = <Key extends string>(keys: Readonly<Record<Key, string>>) =>
  Object.fromEntries(
    Object.entries<string>(keys).map(([key, description]): [string, Text] => [key, [sentText, String, description]]),
  ) as Record<Key, Text>;

export const AttributionInput = inputType(
  'AttributionInput',
  'Where a submission came from; what is absent stays. A text of the wrong form is left out, and named in `dropped`.',
  (spelling) => ({
    ...textsOf<AttributionKey>({ ...clickIds, ...utmParameters, ...pageAddresses, ...sightTimes }),
    ip: [sentText, String, "The person's address, never that of the caller. It is not kept with the submission."],
    userAgent: [sentText, String, "The person's browser, likewise."],
    consent: [
      nested(AttributionConsentInput, spelling).optional(),
      AttributionConsentInput.type,
      'What they consented to.',
    ],
  }),
);
const attribution = (spelling: Spelling) =>
  nested(AttributionInput, spelling)
    .transform((sent) => new GivenAttribution(sent, spelling))
    .optional();

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

export const CreateSubmission = inputType('CreateSubmissionInput', 'A new submission.', (spelling) => ({
  intakeBotId: [ID, 'The bot it answers; it must be ACTIVE.'],
  data: [
    data,
    JSONObject,
    "The answers by field name, checked against the bot's schema: texts, numbers, booleans, lists of texts, or null.",
  ],
  status: [status.default('COMPLETED'), SubmissionStatusEnum, 'COMPLETED by default.'],
  isTest: [z.boolean().default(false), Boolean, 'Fires webhooks, but counts towards no limit; false by default.'],
  attribution: [attribution(spelling), AttributionInput.type, 'Where it came from, and what the person consented to.'],
}));

export const UpdateSubmission = inputType(
  'UpdateSubmissionInput',
  'What to change of a submission; what is absent stays.',
  (spelling) => ({
    id: [ID, 'The submission.'],
    data: [
      data.optional(),
      JSONObject,
      'Merged into the answers, of the same kinds; null removes one, also of a field that the bot no longer has.',
    ],
    status: [status.optional(), SubmissionStatusEnum, 'COMPLETED cannot go back.'],
    attribution: [
      attribution(spelling),
      AttributionInput.type,
      'Where it came from; once it is completed, `consent` alone can change.',
    ],
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
