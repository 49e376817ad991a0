import './Webhooks.css';
import { Outlet } from 'react-router';
import { graphql } from '../../graphql';
import type { WebhooksQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { planNames, useViewer, type Viewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { Bars } from '../../ui/Bars';
import { ButtonLink } from '../../ui/Button';
import { useGathered } from '../../ui/Live';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { duration } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { EndpointBanner } from './EndpointBanner';
import { isTroubled, useLastDay, whyNotSend } from './endpoints';
import { EndpointStatus } from './EndpointStatus';

const Webhooks = graphql(`
  query Webhooks($since: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {
    webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...EndpointState
        ...LastDay
        events
      }
      totalCount
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

const SomethingSent = graphql(`
  subscription SomethingSent {
    deliveryUpdated {
      id
    }
  }
`);

type Endpoint = WebhooksQuery['webhookEndpoints']['nodes'][number];

/** More banners than this would hide the list that they speak of. */
const bannersMax = 2;

export function Page() {
  const viewer = useViewer();
  const since = useLastDay();
  const { data, refusal, isReading, again } = useRead(
    Webhooks,
    { since, ...usePageArguments(50) },
    { types: ['WebhookEndpoint'] },
  );
  const endpoints = data?.webhookEndpoints.nodes;
  useFollow(SomethingSent, {}, useGathered(again), { pause: endpoints === undefined, again });
  const total = data?.webhookEndpoints.totalCount;
  const troubled = endpoints?.filter(isTroubled).toSorted(byUrgency) ?? [];
  const add = (look: 'main' | 'plain') => (
    <ButtonLink to={paths.newWebhook} look={look} why={whyNotAdd(viewer, total)}>
      Add endpoint
    </ButtonLink>
  );
  return (
    <>
      <PageHead title="Webhooks" actions={add(troubled.length > 0 || endpoints?.length === 0 ? 'plain' : 'main')}>
        <p>{limitInWords(viewer, total)}</p>
      </PageHead>
      {refusal && endpoints === undefined && <ErrorCard refusal={refusal} again={again} />}
      {troubled.slice(0, bannersMax).map((endpoint) => (
        <EndpointBanner key={endpoint.id} endpoint={endpoint} />
      ))}
      {(refusal === null || endpoints) && endpoints?.length !== 0 && (
        <Table caption="Endpoints" columns={columns} rows={endpoints} keyOf={({ id }) => id} isReading={isReading} />
      )}
      {endpoints?.length === 0 && (
        <Empty title="No endpoint listens yet" action={add('main')}>
          An endpoint is an address of yours. Each event that it listens to is posted there within a second, signed, and
          tried again for a day where that fails.
        </Empty>
      )}
      <Pager pageInfo={data?.webhookEndpoints.pageInfo} />
      <Outlet />
    </>
  );
}

/** What has stopped comes before what is about to, and the more is held, the earlier. */
const byUrgency = (one: Endpoint, other: Endpoint) =>
  rank(one) - rank(other) || other.heldCount - one.heldCount || other.consecutiveFails - one.consecutiveFails;

function rank({ status, pauseReason }: Endpoint): number {
  if (status === 'ACTIVE') return 1;
  return pauseReason === 'MANUAL' ? 2 : 0;
}

/** Why no endpoint can be added now; null where one can. */
function whyNotAdd(viewer: Viewer, total: number | undefined): string | null {
  const { webhookEndpoints: max } = viewer.workspace.limits;
  if (viewer.workspace.limits.webhooks && total !== undefined && total >= max) {
    return `All ${max} endpoints are in use. Delete one first.`;
  }
  return whyNotSend(viewer);
}

function limitInWords(viewer: Viewer, total: number | undefined): string {
  const { plan, limits } = viewer.workspace;
  if (!limits.webhooks) return whyNotSend(viewer) ?? '';
  const of = total === undefined ? `Up to ${limits.webhookEndpoints}` : `${total} of ${limits.webhookEndpoints}`;
  return `Signed events to addresses of yours. ${of} endpoints on ${planNames[plan]}.`;
}

const columns: readonly Column<Endpoint>[] = [
  {
    head: 'Endpoint',
    cell: ({ id, url, description }) => (
      <>
        <RowLink to={paths.webhook(id)}>
          <StrangerText text={shortUrl(url)} max={100} />
        </RowLink>
        {description !== null && (
          <Under>
            <StrangerText text={description} max={100} />
          </Under>
        )}
      </>
    ),
  },
  { head: 'Status', cell: (endpoint) => <EndpointStatus endpoint={endpoint} /> },
  { head: 'Last 24 hours', cell: (endpoint) => <LastDay endpoint={endpoint} /> },
  { head: 'p95', align: 'end', cell: ({ lastDay: [day] }) => (day?.p95Ms == null ? '–' : duration(day.p95Ms)) },
  { head: 'Held', align: 'end', cell: ({ heldCount }) => (heldCount === 0 ? '–' : count(heldCount)) },
  { head: 'Events', cell: ({ events }) => <span className="whole">{counted(events.length, 'type')}</span> },
];

function LastDay({ endpoint: { stats, lastDay } }: { endpoint: Endpoint }) {
  const [{ delivered, failed } = { delivered: 0, failed: 0 }] = lastDay;
  if (delivered + failed === 0) return <span className="faint">no attempts</span>;
  return (
    <>
      <Bars label="Attempts in the last 24 hours" buckets={stats} height={20} />
      <Under>
        {count(delivered)} delivered{failed > 0 && `, ${count(failed)} failed`}
      </Under>
    </>
  );
}
