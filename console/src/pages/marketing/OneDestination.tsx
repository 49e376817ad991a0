import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead, type Read } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import type { DestinationsOfBotQuery } from '../../gql/graphql';
import './conversions';
import type { Destination } from './conversions';
import { platformOf, type PlatformWords } from './platforms';

const DestinationsOfBot = graphql(`
  query DestinationsOfBot($id: ID!) {
    conversionDestinations(intakeBotId: $id, first: 20) {
      nodes {
        ...Destination
      }
    }
  }
`);

export const useDestinations = (
  policy: 'cache-first' | 'cache-and-network' = 'cache-first',
): Read<DestinationsOfBotQuery> => {
  const { id = '' } = useParams();
  // Owners and Admins alone may read them.
  const pause = useViewer().role === 'MEMBER';
  return useRead(DestinationsOfBot, { id }, { types: ['ConversionDestination'], policy, pause });
};

/** The page behind each dialog of this folder. */
export const useThisMarketing = (): string => paths.botMarketing(useParams()['id'] ?? '');

/** The platform that the address names. */
export const useThisPlatform = (): PlatformWords | undefined => platformOf(useParams()['platform'] ?? '');

interface OneDestinationProps {
  children(destination: Destination, platform: PlatformWords): ReactNode;
}

/** For dialogs: where the platform that the address names is connected to the bot. */
export function OneDestination({ children }: OneDestinationProps) {
  const platform = useThisPlatform();
  const why = whyNotAdmin(useViewer().role);
  const { data, refusal, again } = useDestinations();
  const destination = data?.conversionDestinations.nodes.find((one) => platformOf(one.platform) === platform);
  if (platform !== undefined && destination !== undefined) return children(destination, platform);
  const isMissing = data !== undefined || platform === undefined;
  const missing = why ?? (isMissing ? 'This platform is not connected to the bot.' : null);
  return <DialogAwaiting refusal={refusal} again={again} missing={missing} />;
}
