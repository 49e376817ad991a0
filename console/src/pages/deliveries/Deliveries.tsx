import './Deliveries.css';
import { useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { useRead } from '../../server';
import { planNames, useViewer } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { NewRows } from '../../ui/Live';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { DeliveryTable } from './DeliveryTable';
import { isFiltered, readFilter, serverFilter } from './filter';
import { Chips } from './Chips';
import { Search } from './Search';
import { useLiveDeliveries } from './useLiveDeliveries';

const Deliveries = graphql(`
  query Deliveries($filter: WebhookDeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {
    webhookDeliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...DeliveryRow
      }
      searchedTo
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

const pageSize = 50;

export function Page() {
  const viewer = useViewer();
  const [search] = useSearchParams();
  const address = search.toString();
  const filter = useMemo(() => readFilter(new URLSearchParams(address)), [address]);
  // "The last hour" is counted from when the address was opened: it does not slide while somebody reads.
  const asked = useMemo(() => serverFilter(filter), [filter]);
  const page = usePageArguments(pageSize);
  const { data, refusal, isReading, again } = useRead(
    Deliveries,
    { filter: asked, ...page },
    { types: ['WebhookDelivery'] },
  );
  // Until the new page is there, the rows are those of another address.
  const [shown, setShown] = useState(address);
  if (!isReading && shown !== address) setShown(address);
  const isOther = shown !== address;
  const list = useRef<HTMLDivElement>(null);
  const found = data?.webhookDeliveries;
  const live = useLiveDeliveries({ list, rows: found?.nodes, filter, asked, isReading, again });
  const hasNone = found?.nodes.length === 0 && !isOther;
  const { webhooks } = viewer.workspace.limits;

  if (refusal && found === undefined) {
    return (
      <>
        <PageHead title="Deliveries" />
        <ErrorCard refusal={refusal} again={again} />
      </>
    );
  }
  return (
    <>
      <PageHead title="Deliveries" actions={<NewRows {...live} />}>
        <p>Every event on its way to an endpoint, newest first. What has ended is kept for 30 days.</p>
      </PageHead>
      <Search filter={filter} />
      <Chips filter={filter} />
      <div ref={list} className="delivery-list" data-other={isOther || undefined}>
        {!hasNone && (
          <DeliveryTable
            of="workspace"
            deliveries={isOther && found?.nodes.length === 0 ? undefined : live.rows}
            isReading={isReading}
          />
        )}
        {hasNone && (isFiltered(filter) || search.size > 0) && (
          <NothingFound filter={filter} searchedTo={found.searchedTo} />
        )}
        {hasNone && !isFiltered(filter) && search.size === 0 && (
          <Empty
            title="Nothing was sent yet"
            action={
              webhooks ? (
                <ButtonLink to={paths.webhooks} look="main">
                  Go to webhooks
                </ButtonLink>
              ) : null
            }
          >
            {webhooks
              ? 'Once an endpoint listens, each event that it hears of is here: what was sent, what was answered, and why it failed.'
              : `${planNames[viewer.workspace.plan]} has no webhooks. A plan with them, which the operator sets, sends every event to your endpoints.`}
          </Empty>
        )}
      </div>
      {found && !isOther && filter.q !== undefined && <SearchedTo filter={filter} found={found} />}
      <Pager pageInfo={found && { ...found.pageInfo, hasNextPage: found.pageInfo.hasNextPage && !found.searchedTo }} />
    </>
  );
}

/** The words of a filter that hides all rows, with the way out. */
function NothingFound({ filter, searchedTo }: { filter: DeliveryFilter; searchedTo: string | null }) {
  return (
    <section className="card state">
      <h2>{searchedTo === null ? 'Nothing fits' : 'Nothing found so far'}</h2>
      <p>
        {filter.q !== undefined && (
          <>
            No delivery that was looked at has “
            <StrangerText text={filter.q} max={200} />” in what was sent, what was answered, or its errors.{' '}
          </>
        )}
        {filter.q === undefined && 'No delivery of the last 30 days fits your filters.'}
      </p>
      <ButtonLink to={paths.deliveries()}>Clear all filters</ButtonLink>
    </section>
  );
}

interface Found {
  searchedTo: string | null;
  pageInfo: { hasNextPage: boolean; endCursor: string | null; startCursor: string | null };
}

/** How far back a search looked: it ends after a moment, and goes on from there when somebody asks. */
function SearchedTo({ filter, found: { searchedTo, pageInfo } }: { filter: DeliveryFilter; found: Found }) {
  const [search] = useSearchParams();
  if (searchedTo === null) {
    if (pageInfo.hasNextPage) return null;
    return (
      <p className="searched faint">Searched through everything that is kept{isBounded(filter) && ' and fits'}.</p>
    );
  }
  const isBackwards = search.has('before');
  const on = new URLSearchParams(search);
  on.delete('before');
  on.delete('after');
  if (isBackwards) on.set('before', pageInfo.startCursor ?? '');
  else on.set('after', pageInfo.endCursor ?? '');
  return (
    <div className="searched">
      <p className="quiet">
        Searched {isBackwards ? 'up' : 'back'} to <Time at={searchedTo} as="exact" />.
      </p>
      <ButtonLink to={`?${on.toString()}`}>{isBackwards ? 'Search further' : 'Search further back'}</ButtonLink>
    </div>
  );
}

const isBounded = (filter: DeliveryFilter) => isFiltered({ ...filter, q: undefined });
