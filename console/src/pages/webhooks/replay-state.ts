import { graphql } from '../../graphql';
import type { ReplayOnly, ReplayStateFragment } from '../../gql/graphql';

export type ReplayState = ReplayStateFragment;

export const ReplayStateFields = graphql(`
  fragment ReplayState on Replay {
    id
    status
    only
    since
    until
    ratePerSecond
    dryRun
    counted
    total
    done
    createdAt
  }
`);

/** The latest of the workspace. */
export const Replays = graphql(`
  query Replays {
    replays(first: 50) {
      nodes {
        ...ReplayState
        endpoint {
          id
        }
      }
    }
  }
`);

export const onlyInWords: Readonly<Record<ReplayOnly, string>> = {
  ALL: 'All events',
  FAILED: 'Failed events',
  MISSED: 'Missed events',
};
