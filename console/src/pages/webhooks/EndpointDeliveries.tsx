import { useMemo, useRef } from 'react';
import { Link } from 'react-router';
import { graphql } from '../../graphql';
import type { DeliveryChangedSubscription } from '../../gql/graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { NewRows, useGathered } from '../../ui/Live';
import { Empty, ErrorCard } from '../../ui/States';
import type { Column } from '../../ui/Table';
import { useLiveRows } from '../../ui/useLiveRows';
import { DeliveryTable } from '../deliveries/DeliveryTable';
import type { DeliveryRow } from '../deliveries/deliveries';
import { DeliveryChanged } from '../deliveries/useLiveDeliveries';
import { whyNotSend } from './endpoints';

const EndpointDeliveriesOf = graphql(`
  query EndpointDeliveries($endpointId: ID!) {
    webhookDeliveries(first: 10, filter: { endpointId: $endpointId }) {
      nodes {
        ...DeliveryRow
      }
    }
  }
`);

/** The latest deliveries to an endpoint, as they go. */
export function EndpointDeliveries({ endpointId, onChange }: { endpointId: string; onChange(): void }) {
  const viewer = useViewer();
  const { data, refusal, isReading, again } = useRead(
    EndpointDeliveriesOf,
    { endpointId },
    { types: ['WebhookDelivery'] },
  );
  const rows = data?.webhookDeliveries.nodes;
  const list = useRef<HTMLDivElement>(null);
  const { rows: shown, ...live } = useLiveRows({ list, rows, isReading, isFirstPage: true, again });
  const tell = useGathered(onChange);
  const onChanged = ({ deliveryUpdated: delivery }: DeliveryChangedSubscription) => {
    tell();
    live.tell(delivery, true);
  };
  useFollow(DeliveryChanged, { endpointId }, onChanged, { pause: rows === undefined, again: onChange });
  const why = whyNotSend(viewer);
  const since = useMemo(() => sinceColumn(endpointId, why), [endpointId, why]);

  return (
    <section className="endpoint-part" aria-labelledby="latest-deliveries">
      <header>
        <h2 id="latest-deliveries">Latest deliveries</h2>
        <div className="buttons">
          <NewRows {...live} />
          {shown && shown.length > 0 && <Link to={paths.deliveries({ endpoint: endpointId })}>All deliveries</Link>}
        </div>
      </header>
      {refusal && rows === undefined && <ErrorCard refusal={refusal} again={again} />}
      {shown?.length === 0 && (
        <Empty title="Nothing was sent to it yet">
          The next event that it listens to is here as it happens: what was sent, and what was answered. Did you wait
          for one?{' '}
          <a href="/docs/webhook-troubleshooting#nothing-arrives" target="_blank" rel="noreferrer">
            Find out where it is
          </a>
        </Empty>
      )}
      {(refusal === null || rows) && shown?.length !== 0 && (
        <div ref={list}>
          <DeliveryTable of="endpoint" deliveries={shown} isReading={isReading} actions={since} />
        </div>
      )}
    </section>
  );
}

const sinceColumn = (endpointId: string, why: string | null): Column<DeliveryRow> => ({
  head: 'Replay',
  isHeadHidden: true,
  align: 'end',
  cell: ({ event, createdAt }) => (
    <ButtonLink
      to={paths.replayWebhook(endpointId, event?.createdAt ?? createdAt)}
      isSmall
      why={why}
      aria-label={`Replay since this ${event?.type ?? 'event'}`}
    >
      Replay since
    </ButtonLink>
  ),
});
