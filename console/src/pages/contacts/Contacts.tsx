import { Navigate, Outlet, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { ContactFilter, ContactsQuery } from '../../gql/graphql';
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
import { personName } from './contacts';
import { soughtOf } from './sought';
import { Tags } from './Tags';

const Contacts = graphql(`
  query Contacts($first: Int, $after: String, $last: Int, $before: String, $filter: ContactFilter) {
    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes {
        ...Person
        tags
        createdAt
        updatedAt
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

type Row = ContactsQuery['contacts']['nodes'][number];

export function Page() {
  const [search] = useSearchParams();
  const sought = soughtOf(search.get('q') ?? '');
  const tag = search.get('tag')?.trim() || null;
  const createdAt = daysOf(search);
  const filter: ContactFilter = {
    ...(sought.kind === 'email' && { email: sought.text }),
    ...(sought.kind === 'phone' && { phone: sought.text }),
    ...(tag !== null && { tag }),
    ...(createdAt !== undefined && { createdAt }),
  };
  const words = [
    ...(sought.kind === 'email' || sought.kind === 'phone'
      ? [`the ${nouns[sought.kind]} ${plainText(sought.text)}`]
      : []),
    ...(tag === null ? [] : [`the tag ${plainText(tag)}`]),
    ...daysInWords(search),
  ];
  const isFiltered = words.length > 0 || sought.kind === 'other';
  const { data, refusal, again, isReading } = useRead(
    Contacts,
    { ...usePageArguments(50), filter },
    { types: ['Contact'], pause: sought.kind === 'id' || sought.kind === 'other' },
  );
  if (sought.kind === 'id') return <Navigate to={paths.contact(sought.text)} replace />;
  const contacts = sought.kind === 'other' ? [] : data?.contacts.nodes;
  const isEmpty = contacts?.length === 0;
  return (
    <>
      <PageHead title="Contacts">People, known by an e-mail address or a phone number in what they submitted.</PageHead>
      {(isFiltered || !isEmpty) && (
        <Filters label="Filter contacts" clearsTo={isFiltered ? paths.contacts : null}>
          <TextFilter name="q" label="E-mail, phone or id" isWide placeholder="ada@example.com" />
          <TextFilter name="tag" label="Tag" />
          <DayFilter name="from" label="Created from" />
          <DayFilter name="to" label="Created until" />
        </Filters>
      )}
      {refusal && contacts === undefined && <ErrorCard refusal={refusal} again={again} />}
      {(refusal === null || contacts) && !isEmpty && (
        <Table caption="Contacts" columns={columns} rows={contacts} keyOf={({ id }) => id} isReading={isReading} />
      )}
      {sought.kind === 'other' && (
        <section className="card state">
          <h2>Contacts are found by whole addresses</h2>
          <p>
            <StrangerText text={sought.text} max={100} /> is no e-mail address, no phone number with its country such as
            +12125550147, and no id. Names cannot be searched.
          </p>
          <ButtonLink to={paths.contacts}>Clear filter</ButtonLink>
        </section>
      )}
      {isEmpty && words.length > 0 && sought.kind !== 'other' && (
        <FilteredEmpty filter={words.join(', ')} clearsTo={paths.contacts} />
      )}
      {isEmpty && !isFiltered && (
        <Empty title="No contacts yet" action={<ButtonLink to={paths.bots}>Go to bots</ButtonLink>}>
          A completed submission that names an e-mail address or a phone number makes a contact, or adds to one.
        </Empty>
      )}
      <Pager pageInfo={sought.kind === 'other' ? undefined : data?.contacts.pageInfo} />
      <Outlet />
    </>
  );
}

const nouns = { email: 'e-mail', phone: 'phone' } as const;

const columns: readonly Column<Row>[] = [
  {
    head: 'Name',
    cell: (contact) => (
      <>
        <RowLink to={paths.contact(contact.id)}>
          <StrangerText text={personName(contact)} max={80} />
        </RowLink>
        {contact.email !== null && contact.email !== personName(contact) && (
          <Under>
            <StrangerText text={contact.email} max={80} />
          </Under>
        )}
      </>
    ),
  },
  {
    head: 'Phone',
    cell: ({ phone }) =>
      phone === null ? <span className="faint">none</span> : <span className="number">{phone}</span>,
  },
  { head: 'Tags', cell: ({ tags }) => <Tags tags={tags} max={3} /> },
  { head: 'Changed', cell: ({ updatedAt }) => <Time at={updatedAt} /> },
  { head: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
];
