import { isoTime } from '../platform/postgres/timestamps.js';
import { spell } from '../platform/validate.js';
import { versionOf } from '../platform/version.js';
import type { SchemaItem } from './bot-schema.js';
import type { IntakeBot } from './intake-bot.entity.js';
import { PatchIntakeBot } from './intake-bot.input.js';

/** A bot in a list over REST. */
export const intakeBotSummaryView = (bot: IntakeBot) => ({
  id: bot.id,
  name: bot.name,
  status: bot.status,
  submission_count: bot.submissionCount,
  created_at: isoTime(bot.createdAt),
  updated_at: isoTime(bot.updatedAt),
});

/** A bot by itself over REST and in webhook bodies. People fill the bot in at `shareUrl`. */
export const intakeBotView = (bot: IntakeBot & { shareUrl: string }) => ({
  ...intakeBotSummaryView(bot),
  description: bot.description,
  share_url: bot.shareUrl,
  schema: schemaView(bot.schema),
});

/** The version that `If-Match` compares: of what REST may change of a bot. */
export const intakeBotVersion = ({
  name,
  description,
  status,
  schemaVersion,
}: Pick<IntakeBot, 'name' | 'description' | 'status' | 'schemaVersion'>) =>
  versionOf(PatchIntakeBot, { name, description, status, schema: schemaVersion });

export const schemaView = (items: readonly SchemaItem[]) =>
  items.map((item) =>
    Object.fromEntries(Object.entries(item).map(([key, value]) => [spell(key, 'snake_case'), value])),
  );
