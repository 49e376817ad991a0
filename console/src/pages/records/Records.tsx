import './Records.css';
import { Link, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { RecordsQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { ButtonLink } from '../../ui/Button';
import { DayFilter, daysInWords, daysOf, Filters, TextFilter } from '../../ui/Filters';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard, FilteredEmpty } from '../../ui/States';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { personName } from '../contacts/contacts';

const Records = graphql(`
  query Records($first: Int, $after: String, $last: Int, $before: String, $filter: RecordFilter) {
    records(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        id
        recordType
        submissionId
        createdAt
        contacts(first: 3) {
          role
          contact {
            ...Person
          }
        }
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

type Row = RecordsQuery['records']['nodes'][number];

export function Page() {
  const [search] = useSearchParams();
  const recordType = search.get('type')?.trim() || null;
  const contactId = search.get('contact')?.trim() || null;
  const createdAt = daysOf(search);
  const filter = {
    ...(recordType !== null && { recordType }),
    ...(contactId !== null && { contactId }),
    ...(createdAt !== undefined && { createdAt }),
  };
  const words = [
    ...(recordType === null ? [] : [`the type ${plainText(recordType)}`]),
    ...(contactId === null ? [] : [`the contact ${plainText(contactId)}`]),
    ...daysInWords(search),
  ];
  const { data, refusal, again, isReading } = useRead(
    Records,
    { ...usePageArguments(50), filter },
    { types: ['Record'] },
  );
  const records = data?.records.nodes;
  const isEmpty = records?.length === 0;
  const isFiltered = words.length > 0;
  return (
    <>
      <PageHead title="Records">What completed submissions were made into, each about the people in it.</PageHead>
      {(isFiltered || !isEmpty) && (
        <Filters label="Filter records" clearsTo={isFiltered ? paths.records : null}>
          <TextFilter name="type" label="Type" placeholder="lead" />
          <TextFilter name="contact" label="Contact id" isWide />
          <DayFilter name="from" label="Created from" />
          <DayFilter name="to" label="Created until" />
        </Filters>
      )}
      {refusal && records === undefined && <ErrorCard refusal={refusal} again={again} />}
      {(refusal === null || records) && !isEmpty && (
        <Table caption="Records" columns={columns} rows={records} keyOf={({ id }) => id} isReading={isReading} />
      )}
      {isEmpty && isFiltered && <FilteredEmpty filter={words.join(', ')} clearsTo={paths.records} />}
      {isEmpty && !isFiltered && (
        <Empty title="No records yet" action={<ButtonLink to={paths.bots}>Go to bots</ButtonLink>}>
          A bot with a record type makes one of each completed submission, such as a <code>lead</code>.
        </Empty>
      )}
      <Pager pageInfo={data?.records.pageInfo} />
    </>
  );
}

const columns: readonly Column<Row>[] = [
  {
    head: 'Type',
    cell: ({ id, recordType }) => (
      <>
        <RowLink to={paths.record(id)}>{recordType}</RowLink>
        <Under isMono>{id}</Under>
      </>
    ),
  },
  { head: 'About', cell: ({ contacts }) => <People links={contacts} /> },
  {
    head: 'Made of',
    cell: ({ submissionId }) =>
      submissionId === null ? (
        <span className="faint">no submission</span>
      ) : (
        <Link to={paths.submission(submissionId)}>a submission</Link>
      ),
  },
  { head: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

function People({ links }: { links: Row['contacts'] }) {
  if (links.length === 0) return <span className="faint">nobody</span>;
  return links.map(({ role, contact }) => (
    <span key={`${contact?.id} ${role}`} className="person">
      {contact === null ? 'somebody erased' : <StrangerText text={personName(contact)} max={60} />}{' '}
      <span className="faint">
        <StrangerText text={role} max={40} />
      </span>
    </span>
  ));
}
