import { graphql } from '../../graphql';
import type { EndpointsHealthQuery } from '../../gql/graphql';
import { useRead } from '../../server';
import { planNames, type Viewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { Card } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Status, type StatusKind } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';

const EndpointsHealthOf = graphql(`
  query EndpointsHealth {
    webhookEndpoints(first: 10) {
      nodes {
        id
        url
        status
        pauseReason
        consecutiveFails
        heldCount
        lastDeliveryAt
        lastDeliveryOk
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

type Endpoint = EndpointsHealthQuery['webhookEndpoints']['nodes'][number];

/** A line for each endpoint: does it get what it listens to? */
export function EndpointsHealth({ viewer: { role, workspace } }: { viewer: Viewer }) {
  const mayRead = workspace.limits.webhooks && role !== 'MEMBER';
  const { data, refusal, again } = useRead(EndpointsHealthOf, {}, { types: ['WebhookEndpoint'], pause: !mayRead });
  const endpoints = data?.webhookEndpoints.nodes;
  return (
    <Card title="Webhook endpoints">
      {!workspace.limits.webhooks && (
        <p className="quiet">
          {planNames[workspace.plan]} has no webhooks. A plan with them delivers every event, signed.
        </p>
      )}
      {workspace.limits.webhooks && role === 'MEMBER' && <p className="quiet">Owners and Admins see how they do.</p>}
      {refusal && endpoints === undefined && <ErrorCard refusal={refusal} again={again} />}
      {mayRead && refusal === null && endpoints === undefined && <Skeleton />}
      {endpoints?.length === 0 && (
        <p className="quiet">None yet. An endpoint hears of submissions, contacts and bots within a second.</p>
      )}
      <ul className="health">
        {endpoints?.map((endpoint) => (
          <li key={endpoint.id}>
            <span className="health-url">
              <StrangerText text={shortUrl(endpoint.url)} max={80} />
            </span>
            <EndpointStatus {...endpoint} />
            <span className="faint">
              {endpoint.heldCount > 0 && `${counted(endpoint.heldCount, 'event')} held · `}
              {endpoint.lastDeliveryAt === null ? (
                'nothing sent yet'
              ) : (
                <>
                  last <Time at={endpoint.lastDeliveryAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

/** The host and the path: an endpoint is always https. */
const shortUrl = (url: string) => url.replace(/^https:\/\//, '');

const pausedBecause = {
  FAILURES: 'Paused, failing',
  GONE: 'Paused, answered 410 Gone',
  MANUAL: 'Paused',
  PLAN: 'Paused by the plan',
} as const;

function EndpointStatus({ status, pauseReason, consecutiveFails, lastDeliveryOk }: Endpoint) {
  const [kind, words] = ((): [StatusKind, string] => {
    if (status === 'PAUSED')
      return [pauseReason === 'FAILURES' ? 'bad' : 'still', pausedBecause[pauseReason ?? 'MANUAL']];
    if (consecutiveFails > 0) return ['wait', `${count(consecutiveFails)} failed in a row`];
    return lastDeliveryOk === null ? ['still', 'Waiting'] : ['good', 'Active'];
  })();
  return <Status kind={kind}>{words}</Status>;
}
