import { graphql } from '../../graphql';
import type { BotFragment } from '../../gql/graphql';
import type { StatusKind } from '../../ui/Status';

export type Bot = BotFragment;
export type BotStatus = Bot['status'];

export const BotFields = graphql(`
  fragment Bot on IntakeBot {
    id
    name
    description
    status
    recordType
    schemaVersion
    submissionCount
    shareUrl
    createdAt
    updatedAt
  }
`);

export const botStatuses: Readonly<Record<BotStatus, readonly [kind: StatusKind, word: string]>> = {
  ACTIVE: ['good', 'Active'],
  PAUSED: ['wait', 'Paused'],
  DRAFT: ['still', 'Draft'],
  ARCHIVED: ['still', 'Archived'],
};

export interface Step {
  /** In the address, and on its button. */
  verb: string;
  label: string;
  from: readonly BotStatus[];
  to: BotStatus;
  /** Whether something stops. */
  ends: boolean;
  busy: string;
  done: string;
}

/** What can be done with a bot's status. */
export const steps: readonly Step[] = [
  {
    verb: 'activate',
    label: 'Activate',
    from: ['DRAFT'],
    to: 'ACTIVE',
    ends: false,
    busy: 'Activating…',
    done: 'is active',
  },
  {
    verb: 'resume',
    label: 'Resume',
    from: ['PAUSED'],
    to: 'ACTIVE',
    ends: false,
    busy: 'Resuming…',
    done: 'takes submissions again',
  },
  {
    verb: 'pause',
    label: 'Pause',
    from: ['ACTIVE'],
    to: 'PAUSED',
    ends: true,
    busy: 'Pausing…',
    done: 'is paused',
  },
  {
    verb: 'archive',
    label: 'Archive',
    from: ['PAUSED'],
    to: 'ARCHIVED',
    ends: true,
    busy: 'Archiving…',
    done: 'is archived',
  },
  {
    verb: 'restore',
    label: 'Restore',
    from: ['ARCHIVED'],
    to: 'PAUSED',
    ends: false,
    busy: 'Restoring…',
    done: 'is back, paused',
  },
];
