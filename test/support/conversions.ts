import type { App } from '../../src/app.js';
import { Conversion } from '../../src/conversions/conversion.entity.js';
import type { ConversionDestination } from '../../src/conversions/destination.entity.js';
import { CreateConversionDestination } from '../../src/conversions/destination.input.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { validate } from '../../src/platform/validate.js';
import { operator } from './factories.js';

/** What a person consents to who consents. */
export const granted = { consent: { ad_user_data: 'granted', ad_personalization: 'granted' } };

export async function createDestination(app: App, bot: SharedIntakeBot, input: object): Promise<ConversionDestination> {
  const actor = await operator(app, bot.workspaceId);
  return await app.conversionDestinations.create(actor, bot.id, () =>
    validate(CreateConversionDestination, input, 'camelCase'),
  );
}

/** The conversions of a submission as they stand in the database, the first destination's first. */
export async function conversionsOf(app: App, submissionId: string): Promise<Conversion[]> {
  return await app.database.manager.find(Conversion, { where: { submissionId }, order: { id: 'asc' } });
}

/** Waits until all conversions of a submission are as wanted; fails with how they are. */
export async function settled(
  app: App,
  submissionId: string,
  isWanted: (conversion: Conversion) => boolean,
  timeoutMs = 10_000,
): Promise<Conversion[]> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const conversions = await conversionsOf(app, submissionId);
    if (conversions.length > 0 && conversions.every(isWanted)) return conversions;
    if (performance.now() > until) {
      const are = conversions.map(({ status, verdict, reason, attempts }) => ({ status, verdict, reason, attempts }));
      throw new Error(`within ${timeoutMs} ms: ${JSON.stringify(are)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Makes it so much later for all conversions of a submission, and has done what is due by then. Their events stay where
 * they are in time, as platforms are told of it, unless they are to age.
 */
export async function letPass(app: App, submissionId: string, ms: number, { ages = false } = {}): Promise<void> {
  const earlier = (column: string) => `${column} = ${column} - $2 * interval '1 ms'`;
  const columns = ['next_attempt_at', 'retry_until', 'accepted_at', 'ended_at', ...(ages ? ['occurred_at'] : [])];
  await app.database.pool.query(`update conversions set ${columns.map(earlier).join(', ')} where submission_id = $1`, [
    submissionId,
    ms,
  ]);
  await app.conversionWorker.chores();
}
