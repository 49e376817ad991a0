import { Link } from 'react-router';
import { graphql } from '../../graphql';
import type { EndpointsHealthQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead, type Read } from '../../server';
import { planNames, type Viewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { Card } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { EndpointStatus } from '../webhooks/EndpointStatus';

const EndpointsHealthOf = graphql(`
  query EndpointsHealth {
    webhookEndpoints(first: 10) {
      nodes {
        ...EndpointState
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

type Endpoint = EndpointsHealthQuery['webhookEndpoints']['nodes'][number];

/** How the endpoints do; nothing for those who may not know, or whose plan has none. */
export function useEndpointsHealth({ role, workspace }: Viewer): Read<EndpointsHealthQuery> & { mayRead: boolean } {
  const mayRead = workspace.limits.webhooks && role !== 'MEMBER';
  return { ...useRead(EndpointsHealthOf, {}, { types: ['WebhookEndpoint'], pause: !mayRead }), mayRead };
}

/** The page's one question, answered first: does what happens arrive? Null where nobody listens. */
export function healthInWords(endpoints: readonly Endpoint[]): string | null {
  if (endpoints.length === 0) return null;
  const paused = endpoints.filter(({ status }) => status === 'PAUSED');
  const failing = endpoints.filter(({ status, consecutiveFails }) => status === 'ACTIVE' && consecutiveFails > 0);
  const held = endpoints.reduce((sum, { heldCount }) => sum + heldCount, 0);
  const of = (some: readonly Endpoint[]) => `${count(some.length)} of ${counted(endpoints.length, 'endpoint')}`;
  if (paused.length > 0) {
    return `${of(paused)} paused${held > 0 ? `: ${counted(held, 'event')} held until they are resumed` : ''}.`;
  }
  if (failing.length > 0) return `${of(failing)} did not take what was sent last.`;
  return endpoints.length === 1
    ? 'Your endpoint gets its events.'
    : `All ${endpoints.length} endpoints get their events.`;
}

interface EndpointsHealthProps extends ReturnType<typeof useEndpointsHealth> {
  viewer: Viewer;
}

/** A line for each endpoint: does it get what it listens to? */
export function EndpointsHealth({ viewer, data, refusal, again, mayRead }: EndpointsHealthProps) {
  const { limits, plan } = viewer.workspace;
  const endpoints = data?.webhookEndpoints.nodes;
  return (
    <Card title="Webhook endpoints">
      {!limits.webhooks && (
        <p className="quiet">{planNames[plan]} has no webhooks. A plan with them delivers every event, signed.</p>
      )}
      {limits.webhooks && !mayRead && <p className="quiet">Owners and Admins see how they do.</p>}
      {refusal && endpoints === undefined && <ErrorCard refusal={refusal} again={again} />}
      {mayRead && refusal === null && endpoints === undefined && <Skeleton />}
      {endpoints?.length === 0 && (
        <p className="quiet">None yet. An endpoint hears of submissions, contacts and bots within a second.</p>
      )}
      <ul className="health">
        {endpoints?.map((endpoint) => (
          <li key={endpoint.id}>
            <span className="health-url">
              <Link to={paths.webhook(endpoint.id)}>
                <StrangerText text={shortUrl(endpoint.url)} max={80} />
              </Link>
            </span>
            <EndpointStatus endpoint={endpoint} />
            <span className="faint">
              {endpoint.heldCount > 0 && `${counted(endpoint.heldCount, 'event')} held · `}
              {endpoint.lastDeliveryAt === null ? (
                'nothing sent yet'
              ) : (
                <>
                  last sent <Time at={endpoint.lastDeliveryAt} />
                </>
              )}
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
