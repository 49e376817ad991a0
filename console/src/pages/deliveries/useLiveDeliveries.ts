import type { RefObject } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { WebhookDeliveryFilter } from '../../gql/graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { useFollow } from '../../server';
import { useLiveRows } from '../../ui/useLiveRows';
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

/** The rows of a list of deliveries as they stand, and those that come to it while somebody reads. */
export function useLiveDeliveries({ list, rows, filter, asked, isReading, again }: Followed) {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const isFirstPage = !search.has('after') && !search.has('before');
  const live = useLiveRows({ list, rows, isReading, isFirstPage, again });
  useFollow(
    DeliveryChanged,
    { endpointId: null },
    ({ deliveryUpdated: delivery }) => live.tell(delivery, fits(delivery, asked)),
    // Whether a new delivery has a text that is searched for, only the server knows.
    { pause: rows === undefined || filter.q !== undefined, again },
  );
  const show = () => (isFirstPage ? live.show() : void navigate(paths.deliveries(filter)));
  return { ...live, show };
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
