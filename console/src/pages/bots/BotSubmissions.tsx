import { useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { SubmissionFilter } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { ButtonLink } from '../../ui/Button';
import { DayFilter, daysInWords, daysOf, Filters, SelectFilter } from '../../ui/Filters';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard, FilteredEmpty } from '../../ui/States';
import { submissionStatuses, type SubmissionStatus } from '../submissions/submissions';
import { SubmissionTable, whoColumn } from '../submissions/SubmissionTable';
import type { WholeBot } from './Bot';

const SubmissionsOfBot = graphql(`
  query SubmissionsOfBot(
    $id: ID!
    $first: Int
    $after: String
    $last: Int
    $before: String
    $filter: SubmissionFilter
  ) {
    submissions(intakeBotId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        ...SubmissionRow
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

/** What a bot has taken, the newest first. */
export function BotSubmissions({ bot: { id, status } }: { bot: WholeBot }) {
  const [search] = useSearchParams();
  const { filter, words } = filterOf(search);
  const isFiltered = words.length > 0;
  const { data, refusal, again, isReading } = useRead(
    SubmissionsOfBot,
    { id, ...usePageArguments(25), filter },
    { types: ['Submission'] },
  );
  const submissions = data?.submissions.nodes;
  const isEmpty = submissions?.length === 0;
  return (
    <>
      {(isFiltered || !isEmpty) && (
        <Filters label="Filter submissions" clearsTo={isFiltered ? paths.bot(id) : null}>
          <SelectFilter name="status" label="Status" choices={statusChoices} />
          <SelectFilter name="kind" label="Kind" choices={kindChoices} />
          <DayFilter name="from" label="Created from" />
          <DayFilter name="to" label="Created until" />
        </Filters>
      )}
      {refusal && submissions === undefined && <ErrorCard refusal={refusal} again={again} />}
      {(refusal === null || submissions) && !isEmpty && (
        <SubmissionTable caption="Submissions" submissions={submissions} first={whoColumn} isReading={isReading} />
      )}
      {isEmpty && isFiltered && <FilteredEmpty filter={words.join(', ')} clearsTo={paths.bot(id)} />}
      {isEmpty && !isFiltered && (
        <Empty
          title="No submissions yet"
          action={<ButtonLink to={paths.postToBot(id)}>See how to post to it</ButtonLink>}
        >
          {status === 'ACTIVE'
            ? 'What people answer appears here. A test submission goes the same way and counts towards no limit.'
            : 'The bot takes submissions once it is active.'}
        </Empty>
      )}
      <Pager pageInfo={data?.submissions.pageInfo} />
    </>
  );
}

const statusChoices = [
  ['', 'Any'],
  ...Object.entries(submissionStatuses).map(([status, [, word]]) => [status.toLowerCase(), word] as const),
] as const;
const kindChoices = [
  ['', 'Any'],
  ['real', 'Real'],
  ['test', 'Test'],
] as const;

/** What an address says that means nothing filters nothing. */
function filterOf(search: URLSearchParams): { filter: SubmissionFilter; words: string[] } {
  const named = (search.get('status') ?? '').toUpperCase();
  const status = Object.hasOwn(submissionStatuses, named) ? (named as SubmissionStatus) : null;
  const kind = { real: false, test: true }[search.get('kind') ?? ''];
  const createdAt = daysOf(search);
  return {
    filter: {
      ...(status !== null && { status: [status] }),
      ...(kind !== undefined && { isTest: kind }),
      ...(createdAt !== undefined && { createdAt }),
    },
    words: [
      ...(status === null ? [] : [`the status ${submissionStatuses[status][1]}`]),
      ...(kind === undefined ? [] : [kind ? 'the kind test' : 'the kind real']),
      ...daysInWords(search),
    ],
  };
}
