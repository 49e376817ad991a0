import { graphql } from '../../graphql';
import type { SubmissionRowFragment } from '../../gql/graphql';
import type { StatusKind } from '../../ui/Status';
// The fragment of a submission's row spreads that of a person.
import '../contacts/contacts';

export type SubmissionRow = SubmissionRowFragment;
export type SubmissionStatus = SubmissionRow['status'];

export const SubmissionRowFields = graphql(`
  fragment SubmissionRow on Submission {
    id
    status
    isTest
    fileCount
    createdAt
    contact {
      ...Person
    }
  }
`);

export const submissionStatuses: Readonly<Record<SubmissionStatus, readonly [kind: StatusKind, word: string]>> = {
  COMPLETED: ['good', 'Completed'],
  IN_PROGRESS: ['wait', 'In progress'],
};
