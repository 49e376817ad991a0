import { Field, Float, ID, InputType, Int } from 'type-graphql';
import { z } from 'zod';
import { inputType } from '../platform/graphql/input-type.js';
import { DateTimeRange } from '../platform/graphql/relay-connection.js';
import { input, line, report, type Spelling, type Valid } from '../platform/validate.js';
import { readBotSchema, type SchemaItem } from './bot-schema.js';
import { IntakeBotStatusEnum, type IntakeBotStatus } from './intake-bot.entity.js';

const botSchema = (spelling: Spelling) =>
  z.unknown().transform((raw, context): SchemaItem[] => {
    const { items, issues } = readBotSchema(raw, spelling);
    report(
      context,
      issues.map((issue) => ({ ...issue, path: issue.path.replace(/^schema\.?/, '') })),
    );
    return items;
  });

const name = line(200);
const description = z.string().max(2_000).nullable();
const status = z.enum(IntakeBotStatusEnum);
const recordType = line(100).regex(
  /^[a-z][a-z0-9_-]*$/i,
  'must begin with a letter, and have letters, digits, _ and - only',
);

@InputType('IntakeBotFilter', { description: 'Which bots to list.' })
export class IntakeBotFilter {
  @Field(() => [IntakeBotStatusEnum], { nullable: true, description: 'In one of these states.' })
  status?: IntakeBotStatus[];

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange;
}

@InputType('SchemaItemInput', { description: 'A field of a bot, or something it only shows. See `SchemaItem`.' })
class SchemaItemInput implements Partial<SchemaItem> {
  @Field(() => String, {
    nullable: true,
    description: "The key of its answer in a submission's data, at most 100 characters; unique among the fields.",
  })
  name?: string;

  @Field(() => String, {
    nullable: true,
    description: 'What people read, at most 10,000 characters; the name by default.',
  })
  label?: string;

  @Field(() => String, {
    nullable: true,
    description:
      '`text`, `textarea`, `email`, `phone`, `url`, `number`, `date`, `boolean`, `select`, `multi_select`, ' +
      '`file`, `geolocation`, `hidden`, or `group`, a heading.',
  })
  type?: string;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether a completed submission must answer it; false by default.',
  })
  required?: boolean;

  @Field(() => [String], {
    nullable: true,
    description: 'What a `select` or `multi_select` offers, and no other type: 1 to 100 texts.',
  })
  options?: string[];

  @Field(() => String, { nullable: true, description: 'A hint below the field.' })
  helperText?: string;

  @Field(() => String, { nullable: true, description: 'A hint inside the field.' })
  placeholder?: string;

  @Field(() => Float, {
    nullable: true,
    description: 'The smallest number; of `multi_select` and `file` the fewest entries.',
  })
  min?: number;

  @Field(() => Float, {
    nullable: true,
    description: 'The largest number; of `multi_select` and `file` the most entries.',
  })
  max?: number;

  @Field(() => Int, { nullable: true, description: 'The fewest characters, 0 to 10,000.' })
  minLength?: number;

  @Field(() => Int, { nullable: true, description: 'The most characters, 0 to 10,000.' })
  maxLength?: number;

  @Field(() => String, {
    nullable: true,
    description: 'A regular expression in RE2 syntax that the whole text matches, at most 200 characters.',
  })
  pattern?: string;

  @Field(() => String, {
    nullable: true,
    description:
      '`field` by default; `content` is display only and takes no answer, and items of other kinds are skipped.',
  })
  kind?: string;
}

export const CreateIntakeBot = inputType('CreateIntakeBotInput', 'A new bot.', (spelling) => ({
  name: [name, String, 'Its name, at most 200 characters.'],
  description: [description.optional(), String, 'What it is for, at most 2,000 characters.'],
  status: [status.exclude(['ARCHIVED']).default('DRAFT'), IntakeBotStatusEnum, 'DRAFT by default; not ARCHIVED.'],
  schema: [botSchema(spelling), [SchemaItemInput], 'What it asks, at most 200 items.'],
  recordType: [
    recordType.nullable().optional(),
    String,
    'The type of record that a completed submission makes: at most 100 letters, digits, `_` and `-`, a letter first.',
  ],
}));

export const UpdateIntakeBot = inputType(
  'UpdateIntakeBotInput',
  'What to change of a bot; what is absent stays.',
  (spelling) => ({
    id: [ID, 'The bot.'],
    name: [name.optional(), String, 'Its name, at most 200 characters.'],
    description: [description.optional(), String, 'What it is for, at most 2,000 characters; null removes it.'],
    schema: [botSchema(spelling).optional(), [SchemaItemInput], 'The whole schema anew, at most 200 items.'],
    recordType: [
      recordType.nullable().optional(),
      String,
      'The type of record that a completed submission makes, likewise; null: none.',
    ],
  }),
);

export const ChangeIntakeBotStatus = inputType(
  'ChangeIntakeBotStatusInput',
  'DRAFT → ACTIVE ⇄ PAUSED → ARCHIVED, and ARCHIVED → PAUSED.',
  () => ({ id: [ID, 'The bot.'], status: [status, IntakeBotStatusEnum, 'The new status.'] }),
);

/** What any door may change of a bot. */
export type IntakeBotChanges = Partial<Valid<typeof UpdateIntakeBot> & Valid<typeof ChangeIntakeBotStatus>>;

/** What may be changed over REST, as the published contract has it. */
export const PatchIntakeBot = input((spelling) => ({
  name: name.optional(),
  description: description.optional(),
  status: status.optional(),
  schema: botSchema(spelling).optional(),
}));
