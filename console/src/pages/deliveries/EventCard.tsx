import { Link } from 'react-router';
import { paths } from '../../paths';
import { CopyButton } from '../../ui/CopyButton';
import { Card, Fact, Facts } from '../../ui/Facts';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { statuses } from './deliveries';
import { subjectsOf, type Delivery } from './delivery';

/** What happened, to what, and where else it was sent. */
export function EventCard({ delivery: { id, event, endpoint } }: { delivery: Delivery }) {
  const others = event?.deliveries.nodes.filter((one) => one.id !== id) ?? [];
  const subjects = subjectsOf(event?.payload);
  return (
    <Card title="The event">
      {event === null && <p className="quiet">It is no longer kept: events are kept for 30 days.</p>}
      <Facts>
        {event && (
          <>
            <Fact name="Type">
              <code>{event.type}</code>
            </Fact>
            <Fact name="Id">
              <span className="delivery-under">
                <code>{event.id}</code>
                <CopyButton look="bare" isSmall text={event.id} label="Copy id" />
              </span>
            </Fact>
            <Fact name="Happened">
              <Time at={event.createdAt} as="exact" />
            </Fact>
          </>
        )}
        {subjects.map(({ name, to }) => (
          <Fact key={name} name={name}>
            <Link to={to}>Open {name.toLowerCase()}</Link>
          </Fact>
        ))}
        {endpoint && (
          <Fact name="Endpoint">
            <Link to={paths.webhook(endpoint.id)}>
              <StrangerText text={shortUrl(endpoint.url)} max={200} />
            </Link>
          </Fact>
        )}
        {others.length > 0 && (
          <Fact name="Other deliveries">
            <Others others={others} endpointId={endpoint?.id} />
          </Fact>
        )}
      </Facts>
      {event?.deliveries.pageInfo.hasNextPage && <p className="faint">Only its ten newest deliveries are shown.</p>}
    </Card>
  );
}

type Other = NonNullable<Delivery['event']>['deliveries']['nodes'][number];

function Others({ others, endpointId }: { others: readonly Other[]; endpointId: string | undefined }) {
  return (
    <ul className="other-deliveries">
      {others.map(({ id, status, createdAt, endpoint }) => (
        <li key={id}>
          <Status kind={statuses[status][0]}>{statuses[status][1]}</Status>
          <Link to={paths.delivery(id)}>
            <Time at={createdAt} as="moment" />
          </Link>
          <span className="faint">
            {endpoint === null && 'to a deleted endpoint'}
            {endpoint !== null && endpoint.id === endpointId && 'to the same endpoint'}
            {endpoint !== null && endpoint.id !== endpointId && (
              <>
                to <StrangerText text={shortUrl(endpoint.url)} max={80} />
              </>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}
