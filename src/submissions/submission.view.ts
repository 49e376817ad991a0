import type { Submission } from './submission.entity.js';
import type { ListedSubmission, SubmissionWithMessages } from './submission.service.js';

const base = (submission: Submission) => ({
  id: submission.id,
  data: submission.data,
  status: submission.status,
  ai_summary: submission.aiSummary,
  is_test: submission.isTest,
  file_count: submission.fileCount,
});

const times = (submission: Submission) => ({
  schema_version: submission.schemaVersion,
  created_at: submission.createdAt,
  updated_at: submission.updatedAt,
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
    created_at: createdAt,
  })),
});

/** What creating one over REST answers. */
export const submissionCreatedView = ({ id, status, createdAt }: Submission) => ({ id, status, created_at: createdAt });
