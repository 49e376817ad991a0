import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { WebhookDeliveryFilter } from '../../gql/graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { useFollow } from '../../server';
import { useArrivals, type Arrivals } from '../../ui/Live';
import './deliveries';
import type { DeliveryRow } from './deliveries';

export const DeliveryChanged = graphql(`
  subscription DeliveryChanged($endpointId: ID) {
    deliveryUpdated(endpointId: $endpointId) {
      ...DeliveryRow
    }
  }
`);

interface Followed {
  list: RefObject<Element | null>;
  rows: readonly DeliveryRow[] | undefined;
  filter: DeliveryFilter;
  asked: WebhookDeliveryFilter;
  isReading: boolean;
  again(): void;
}

/** How a delivery stood when it was told of. */
interface Told {
  delivery: DeliveryRow;
  atMs: number;
}

/**
 * What happens while somebody reads: a row that is shown changes in its place; one that is not is announced, and shown when
 * somebody asks, or at once where nobody is at the list.
 */
export function useLiveDeliveries({ list, rows, filter, asked, isReading, again }: Followed): Arrivals & {
  rows: readonly DeliveryRow[] | undefined;
} {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const isFirstPage = !search.has('after') && !search.has('before');
  const [changed, setChanged] = useState<ReadonlyMap<string, Told>>(new Map());
  const announced = useRef(new Set<string>());
  const askedMs = useRef(0);
  useEffect(() => {
    if (isReading) askedMs.current = performance.now();
  }, [isReading]);
  // What was told before the list was asked for is older than its answer; what was told since may be newer.
  useEffect(() => {
    if (rows === undefined) return;
    setChanged((before) => new Map([...before].filter(([, { atMs }]) => atMs >= askedMs.current)));
    announced.current.clear();
  }, [rows]);
  const arrivals = useArrivals(() => list.current, again, { isFirstPage });
  useFollow(
    DeliveryChanged,
    { endpointId: null },
    ({ deliveryUpdated: delivery }) => {
      setChanged((before) => new Map(before).set(delivery.id, { delivery, atMs: performance.now() }));
      const isShown = rows?.some(({ id }) => id === delivery.id) ?? false;
      if (isShown || announced.current.has(delivery.id) || !fits(delivery, asked)) return;
      announced.current.add(delivery.id);
      arrivals.arrived();
    },
    // Whether a new delivery has a text that is searched for, only the server knows.
    { pause: rows === undefined || filter.q !== undefined, again },
  );
  const show = () => (isFirstPage ? arrivals.show() : void navigate(paths.deliveries(filter)));
  const merged = useMemo(() => rows?.map((row) => changed.get(row.id)?.delivery ?? row), [rows, changed]);
  return { ...arrivals, show, rows: merged };
}

/** Whether a delivery belongs to the list. */
function fits({ status, event, endpoint, createdAt, lastAttempt }: DeliveryRow, asked: WebhookDeliveryFilter): boolean {
  const { gte, lt } = asked.createdAt ?? {};
  const answered = lastAttempt?.responseStatus ?? null;
  const { gte: least, lt: below } = asked.responseStatus ?? {};
  const at = Date.parse(createdAt);
  return (
    (asked.status?.includes(status) ?? true) &&
    (asked.eventType?.includes(event?.type ?? '') ?? true) &&
    (asked.endpointId == null || asked.endpointId === endpoint?.id) &&
    (gte == null || at >= Date.parse(gte)) &&
    (lt == null || at < Date.parse(lt)) &&
    (least == null || (answered !== null && answered >= least)) &&
    (below == null || (answered !== null && answered < below)) &&
    (asked.outcome == null || (lastAttempt !== null && asked.outcome.includes(lastAttempt.outcome)))
  );
}
