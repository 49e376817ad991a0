import { isoTime } from '../platform/postgres/timestamps.js';
import { versionOf } from '../platform/version.js';
import type { Submission, SubmissionWithMessages } from './submission.entity.js';
import { UpdateSubmission } from './submission.input.js';
import type { ListedSubmission } from './submission-lists.js';

type Shown = Omit<ListedSubmission, 'messageCount'>;

const base = (submission: Shown) => ({
  id: submission.id,
  data: submission.data,
  status: submission.status,
  ai_summary: submission.aiSummary,
  is_test: submission.isTest,
  file_count: submission.fileCount,
});

const times = (submission: Shown) => ({
  schema_version: submission.schemaVersion,
  created_at: isoTime(submission.createdAt),
  updated_at: isoTime(submission.updatedAt),
});

/** A submission in a list over REST. */
export const submissionListedView = (submission: ListedSubmission) => ({
  ...base(submission),
  message_count: submission.messageCount,
  ...times(submission),
});

/** A submission in webhook bodies. */
export const submissionEventView = (submission: Submission) => ({
  ...base(submission),
  ...times(submission),
  intake_bot_id: submission.intakeBotId,
});

/** A submission by itself over REST. */
export const submissionView = (submission: SubmissionWithMessages) => ({
  ...submissionEventView(submission),
  messages: submission.messages.map(({ id, role, content, createdAt }) => ({
    id,
    role,
    content,
    created_at: isoTime(createdAt),
  })),
});

/**
 * The version that `If-Match` compares. Answers may be large, and they and the status move the time of the last change;
 * attribution does not.
 */
export const submissionVersion = ({ updatedAt, attribution }: Pick<Submission, 'updatedAt' | 'attribution'>) =>
  versionOf(UpdateSubmission, { data: updatedAt, status: updatedAt, attribution });

/** The answer to creating a submission over REST. */
export const submissionCreatedView = ({ id, status, createdAt }: Submission) => ({
  id,
  status,
  created_at: isoTime(createdAt),
});
