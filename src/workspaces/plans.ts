import type { Actor, Plan } from '../platform/actor.js';
import { featureNotAvailable, storageExceeded, type Feature } from '../platform/errors.js';
import { bytesOf } from '../platform/text/kept-json.js';

export interface PlanLimits {
  api: boolean;
  requestsPerMinute: number;
  apiKeys: number;
  webhooks: boolean;
  /** Whether ad platforms are told of submissions. */
  conversions: boolean;
  /** Submissions in a calendar month, UTC; test submissions are not counted. */
  submissionsPerMonth: number;
  /** For how many days submissions are kept; null: for ever. */
  submissionRetentionDays: number | null;
  /** Bytes of everything that a workspace stores, events included. */
  storageBytes: number;
}

const GiB = 1_024 ** 3;

export const plans: Record<Plan, PlanLimits> = {
  FREE: {
    api: false,
    requestsPerMinute: 0,
    apiKeys: 0,
    webhooks: false,
    conversions: false,
    submissionsPerMonth: 100,
    submissionRetentionDays: 90,
    storageBytes: GiB,
  },
  PRO: {
    api: true,
    requestsPerMinute: 100,
    apiKeys: 3,
    webhooks: false,
    conversions: true,
    submissionsPerMonth: 5_000,
    submissionRetentionDays: 365,
    storageBytes: 50 * GiB,
  },
  BUSINESS: {
    api: true,
    requestsPerMinute: 500,
    apiKeys: 10,
    webhooks: true,
    conversions: true,
    submissionsPerMonth: 100_000,
    submissionRetentionDays: null,
    storageBytes: 500 * GiB,
  },
};

export const webhookEndpointsMax = 50;
/** Bots of a workspace, archived ones included: a bot is never deleted. */
export const intakeBotsMax = 10_000;
export const membersMax = 1_000;
export const openInvitationsMax = 100;
export const trustedDocumentsMax = 1_000;

export const isFull = (plan: Plan, storedBytes: number) => storedBytes >= plans[plan].storageBytes;

/**
 * Has to pass before a workspace stores more, once the input is known to be well formed. A value that replaces another
 * passes where it is no larger. @throws plan_limit_exceeded
 */
export function requireStorage({ workspace: { plan, storedBytes } }: Actor, after?: unknown, before?: unknown): void {
  if (!isFull(plan, storedBytes)) return;
  if (before !== undefined && bytesOf(after) <= bytesOf(before)) return;
  throw storageExceeded(storedBytes, plans[plan].storageBytes);
}

export function requireFeature(actor: Actor, feature: Feature): void {
  if (!plans[actor.workspace.plan][feature]) throw featureNotAvailable(feature);
}
