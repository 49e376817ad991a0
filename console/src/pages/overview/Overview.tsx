import './Overview.css';
import { graphql } from '../../graphql';
import type { OverviewQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { planNames, useViewer, type Viewer } from '../../shell/viewer';
import { bytes, count, counted } from '../../ui/amounts';
import { ButtonLink } from '../../ui/Button';
import { Card } from '../../ui/Facts';
import { useGathered } from '../../ui/Live';
import { Meter } from '../../ui/Meter';
import { PageHead } from '../../ui/PageHead';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Time } from '../../ui/Time';
import { EndpointsHealth, healthInWords, useEndpointsHealth } from './EndpointsHealth';
import { Notices } from './Notices';

const Overview = graphql(`
  query Overview {
    workspace {
      id
      usage {
        apiKeys
        submissionsThisMonth
        storedBytes
        storedMeasuredAt
      }
      notices(first: 5) {
        nodes {
          id
          kind
          params
          text
          createdAt
        }
        pageInfo {
          hasNextPage
        }
      }
    }
    intakeBots(first: 20) {
      nodes {
        id
        submissionCount
      }
    }
  }
`);
const Happened = graphql(`
  subscription Happened {
    eventOccurred {
      id
    }
  }
`);
type Data = OverviewQuery;

export function Page() {
  const viewer = useViewer();
  const { data, refusal, again } = useRead(Overview, {}, { types: ['Notice', 'ApiKey', 'IntakeBot'] });
  const health = useEndpointsHealth(viewer);
  const readAnew = useGathered(() => {
    again();
    if (health.mayRead) health.again();
  });
  useFollow(Happened, {}, readAnew, { pause: data === undefined, again: readAnew });
  return (
    <>
      <PageHead title="Overview">{healthInWords(health.data?.webhookEndpoints.nodes ?? [])}</PageHead>
      {refusal && data === undefined && <ErrorCard refusal={refusal} again={again} />}
      <Notices notices={data?.workspace.notices?.nodes ?? []} endpoints={health.data?.webhookEndpoints.nodes ?? []} />
      {data && viewer.role !== 'MEMBER' && (!health.mayRead || health.data) && (
        <FirstSteps data={data} viewer={viewer} endpoints={health.data?.webhookEndpoints.nodes.length ?? 0} />
      )}
      <div className="overview">
        <Usage usage={data?.workspace.usage} viewer={viewer} />
        <EndpointsHealth viewer={viewer} {...health} />
      </div>
    </>
  );
}

/** What makes a new workspace useful; gone once all is done. */
function FirstSteps({ data, viewer, endpoints }: { data: Data; viewer: Viewer; endpoints: number }) {
  const { limits, plan } = viewer.workspace;
  const bots = data.intakeBots.nodes;
  const [bot] = bots;
  const steps = [
    {
      title: 'Create an API key',
      why: limits.api ? 'Programs read and write with it, over GraphQL and REST.' : `${planNames[plan]} has no API.`,
      isDone: data.workspace.usage.apiKeys > 0,
      to: limits.api ? paths.newApiKey : null,
    },
    {
      title: 'Take a first submission',
      why: 'Share a bot, or send one through the API: a test submission counts towards no limit.',
      isDone: data.workspace.usage.submissionsThisMonth > 0 || bots.some(({ submissionCount }) => submissionCount > 0),
      to: bot === undefined ? null : paths.postToBot(bot.id),
    },
    {
      title: 'Add a webhook endpoint',
      why: limits.webhooks
        ? 'It hears of what happens within a second, signed.'
        : `${planNames[plan]} has no webhooks.`,
      isDone: endpoints > 0,
      to: limits.webhooks ? paths.newWebhook : null,
    },
  ];
  const left = steps.filter(({ isDone }) => !isDone);
  if (left.length === 0) return null;
  return (
    <Card
      title="First steps"
      aside={<span className="faint">{`${steps.length - left.length} of ${steps.length} done`}</span>}
    >
      <ol className="steps">
        {steps.map(({ title, why, isDone, to }) => (
          <li key={title} data-done={isDone || undefined}>
            <span className="step-shape" aria-hidden />
            <div>
              <h3>
                {title}
                {isDone && <span className="faint"> · done</span>}
              </h3>
              <p className="faint">{why}</p>
            </div>
            {!isDone && to && (
              <ButtonLink to={to} isSmall>
                {title}
              </ButtonLink>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Usage({ usage, viewer }: { usage: Data['workspace']['usage'] | undefined; viewer: Viewer }) {
  const { limits, plan } = viewer.workspace;
  const rows = usage && [
    {
      label: 'Submissions this month',
      value: usage.submissionsThisMonth,
      max: limits.submissionsPerMonth,
      text: `${count(usage.submissionsThisMonth)} of ${count(limits.submissionsPerMonth)}`,
    },
    {
      label: 'Storage',
      value: usage.storedBytes,
      max: limits.storageBytes,
      text: `${bytes(usage.storedBytes)} of ${bytes(limits.storageBytes)}`,
    },
    {
      label: 'API keys',
      value: usage.apiKeys,
      max: limits.apiKeys,
      text: limits.api ? `${usage.apiKeys} of ${limits.apiKeys}` : 'none on this plan',
    },
  ];
  return (
    <Card title="Plan and usage" aside={<span className="faint">{planNames[plan]}</span>}>
      <ul className="usage">
        {rows?.map(({ label, value, max, text }) => (
          <li key={label}>
            <span>{label}</span>
            <span className="number">{text}</span>
            <Meter label={label} value={value} max={max} text={text} />
          </li>
        )) ??
          ['a', 'b', 'c'].map((row) => (
            <li key={row}>
              <Skeleton />
            </li>
          ))}
      </ul>
      <p className="faint usage-foot">
        {limits.api ? `${count(limits.requestsPerMinute)} requests a minute for each key. ` : ''}
        {limits.submissionRetentionDays === null
          ? 'Submissions are kept for ever. '
          : `Submissions are kept for ${counted(limits.submissionRetentionDays, 'day')}. `}
        {usage?.storedMeasuredAt && (
          <>
            Storage was measured <Time at={usage.storedMeasuredAt} />.
          </>
        )}
      </p>
    </Card>
  );
}
