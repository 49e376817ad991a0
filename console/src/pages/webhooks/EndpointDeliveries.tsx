import { useEffect, useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { NewRows, useArrivals, useGathered } from '../../ui/Live';
import { Empty, ErrorCard } from '../../ui/States';
import type { Column } from '../../ui/Table';
import { DeliveryTable } from '../deliveries/DeliveryTable';
import type { DeliveryRow } from '../deliveries/deliveries';
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
const EndpointDeliveryChanged = graphql(`
  subscription EndpointDeliveryChanged($endpointId: ID!) {
    deliveryUpdated(endpointId: $endpointId) {
      ...DeliveryRow
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
  const [changed, setChanged] = useState<ReadonlyMap<string, DeliveryRow>>(new Map());
  const announced = useRef(new Set<string>());
  // What was read now is newer than what was told before.
  useEffect(() => {
    setChanged(new Map());
    announced.current.clear();
  }, [rows]);
  const arrivals = useArrivals(() => list.current, again, { isFirstPage: true });
  const tell = useGathered(onChange);
  useFollow(EndpointDeliveryChanged, { endpointId }, ({ deliveryUpdated: delivery }) => {
    tell();
    if (rows?.some(({ id }) => id === delivery.id)) {
      setChanged((before) => new Map(before).set(delivery.id, delivery));
    } else if (!announced.current.has(delivery.id)) {
      announced.current.add(delivery.id);
      arrivals.arrived();
    }
  });
  const shown = useMemo(() => rows?.map((row) => changed.get(row.id) ?? row), [rows, changed]);
  const why = whyNotSend(viewer);
  const since = useMemo(() => sinceColumn(endpointId, why), [endpointId, why]);

  return (
    <section className="endpoint-part" aria-labelledby="latest-deliveries">
      <header>
        <h2 id="latest-deliveries">Latest deliveries</h2>
        <div className="buttons">
          <NewRows {...arrivals} />
          {shown && shown.length > 0 && <Link to={paths.deliveries({ endpoint: endpointId })}>All deliveries</Link>}
        </div>
      </header>
      {refusal && rows === undefined && <ErrorCard refusal={refusal} again={again} />}
      {shown?.length === 0 && (
        <Empty title="Nothing was sent to it yet">
          The next event that it listens to is here as it happens: what was sent, and what was answered.
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
