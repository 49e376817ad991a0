import './Delivery.css';
import { Outlet, useParams, useSearchParams } from 'react-router';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { ButtonLink } from '../../ui/Button';
import { CopyButton } from '../../ui/CopyButton';
import { Card } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Time } from '../../ui/Time';
import { duration } from '../../ui/Time';
import { Answer } from './Answer';
import { Attempts } from './Attempts';
import { DeliveryById, isOver, type Delivery } from './delivery';
import { DeliveryChanged } from './useLiveDeliveries';
import { EventCard } from './EventCard';
import { Sent } from './Sent';
import { Timings } from './Timings';
import { Why } from './Why';

const list = { label: 'Deliveries', to: paths.deliveries() };

/** Why it failed, first; then what to do, and then all that was sent and answered. */
export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(DeliveryById, { id }, { types: ['WebhookDelivery'] });
  // Another delivery's page may have been here a moment ago.
  const delivery = data?.webhookDelivery?.id === id ? data.webhookDelivery : null;
  const isOpen = delivery !== null && !isOver(delivery);
  useFollow(
    DeliveryChanged,
    { endpointId: delivery?.endpoint?.id ?? null },
    ({ deliveryUpdated }) => {
      if (deliveryUpdated.id === id) again();
    },
    { pause: !isOpen, again },
  );
  const isGone = refusal?.code === 'resource_not_found';
  return (
    <>
      <PageHead key={id} title={delivery?.event?.type ?? 'Delivery'} within={list}>
        <div className="delivery-under">
          {/^[a-z0-9]{1,40}$/.test(id) && <code>{id}</code>}
          {delivery && (
            <>
              <CopyButton look="bare" isSmall text={id} label="Copy id" />
              <span>
                made <Time at={delivery.createdAt} as="exact" />, <Time at={delivery.createdAt} />
              </span>
            </>
          )}
        </div>
      </PageHead>
      {delivery && <Found key={delivery.id} delivery={delivery} />}
      {!delivery && isGone && (
        <section className="card state">
          <h2>There is no such delivery</h2>
          <p>Deliveries are kept for 30 days after they end. This one is older, or its address is not whole.</p>
          <ButtonLink to={paths.deliveries()}>See all deliveries</ButtonLink>
        </section>
      )}
      {!delivery && refusal && !isGone && <ErrorCard refusal={refusal} again={again} />}
      {!delivery && !refusal && <Awaited />}
      <Outlet />
    </>
  );
}

/** As high as what comes. */
const Awaited = () => (
  <>
    <div className="card banner">
      <Skeleton width="20rem" />
    </div>
    <div className="delivery-split" aria-busy>
      <Card title="Attempts">
        <Skeleton />
      </Card>
      <Card title="What it answered">
        <Skeleton width="100%" />
      </Card>
    </div>
  </>
);

function Found({ delivery }: { delivery: Delivery }) {
  const { attempts } = delivery;
  const [search] = useSearchParams();
  const asked = Number(search.get('attempt'));
  const open = attempts.find(({ number }) => number === asked) ?? attempts.at(-1);
  return (
    <>
      <Why delivery={delivery} />
      <div className="delivery-split">
        <Attempts delivery={delivery} open={open} />
        <div className="delivery-parts">
          {open && <Answer attempt={open} />}
          <Sent delivery={delivery} attempt={open} />
          {open && (
            <Card title="Where the time went" aside={<span className="mono">{duration(open.timings.totalMs)}</span>}>
              <Timings {...open} />
            </Card>
          )}
          <EventCard delivery={delivery} />
        </div>
      </div>
    </>
  );
}
