import { useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { count } from '../../ui/amounts';
import { Filters, SelectFilter } from '../../ui/Filters';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard, FilteredEmpty } from '../../ui/States';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { botStatuses, type Bot, type BotStatus } from './bots';

const Bots = graphql(`
  query Bots($first: Int, $after: String, $last: Int, $before: String, $filter: IntakeBotFilter) {
    intakeBots(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        ...Bot
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

export function Page() {
  const [search] = useSearchParams();
  const status = statusOf(search.get('status'));
  const filter = status === null ? {} : { status: [status] };
  const { data, refusal, again, isReading } = useRead(
    Bots,
    { ...usePageArguments(50), filter },
    { types: ['IntakeBot'] },
  );
  const bots = data?.intakeBots.nodes;
  const isEmpty = bots?.length === 0;
  return (
    <>
      <PageHead title="Bots">
        What people fill in. Each asks for its own fields, and takes submissions while it is active.
      </PageHead>
      {(status !== null || !isEmpty) && (
        <Filters label="Filter bots" isChosen clearsTo={status === null ? null : paths.bots}>
          <SelectFilter name="status" label="Status" choices={statusChoices} />
        </Filters>
      )}
      {refusal && bots === undefined && <ErrorCard refusal={refusal} again={again} />}
      {(refusal === null || bots) && !isEmpty && (
        <Table caption="Bots" columns={columns} rows={bots} keyOf={({ id }) => id} isReading={isReading} />
      )}
      {isEmpty && status !== null && (
        <FilteredEmpty filter={`the status ${botStatuses[status][1]}`} clearsTo={paths.bots} />
      )}
      {isEmpty && status === null && (
        <Empty title="No bots yet">
          A bot is a form that people fill in or programs post to; what it takes appears here. One is made through the
          API: <code>createIntakeBot</code>, or <code>POST /api/v1/intake-bots</code>.
        </Empty>
      )}
      <Pager pageInfo={data?.intakeBots.pageInfo} />
    </>
  );
}

const statusChoices = [
  ['', 'Any'],
  ...Object.entries(botStatuses).map(([status, [, word]]) => [status.toLowerCase(), word] as const),
] as const;

/** What an address says that means nothing filters nothing. */
const statusOf = (text: string | null): BotStatus | null =>
  text !== null && Object.hasOwn(botStatuses, text.toUpperCase()) ? (text.toUpperCase() as BotStatus) : null;

const columns: readonly Column<Bot>[] = [
  {
    head: 'Name',
    cell: ({ id, name, description }) => (
      <>
        <RowLink to={paths.bot(id)}>
          <StrangerText text={name} max={100} />
        </RowLink>
        {description !== null && (
          <Under>
            <StrangerText text={description} max={120} />
          </Under>
        )}
      </>
    ),
  },
  { head: 'Status', cell: ({ status }) => <BotStatusMark status={status} /> },
  {
    head: 'Makes',
    cell: ({ recordType }) =>
      recordType === null ? <span className="faint">no record</span> : <code>{recordType}</code>,
  },
  { head: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
  { head: 'Submissions', align: 'end', cell: ({ submissionCount }) => count(submissionCount) },
];

export function BotStatusMark({ status }: { status: BotStatus }) {
  const [kind, word] = botStatuses[status];
  return <Status kind={kind}>{word}</Status>;
}
