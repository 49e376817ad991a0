import { paths } from '../../paths';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { Fact, Facts } from '../../ui/Facts';
import { Menu } from '../../ui/Menu';
import { Skeleton } from '../../ui/States';
import { Status, type StatusKind } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time, useNow } from '../../ui/Time';
import { isBroken, pauseWords, whyNotConnect, type Destination } from './conversions';
import { LastDay } from './LastDay';
import { guideOf, type PlatformWords } from './platforms';

interface PlatformCardProps {
  botId: string;
  platform: PlatformWords;
  /** undefined while it is awaited; null: off, or not for this viewer to know. */
  destination: Destination | null | undefined;
}

/** One platform: what the last day came to, how it is set, and what can be done. */
export function PlatformCard({ botId, platform, destination }: PlatformCardProps) {
  const { role } = useViewer();
  return (
    <section className="card platform" aria-labelledby={`platform-${platform.key}`}>
      <header>
        <h2 id={`platform-${platform.key}`}>{platform.title}</h2>
        {destination !== undefined && role !== 'MEMBER' && <DestinationStatus destination={destination} />}
        {destination && <More botId={botId} platform={platform} destination={destination} />}
      </header>
      {destination === undefined && <Skeleton width="16rem" />}
      {destination === null && <Off botId={botId} platform={platform} />}
      {destination && <Connected botId={botId} platform={platform} destination={destination} />}
    </section>
  );
}

function DestinationStatus({ destination }: { destination: Destination | null }) {
  const [kind, words] = stateOf(destination);
  return <Status kind={kind}>{words}</Status>;
}

function stateOf(destination: Destination | null): [StatusKind, string] {
  if (destination === null) return ['still', 'Off'];
  if (destination.pauseReason !== null) {
    return [isBroken(destination) ? 'bad' : 'still', pauseWords[destination.pauseReason]];
  }
  return destination.lastSentAt === null ? ['still', 'Nothing sent yet'] : ['good', 'Active'];
}

function Off({ botId, platform }: { botId: string; platform: PlatformWords }) {
  const viewer = useViewer();
  return (
    <>
      <p>
        Credits ads on {platform.ads}. You need {platform.needs}.
      </p>
      <div className="platform-foot">
        <a href={guideOf(platform)} target="_blank" rel="noreferrer">
          Guide
          <span className="heard"> for {platform.title}</span>
        </a>
        <ButtonLink
          to={paths.connectPlatform(botId, platform.key)}
          why={whyNotConnect(viewer)}
          isOver
          preventScrollReset
          aria-label={`Connect ${platform.title}`}
        >
          Connect
        </ButtonLink>
      </div>
    </>
  );
}

interface ConnectedProps {
  botId: string;
  platform: PlatformWords;
  destination: Destination;
}

function Connected({ botId, platform, destination }: ConnectedProps) {
  const viewer = useViewer();
  const why = whyNotConnect(viewer);
  const { settings, consentMode, eventName, value, testCode } = destination;
  return (
    <>
      <LastDay summary={destination.summary} />
      <Facts>
        {platform.settings
          .filter(({ name }) => settings[name] !== undefined)
          .map(({ name, label }) => (
            <Fact key={name} name={label}>
              <code>
                <StrangerText text={String(settings[name])} max={80} />
              </code>
            </Fact>
          ))}
        <Fact name={platform.token.label}>
          <Credential destination={destination} />
        </Fact>
        <Fact name="Consent">
          {consentMode === 'REQUIRED' ? 'required' : 'not required: the workspace answers for it'}
        </Fact>
        <Fact name="Event">
          <StrangerText text={eventName} max={60} />
          {value !== null && <Worth value={value} />}
        </Fact>
        {testCode !== null && (
          <Fact name="Test code">
            <code>
              <StrangerText text={testCode} max={60} />
            </code>
            , for tests alone
          </Fact>
        )}
      </Facts>
      <div className="platform-foot">
        <a href={guideOf(platform)} target="_blank" rel="noreferrer">
          Guide
          <span className="heard"> for {platform.title}</span>
        </a>
        <ButtonLink
          to={paths.editDestination(botId, platform.key)}
          why={why}
          isOver
          preventScrollReset
          aria-label={`Settings of ${platform.title}`}
        >
          Settings
        </ButtonLink>
        <ButtonLink
          to={paths.testDestination(botId, platform.key)}
          why={why}
          isOver
          preventScrollReset
          aria-label={`Test connection to ${platform.title}`}
        >
          Test connection
        </ButtonLink>
      </div>
    </>
  );
}

const warnDays = 14;
const dayMs = 86_400_000;

/** What is known of a credential that nobody reads again, and whether it ends soon. */
function Credential({ destination: { credential } }: { destination: Destination }) {
  const nowMs = useNow();
  if (credential === null) return null;
  const { lastFour, setAt, expiresAt } = credential;
  const isEnding = expiresAt !== null && Date.parse(expiresAt) - nowMs < warnDays * dayMs;
  return (
    <>
      <code>••• {lastFour}</code>, set <Time at={setAt} />
      {expiresAt !== null && (
        <span className={isEnding ? 'ending' : undefined}>
          {' '}
          · {Date.parse(expiresAt) < nowMs ? 'ended' : 'ends'} <Time at={expiresAt} />
        </span>
      )}
    </>
  );
}

const Worth = ({ value: { amount, currency, field } }: { value: NonNullable<Destination['value']> }) => (
  <>
    , worth{' '}
    {field === null ? (
      `${amount ?? 0} ${currency}`
    ) : (
      <>
        what <code>{field}</code> says, in {currency}
      </>
    )}
  </>
);

function More({ botId, platform: { key, title }, destination: { id, status } }: ConnectedProps) {
  const viewer = useViewer();
  const why = whyNotConnect(viewer);
  return (
    <Menu
      label="More"
      about={`More about ${title}`}
      items={[
        status === 'PAUSED'
          ? { label: 'Resume', to: paths.resumeDestination(botId, key), why }
          : { label: 'Pause', to: paths.pauseDestination(botId, key), why },
        { label: 'See what was done to it', to: paths.audit(id), why: whyNotAdmin(viewer.role) },
        {
          label: `Disconnect ${title}`,
          to: paths.disconnectPlatform(botId, key),
          isDanger: true,
          why: whyNotAdmin(viewer.role),
        },
      ]}
    />
  );
}
