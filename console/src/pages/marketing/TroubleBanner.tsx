import { paths } from '../../paths';
import { useViewer } from '../../shell/viewer';
import { Banner } from '../../ui/Banner';
import { ButtonLink } from '../../ui/Button';
import { whyNotConnect, type Destination } from './conversions';
import { platformOf } from './platforms';

interface TroubleBannerProps {
  botId: string;
  /** One that its platform refuses. */
  destination: Destination;
}

/** What a platform refuses, what that holds up, and what to do. */
export function TroubleBanner({ botId, destination: { platform: name, pauseReason } }: TroubleBannerProps) {
  const why = whyNotConnect(useViewer());
  const platform = platformOf(name);
  if (platform === undefined) return null;
  const { key, title, ageDays } = platform;
  const isToken = pauseReason === 'AUTH_BROKEN';
  return (
    <Banner
      kind="bad"
      title={`${title} is paused: it refuses ${isToken ? `the ${platform.token.label.toLowerCase()}` : 'the account or its settings'}`}
      actions={
        <>
          <ButtonLink to={paths.editDestination(botId, key)} look="main" why={why} isOver preventScrollReset>
            {isToken ? 'Give a new one' : 'Open the settings'}
          </ButtonLink>
          <ButtonLink to={paths.testDestination(botId, key)} why={why} isOver preventScrollReset>
            Test it
          </ButtonLink>
        </>
      }
    >
      What it said stands at each lead below. Leads are held meanwhile, for the {ageDays} days that {title} takes them;
      once you mend it, they are sent, the oldest first.
    </Banner>
  );
}
