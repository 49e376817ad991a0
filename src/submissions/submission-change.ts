import { fieldsOf } from '../intake-bots/bot-schema.js';
import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import { validationFailed, type Issue } from '../platform/errors.js';
import { keptBytesMax, keptJsonIssues } from '../platform/text/kept-json.js';
import { mergeAnswers, missingAnswers, type Answers } from './answers.js';
import type { Submission, SubmissionStatus } from './submission.entity.js';

/** What a change of this submission meets, be the change itself well formed or not. */
export function refusals(bot: IntakeBot, before: Submission, patch: { data?: unknown; status?: unknown }): Issue[] {
  const goesBack = before.status === 'COMPLETED' && patch.status === 'IN_PROGRESS';
  const completed = (patch.status ?? before.status) === 'COMPLETED';
  const missing = completed ? missingAnswers(bot.schema, merged(before, patch.data)) : [];
  // What was complete stays so: a schema that asks for more since is not held against it.
  const known = before.status === 'COMPLETED' ? missingAnswers(bot.schema, before.data).map(({ path }) => path) : [];
  return [
    ...(patch.data === undefined ? [] : answersIssues(merged(before, patch.data), before.data)),
    ...missing.filter(({ path }) => !known.includes(path)),
    ...(goesBack ? [{ path: 'status', code: 'not_allowed' as const, message: 'cannot go back from COMPLETED' }] : []),
  ];
}

/** Answers together may have a megabyte, like the body that brings them, however many changes bring them. */
export const answersIssues = (after: unknown, before: object) =>
  keptJsonIssues(after, { path: 'data', bytesMax: keptBytesMax.answers, before });

const merged = (before: Submission, data: unknown) =>
  typeof data !== 'object' || data === null ? before.data : mergeAnswers(before.data, data as Answers);

/** The submission as the change leaves it. @throws validation_failed with every issue */
export function changed(
  bot: IntakeBot,
  before: Submission,
  patch: { data?: unknown; status?: SubmissionStatus },
): Submission {
  // Looked at again under the lock: another change may have come between.
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
