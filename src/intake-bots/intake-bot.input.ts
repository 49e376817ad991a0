import { z } from 'zod';
import { input, line, report, type Spelling } from '../platform/validate.js';
import { readBotSchema, type SchemaItem } from './bot-schema.js';
import { IntakeBotStatusEnum } from './intake-bot.entity.js';

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

export const CreateIntakeBot = input((spelling) => ({
  name,
  description: description.optional(),
  status: status.exclude(['ARCHIVED']).default('DRAFT'),
  schema: botSchema(spelling),
  recordType: recordType.nullable().optional(),
}));

export const UpdateIntakeBot = input((spelling) => ({
  name: name.optional(),
  description: description.optional(),
  status: status.optional(),
  schema: botSchema(spelling).optional(),
  recordType: recordType.nullable().optional(),
}));

/** What a legacy client may change. */
export const PatchIntakeBot = input((spelling) => ({
  name: name.optional(),
  description: description.optional(),
  status: status.optional(),
  schema: botSchema(spelling).optional(),
}));
