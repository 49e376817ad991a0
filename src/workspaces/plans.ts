import type { Actor, Plan } from '../platform/actor.js';
import { featureNotAvailable } from '../platform/errors.js';

export interface PlanLimits {
  api: boolean;
  requestsPerMinute: number;
  apiKeys: number;
  webhooks: boolean;
  /** Per calendar month, UTC; test submissions are free. */
  submissionsPerMonth: number;
  /** null: kept for ever. */
  submissionRetentionDays: number | null;
}

export const plans: Record<Plan, PlanLimits> = {
  FREE: {
    api: false,
    requestsPerMinute: 0,
    apiKeys: 0,
    webhooks: false,
    submissionsPerMonth: 100,
    submissionRetentionDays: 90,
  },
  PRO: {
    api: true,
    requestsPerMinute: 100,
    apiKeys: 3,
    webhooks: false,
    submissionsPerMonth: 5_000,
    submissionRetentionDays: 365,
  },
  BUSINESS: {
    api: true,
    requestsPerMinute: 500,
    apiKeys: 10,
    webhooks: true,
    submissionsPerMonth: 100_000,
    submissionRetentionDays: null,
  },
};

export const webhookEndpointsMax = 50;
/** They are archived, never deleted. */
export const intakeBotsMax = 10_000;
export const membersMax = 1_000;
export const openInvitationsMax = 100;
export const trustedDocumentsMax = 1_000;

export function requireFeature(actor: Actor, feature: 'api' | 'webhooks'): void {
  if (!plans[actor.workspace.plan][feature]) throw featureNotAvailable(feature);
}
