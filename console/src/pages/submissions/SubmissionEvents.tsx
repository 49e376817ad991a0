import { Link } from 'react-router';
import { graphql } from '../../graphql';
import type { EventsOfSubmissionQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Card } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { statuses } from '../deliveries/deliveries';

const EventsOfSubmission = graphql(`
  query EventsOfSubmission($id: ID!) {
    submission(id: $id) {
      id
      events(first: 20) {
        nodes {
          id
          type
          createdAt
          deliveries(first: 20) {
            nodes {
              id
              status
              attemptCount
              endpoint {
                id
                url
              }
            }
            pageInfo {
              hasNextPage
            }
          }
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

type Events = NonNullable<NonNullable<EventsOfSubmissionQuery['submission']>['events']>;
type HappenedEvent = Events['nodes'][number];

/** What was told of it, and to whom. */
export function SubmissionEvents({ submissionId: id }: { submissionId: string }) {
  const { role } = useViewer();
  const isMember = role === 'MEMBER';
  const { data, refusal, again } = useRead(
    EventsOfSubmission,
    { id },
    { types: ['Event', 'WebhookDelivery'], pause: isMember },
  );
  const events = data?.submission?.events;
  return (
    <Card title="Events and deliveries">
      {isMember && <p className="quiet">Owners and Admins see what webhooks were told of it. You are a Member.</p>}
      {!isMember && refusal && !events && <ErrorCard refusal={refusal} again={again} />}
      {!isMember && !refusal && !events && <Skeleton width="16rem" />}
      {events?.nodes.length === 0 && (
        <p className="quiet">Nothing yet. A submission is told of when it is completed, and when it changes.</p>
      )}
      <ol className="happened">
        {events?.nodes.map((event) => (
          <Happened key={event.id} event={event} />
        ))}
      </ol>
      {events?.pageInfo.hasNextPage === true && <p className="faint">Older events are not shown.</p>}
    </Card>
  );
}

function Happened({ event: { id, type, createdAt, deliveries } }: { event: HappenedEvent }) {
  return (
    <li>
      <h3>{type}</h3>
      <p className="faint">
        <Time at={createdAt} /> · <code>{id}</code>
      </p>
      {deliveries.nodes.length === 0 && <p className="quiet">No endpoint listened.</p>}
      <ul>
        {deliveries.nodes.map(({ id: deliveryId, status, attemptCount, endpoint }) => {
          const [kind, word] = statuses[status];
          return (
            <li key={deliveryId}>
              <Status kind={kind}>{word}</Status>
              <Link to={paths.delivery(deliveryId)}>
                {endpoint === null ? 'a deleted endpoint' : <StrangerText text={shortUrl(endpoint.url)} max={80} />}
              </Link>
              <span className="faint">{counted(attemptCount, 'attempt')}</span>
            </li>
          );
        })}
      </ul>
      {deliveries.pageInfo.hasNextPage && <p className="faint">More deliveries are not shown.</p>}
    </li>
  );
}
