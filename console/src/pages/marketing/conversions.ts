import { graphql } from '../../graphql';
import type {
  ConversionRowFragment,
  ConversionStatus,
  DestinationFragment,
  ConversionPauseReason,
} from '../../gql/graphql';
import '../contacts/contacts';
import { planNames, whyNotAdmin, type Viewer } from '../../shell/viewer';
import type { StatusKind } from '../../ui/Status';

export type Destination = DestinationFragment;
export type ConversionRow = ConversionRowFragment;

export const DestinationFields = graphql(`
  fragment Destination on ConversionDestination {
    id
    platform
    status
    pauseReason
    settings
    credential {
      lastFour
      setAt
      expiresAt
    }
    eventName
    value {
      amount
      currency
      field
    }
    mapping
    defaultCountry
    consentMode
    testCode
    lastSentAt
    createdAt
    summary
  }
`);

export const ConversionRowFields = graphql(`
  fragment ConversionRow on Conversion {
    id
    status
    verdict
    reason
    nextAttemptAt
    createdAt
    platform
    destination {
      id
    }
    submission {
      id
      isTest
      contact {
        ...Person
      }
    }
    attempts {
      at
      status
      code
      message
      traceId
      ms
    }
  }
`);

export const statuses: Readonly<Record<ConversionStatus, readonly [kind: StatusKind, word: string]>> = {
  PENDING: ['wait', 'Waits'],
  SENDING: ['wait', 'Being sent'],
  ACCEPTED: ['wait', 'Accepted'],
  DELIVERED: ['good', 'Delivered'],
  REJECTED: ['bad', 'Rejected'],
  SKIPPED: ['still', 'Skipped'],
  EXPIRED: ['bad', 'Expired'],
  HELD: ['wait', 'Held'],
};

interface Reason {
  /** Goes on from "skipped: ". */
  words: string;
  /** What to do, so that the next ones are sent; null where it is as it should be. */
  advice: string | null;
}

/** Why a conversion was not sent, or what else there is to say of its end. */
export const reasons: Readonly<Record<string, Reason>> = {
  no_consent: {
    words: 'no consent was given',
    advice: 'Send attribution.consent with ad_user_data granted, once the person has granted it.',
  },
  no_match_keys: {
    words: 'nothing in it lets the platform recognise anybody',
    advice: "Send click ids in attribution, or map the bot's e-mail field in the settings.",
  },
  too_old: { words: 'it is older than the platform takes', advice: null },
  test_submission: {
    words: 'the submission is a test',
    advice: 'Tests go out where the destination has a test code.',
  },
  plan: { words: 'the plan has no conversions', advice: 'A plan with them sends those that come from then on.' },
  erased: { words: 'the person or the submission was erased', advice: null },
  destination_deleted: { words: 'the platform was disconnected first', advice: null },
  held_dropped: { words: 'what was held was dropped', advice: null },
  unconfirmed: { words: 'the platform said nothing more of it within a day', advice: null },
};

export const reasonInWords = (reason: string): string => reasons[reason]?.words ?? reason;

export const pauseWords: Readonly<Record<ConversionPauseReason, string>> = {
  AUTH_BROKEN: 'Paused, token refused',
  CONFIG_BROKEN: 'Paused, settings refused',
  MANUAL: 'Paused',
  PLAN: 'Paused by the plan',
};

export const isBroken = ({ pauseReason }: Pick<Destination, 'pauseReason'>): boolean =>
  pauseReason === 'AUTH_BROKEN' || pauseReason === 'CONFIG_BROKEN';

/** Why a viewer cannot connect or change platforms; null where they can. */
export function whyNotConnect({ role, workspace: { plan, limits } }: Viewer): string | null {
  if (!limits.conversions) {
    return `${planNames[plan]} has no conversions. Pro and Business have them; the operator of this server sets the plan.`;
  }
  return whyNotAdmin(role);
}
