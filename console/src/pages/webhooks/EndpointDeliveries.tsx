import { useMemo, useRef, useState } from 'react';
import { Link } from 'react-router';
import { graphql } from '../../graphql';
import type { DeliveryChangedSubscription } from '../../gql/graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { NewRows, useArrivals, useGathered } from '../../ui/Live';
import { Empty, ErrorCard } from '../../ui/States';
import type { Column } from '../../ui/Table';
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

/** How deliveries changed since the rows were read: what is read then is newer. */
interface Told {
  since: readonly DeliveryRow[] | undefined;
  changed: ReadonlyMap<string, DeliveryRow>;
}

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
  const [told, setTold] = useState<Told>({ since: rows, changed: new Map() });
  const announced = useRef<{ since: typeof rows; ids: Set<string> }>({ since: rows, ids: new Set() });
  const arrivals = useArrivals(() => list.current, again, { isFirstPage: true });
  const tell = useGathered(onChange);
  const onChanged = ({ deliveryUpdated: delivery }: DeliveryChangedSubscription) => {
    tell();
    if (rows?.some(({ id }) => id === delivery.id)) {
      setTold((before) => {
        const changed = new Map(before.since === rows ? before.changed : []);
        return { since: rows, changed: changed.set(delivery.id, delivery) };
      });
      return;
    }
    if (announced.current.since !== rows) announced.current = { since: rows, ids: new Set() };
    if (announced.current.ids.has(delivery.id)) return;
    announced.current.ids.add(delivery.id);
    arrivals.arrived();
  };
  useFollow(DeliveryChanged, { endpointId }, onChanged, { pause: rows === undefined, again: onChange });
  const shown = useMemo(
    () => rows?.map((row) => (told.since === rows && told.changed.get(row.id)) || row),
    [rows, told],
  );
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
