import { useMemo, useRef } from 'react';
import { useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { ConversionFilter, ConversionStatus } from '../../gql/graphql';
import { paths } from '../../paths';
import { useFollow, useRead } from '../../server';
import { Filters, SelectFilter } from '../../ui/Filters';
import { NewRows } from '../../ui/Live';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard, FilteredEmpty } from '../../ui/States';
import { Status, Tag } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { useLiveRows } from '../../ui/useLiveRows';
import { personName } from '../contacts/contacts';
import { reasonInWords, statuses, type ConversionRow, type Destination } from './conversions';
import { platformOf } from './platforms';

const ConversionsOfBot = graphql(`
  query ConversionsOfBot($first: Int, $after: String, $last: Int, $before: String, $filter: ConversionFilter) {
    conversions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        ...ConversionRow
      }
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
  }
`);

export const ConversionChanged = graphql(`
  subscription ConversionChanged($destinationId: ID) {
    conversionUpdated(destinationId: $destinationId) {
      ...ConversionRow
    }
  }
`);

interface ConversionLogProps {
  botId: string;
  destinations: readonly Destination[];
  /** Something became of a conversion: what is counted of them has changed. */
  onChange(): void;
}

/** What became of each lead, the newest first, as it happens. */
export function ConversionLog({ botId, destinations, onChange }: ConversionLogProps) {
  const [search] = useSearchParams();
  const { filter, words, platform, status } = filterOf(search, destinations);
  const isFiltered = words.length > 0;
  const { data, refusal, isReading, again } = useRead(
    ConversionsOfBot,
    { ...usePageArguments(20), filter: { intakeBotId: botId, ...filter } },
    { types: ['Conversion'] },
  );
  const rows = data?.conversions.nodes;
  const list = useRef<HTMLDivElement>(null);
  const isFirstPage = !search.has('after') && !search.has('before');
  const live = useLiveRows({ list, rows, isReading, isFirstPage, again });
  const ids = useMemo(() => new Set(destinations.map(({ id }) => id)), [destinations]);
  useFollow(
    ConversionChanged,
    { destinationId: destinations.length === 1 ? (destinations[0]?.id ?? null) : null },
    ({ conversionUpdated: conversion }) => {
      if (!ids.has(conversion.destination?.id ?? '')) return;
      onChange();
      const fits =
        (platform === null || platformOf(conversion.platform)?.key === platform) &&
        (status === null || conversion.status === status);
      live.tell(conversion, fits);
    },
    { pause: rows === undefined, again },
  );
  const columns = useMemo(() => columnsOf(botId), [botId]);
  const isEmpty = live.rows?.length === 0;
  return (
    <section className="conversion-log" aria-labelledby="conversion-log">
      <header>
        <h2 id="conversion-log">What became of each lead</h2>
        <NewRows {...live} />
      </header>
      {(isFiltered || !isEmpty) && (
        <Filters label="Filter conversions" isChosen clearsTo={isFiltered ? paths.botMarketing(botId) : null}>
          <SelectFilter name="platform" label="Platform" choices={platformChoices(destinations)} />
          <SelectFilter name="status" label="Status" choices={statusChoices} />
        </Filters>
      )}
      {refusal && rows === undefined && <ErrorCard refusal={refusal} again={again} />}
      {isEmpty && isFiltered && <FilteredEmpty filter={words.join(' and ')} clearsTo={paths.botMarketing(botId)} />}
      {isEmpty && !isFiltered && (
        <Empty title="No lead yet since you connected it">
          The next completed submission is here within seconds: whether the platform took it, and in its own words why
          not. A test submission is told of where there is a test code.
        </Empty>
      )}
      {(refusal === null || rows) && !isEmpty && (
        <div ref={list}>
          <Table
            caption="Conversions"
            columns={columns}
            rows={live.rows}
            keyOf={({ id }) => id}
            isReading={isReading}
          />
        </div>
      )}
      <Pager pageInfo={data?.conversions.pageInfo} />
    </section>
  );
}

const columnsOf = (botId: string): readonly Column<ConversionRow>[] => [
  {
    head: 'Lead',
    cell: ({ id, submission }) => (
      <>
        <RowLink to={paths.conversion(botId, id)} isOver preventScrollReset>
          {submission?.contact ? (
            <StrangerText text={personName(submission.contact)} max={80} />
          ) : submission ? (
            'Nobody known'
          ) : (
            'Submission no longer kept'
          )}
        </RowLink>
        {submission?.isTest === true && <Tag>Test</Tag>}
      </>
    ),
  },
  { head: 'Platform', cell: ({ platform }) => platformOf(platform)?.title ?? platform },
  { head: 'Status', cell: (conversion) => <ConversionStatusMark conversion={conversion} /> },
  { head: 'Last answer', cell: (conversion) => <LastAnswer conversion={conversion} /> },
  { head: 'Completed', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

/** Where it stands, and what comes next. */
export function ConversionStatusMark({ conversion: { status, reason, nextAttemptAt } }: { conversion: ConversionRow }) {
  const [kind, word] = statuses[status];
  return (
    <>
      <Status kind={kind}>{word}</Status>
      {reason !== null && <Under>{reasonInWords(reason)}</Under>}
      {nextAttemptAt !== null && (status === 'PENDING' || status === 'ACCEPTED') && (
        <Under>
          {status === 'ACCEPTED' ? 'asked again' : 'next'} <Time at={nextAttemptAt} />
        </Under>
      )}
    </>
  );
}

function LastAnswer({ conversion: { attempts } }: { conversion: ConversionRow }) {
  const last = attempts.at(-1);
  if (last === undefined) return <span className="faint">none yet</span>;
  return (
    <>
      <span className="their-line">
        <StrangerText text={answerInWords(last)} max={120} />
      </span>
      {last.code !== null && (
        <Under isMono>
          <StrangerText text={last.code} max={60} />
        </Under>
      )}
    </>
  );
}

/** What a platform said; most say nothing to what they take. */
const answerInWords = ({ message, status }: ConversionRow['attempts'][number]): string =>
  message || (status === null ? 'no answer' : `answered ${status}`);

const statusChoices = [
  ['', 'Any'],
  ...Object.entries(statuses).map(([status, [, word]]) => [status.toLowerCase(), word] as const),
] as const;

const platformChoices = (destinations: readonly Destination[]) => [
  ['', 'Any'] as const,
  ...destinations
    .map(({ platform }) => platformOf(platform))
    .filter((platform) => platform !== undefined)
    .map(({ key, title }) => [key, title] as const),
];

interface Asked {
  filter: ConversionFilter;
  words: string[];
  platform: string | null;
  status: ConversionStatus | null;
}

/** What an address says that means nothing filters nothing. */
function filterOf(search: URLSearchParams, destinations: readonly Destination[]): Asked {
  const named = (search.get('status') ?? '').toUpperCase();
  const status = Object.hasOwn(statuses, named) ? (named as ConversionStatus) : null;
  const platform = platformOf(search.get('platform') ?? '');
  const destination = platform && destinations.find((one) => platformOf(one.platform) === platform);
  return {
    filter: { ...(status !== null && { status: [status] }), ...(destination && { destinationId: destination.id }) },
    words: [
      ...(destination && platform ? [`the platform ${platform.title}`] : []),
      ...(status === null ? [] : [`the status ${statuses[status][1]}`]),
    ],
    platform: destination && platform ? platform.key : null,
    status,
  };
}
