import { fieldsOf } from '../intake-bots/bot-schema.js';
import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import { validationFailed, type Issue } from '../platform/errors.js';
import { keptBytesMax, keptJsonIssues } from '../platform/text/kept-json.js';
import { mergeAnswers, missingAnswers, type Answers } from './answers.js';
import { attributionIssues } from './attribution.js';
import type { Submission, SubmissionStatus } from './submission.entity.js';

/** Why a submission must not be changed at all, or not as `patch` wants it, whether or not the patch is well formed. */
export function refusals(
  bot: IntakeBot,
  before: Submission,
  patch: { data?: unknown; status?: unknown; attribution?: unknown },
): Issue[] {
  const goesBack = before.status === 'COMPLETED' && patch.status === 'IN_PROGRESS';
  const completed = (patch.status ?? before.status) === 'COMPLETED';
  const missing = completed ? missingAnswers(bot.schema, merged(before, patch.data)) : [];
  // A completed submission stays complete: what a later schema asks for is not missing in it.
  const known = before.status === 'COMPLETED' ? missingAnswers(bot.schema, before.data).map(({ path }) => path) : [];
  return [
    ...(patch.data === undefined ? [] : answersIssues(merged(before, patch.data), before.data)),
    ...missing.filter(({ path }) => !known.includes(path)),
    ...(goesBack ? [{ path: 'status', code: 'not_allowed' as const, message: 'cannot go back from COMPLETED' }] : []),
    ...attributionIssues(before, patch.attribution),
  ];
}

/** All answers of a submission may have a megabyte together, like one body, however many changes bring them. */
export const answersIssues = (after: unknown, before: object) =>
  keptJsonIssues(after, { path: 'data', bytesMax: keptBytesMax.answers, before });

const merged = (before: Submission, data: unknown) =>
  typeof data !== 'object' || data === null ? before.data : mergeAnswers(before.data, data as Answers);

/** The submission as the change would leave it. @throws validation_failed with every issue */
export function changed(
  bot: IntakeBot,
  before: Submission,
  patch: { data?: unknown; status?: SubmissionStatus; attribution?: unknown },
): Submission {
  // Reviewed again under the lock, as another change may have come between.
  const issues = refusals(bot, before, patch);
  if (issues.length > 0) throw validationFailed(issues);
  const status = patch.status ?? before.status;
  const data = merged(before, patch.data);
  const version = patch.data === undefined ? before.schemaVersion : bot.schemaVersion;
  return { ...before, data, status, fileCount: countFiles(bot, data), schemaVersion: version };
}

/** How many files the answers link to. */
export function countFiles(bot: IntakeBot, data: Answers): number {
  const answers = new Map(Object.entries(data));
  return fieldsOf(bot.schema)
    .filter(({ type }) => type === 'file')
    .map(({ name }) => answers.get(name) ?? [])
    .reduce<number>((count, value) => count + (Array.isArray(value) ? value.length : 1), 0);
}
