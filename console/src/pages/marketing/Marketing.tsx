import './Marketing.css';
import { Outlet, useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer, type Viewer } from '../../shell/viewer';
import { Banner } from '../../ui/Banner';
import { useGathered } from '../../ui/Live';
import { PageHead } from '../../ui/PageHead';
import { ErrorCard } from '../../ui/States';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { Views } from '../../ui/Views';
import { botViews } from '../bots/botViews';
import { Unread } from '../Unread';
import { ConversionLog } from './ConversionLog';
import { isBroken, whyNotConnect, type Destination } from './conversions';
import { TroubleBanner } from './TroubleBanner';
import { useDestinations } from './OneDestination';
import { PlatformCard } from './PlatformCard';
import { attributionGuide, platformOf, platforms } from './platforms';

const MarketedBot = graphql(`
  query MarketedBot($id: ID!) {
    intakeBot(id: $id) {
      id
      name
    }
  }
`);

/** Which ad platforms are told of a bot's leads, how that goes, and what became of each lead. */
export function Page() {
  const { id = '' } = useParams();
  const viewer = useViewer();
  const bot = useRead(MarketedBot, { id }, { policy: 'cache-first' });
  const name = bot.data?.intakeBot?.name ?? null;
  const { data, refusal, again } = useDestinations('cache-and-network');
  const readSoon = useGathered(again);
  const destinations = data?.conversionDestinations.nodes;
  return (
    <>
      <PageHead
        title={name === null ? 'Marketing & Attribution' : `${plainText(name)}, Marketing & Attribution`}
        heading={name === null ? 'Bot' : <StrangerText text={name} />}
        within={{ label: 'Bots', to: paths.bots }}
      >
        Tells ad platforms which clicks became leads, and tells of nobody who did not consent.{' '}
        <a href={attributionGuide} target="_blank" rel="noreferrer">
          How attribution and consent work
        </a>
      </PageHead>
      <Views label="About this bot" views={botViews(id)} to={paths.bot(id)} current="marketing" />
      {bot.data?.intakeBot === null || bot.refusal ? (
        <Unread
          refusal={bot.refusal}
          again={bot.again}
          what="bot"
          why="The address may be cut short, or belong to another workspace."
          back={{ label: 'bots', to: paths.bots }}
        />
      ) : (
        <>
          <NotYours viewer={viewer} />
          {destinations?.filter(isBroken).map((destination) => (
            <TroubleBanner key={destination.id} destination={destination} botId={id} />
          ))}
          {refusal && destinations === undefined ? (
            <ErrorCard refusal={refusal} again={again} />
          ) : (
            <Platforms botId={id} destinations={viewer.role === 'MEMBER' ? [] : destinations} />
          )}
          {destinations && destinations.length > 0 && (
            <ConversionLog botId={id} destinations={destinations} onChange={readSoon} />
          )}
        </>
      )}
      <Outlet />
    </>
  );
}

/** Why nothing can be connected, and what would change that. */
function NotYours({ viewer }: { viewer: Viewer }) {
  const why = whyNotConnect(viewer);
  return why === null ? null : <Banner kind="still" title={why} />;
}

interface PlatformsProps {
  botId: string;
  /** undefined while they are awaited. */
  destinations: readonly Destination[] | undefined;
}

const Platforms = ({ botId, destinations }: PlatformsProps) => (
  <ul className="platforms" aria-label="Ad platforms" aria-busy={destinations === undefined}>
    {platforms.map((platform) => (
      <li key={platform.key}>
        <PlatformCard
          botId={botId}
          platform={platform}
          destination={destinations && (destinations.find((one) => platformOf(one.platform) === platform) ?? null)}
        />
      </li>
    ))}
  </ul>
);
