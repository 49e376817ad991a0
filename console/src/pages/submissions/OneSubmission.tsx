import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { SubmissionToChangeQuery } from '../../gql/graphql';
import { useRead } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';

const SubmissionToChange = graphql(`
  query SubmissionToChange($id: ID!) {
    submission(id: $id) {
      id
      status
      isTest
      data
      intakeBot {
        id
        name
        recordType
        schema {
          name
          label
          type
          kind
          required
          options
          helperText
          placeholder
        }
      }
    }
  }
`);

export type SubmissionToChange = NonNullable<SubmissionToChangeQuery['submission']>;

/** The submission that the address names, for its dialogs: as it is now, and as it was when the dialog opened. */
export function OneSubmission({ children }: { children(submission: SubmissionToChange): ReactNode }) {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(SubmissionToChange, { id }, { policy: 'cache-first' });
  if (data?.submission) return children(data.submission);
  return <DialogAwaiting refusal={refusal} again={again} />;
}

export const UpdateSubmission = graphql(`
  mutation UpdateSubmission($input: UpdateSubmissionInput!) {
    updateSubmission(input: $input) {
      submission {
        id
        status
        updatedAt
        contact {
          id
        }
      }
    }
  }
`);
