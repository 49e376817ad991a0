// Generated from operations.graphql and schema.graphql by `npm run client`.

import type { Operation } from './client.js';

export interface CreateSubmissionInput {
  data: Record<string, unknown>;
  intakeBotId: string;
  isTest?: boolean | null;
  status?: ('COMPLETED' | 'IN_PROGRESS') | null;
}

export const ListIntakeBots: Operation<
  {
    intakeBots: {
      nodes: {
        id: string;
        name: string;
        status: 'ACTIVE' | 'ARCHIVED' | 'DRAFT' | 'PAUSED';
        submissionCount: number;
      }[];
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
    };
  },
  { first?: number | null; after?: string | null }
> = {
  text: 'query ListIntakeBots($first: Int, $after: String) {\n  intakeBots(first: $first, after: $after) {\n    nodes {\n      id\n      name\n      status\n      submissionCount\n    }\n    pageInfo {\n      hasNextPage\n      endCursor\n    }\n  }\n}',
};

export const CreateSubmission: Operation<
  {
    createSubmission: {
      submission: {
        id: string;
        status: 'COMPLETED' | 'IN_PROGRESS';
        contact: { id: string; email: string | null } | null;
      };
    };
  },
  { input: CreateSubmissionInput }
> = {
  text: 'mutation CreateSubmission($input: CreateSubmissionInput!) {\n  createSubmission(input: $input) {\n    submission {\n      id\n      status\n      contact {\n        id\n        email\n      }\n    }\n  }\n}',
};

export const EventOccurred: Operation<
  { eventOccurred: { id: string; type: string; payload: Record<string, unknown> | null } },
  { types?: string[] | null; after?: string | null }
> = {
  text: 'subscription EventOccurred($types: [EventType!], $after: ID) {\n  eventOccurred(types: $types, after: $after) {\n    id\n    type\n    payload\n  }\n}',
};
