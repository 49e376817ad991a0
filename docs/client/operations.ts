// Generated from operations.graphql and schema.graphql by `npm run client`.

import type { Operation } from './client.js';

export interface CreateSubmissionInput {
  attribution?: AttributionInput | null;
  data: Record<string, unknown>;
  intakeBotId: string;
  isTest?: boolean | null;
  status?: ('COMPLETED' | 'IN_PROGRESS') | null;
}

export interface AttributionInput {
  consent?: AttributionConsentInput | null;
  fbc?: string | null;
  fbclid?: string | null;
  fbp?: string | null;
  firstSeenAt?: string | null;
  gbraid?: string | null;
  gclid?: string | null;
  ip?: string | null;
  landingPage?: string | null;
  lastSeenAt?: string | null;
  liFatId?: string | null;
  msclkid?: string | null;
  referrer?: string | null;
  ttclid?: string | null;
  ttp?: string | null;
  userAgent?: string | null;
  utmCampaign?: string | null;
  utmContent?: string | null;
  utmMedium?: string | null;
  utmSource?: string | null;
  utmTerm?: string | null;
  wbraid?: string | null;
}

export interface AttributionConsentInput {
  adPersonalization?: string | null;
  adUserData?: string | null;
  limitedUse?: boolean | null;
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
