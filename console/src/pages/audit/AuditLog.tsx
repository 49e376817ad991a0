import './AuditLog.css';
import { Link, Outlet, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { Filters, SelectFilter } from '../../ui/Filters';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard, FilteredEmpty } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { actionInWords, actions, subjectOf, useThings, type Entry, type Thing } from './entries';

const AuditLog = graphql(`
  query AuditLog($filter: AuditEntryFilter, $first: Int, $after: String, $last: Int, $before: String) {
    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes {
        ...AuditEntry
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

type Row = Entry & { actor: Thing | undefined; subject: Thing | undefined };

export function Page() {
  const [search] = useSearchParams();
  const [action, subject, actor] = ['action', 'subject', 'actor'].map((name) => search.get(name));
  const filter = {
    ...(action && { action: [action] }),
    ...(subject && { subjectId: subject }),
    ...(actor && { actorId: actor }),
  };
  const { data, refusal, again } = useRead(AuditLog, { filter, ...usePageArguments(50) }, { types: ['AuditEntry'] });
  const entries = data?.auditLog.nodes;
  const things = useThings(entries ?? []);
  const rows = entries?.map((entry) => ({
    ...entry,
    actor: things.get(entry.actorId),
    subject: subjectOf(entry, things),
  }));
  const about = subject ?? actor;
  const isFiltered = Boolean(action ?? about);
  return (
    <>
      <PageHead title="Audit log">
        <p>Who changed keys, members, the plan, endpoints and secrets. Entries cannot be changed or removed.</p>
      </PageHead>
      <Filters label="Filter the audit log" isChosen clearsTo={isFiltered ? paths.audit() : null}>
        <SelectFilter name="action" label="Action" choices={choices} />
      </Filters>
      {about && (
        <p className="audit-about">
          {subject ? 'All that was done to ' : 'All that was done by '}
          <b>
            <StrangerText text={things.get(about)?.name ?? about} max={100} />
          </b>
        </p>
      )}
      {refusal && !entries && <ErrorCard refusal={refusal} again={again} />}
      {entries?.length === 0 &&
        (isFiltered ? (
          <FilteredEmpty filter={filterInWords(action, about, things)} clearsTo={paths.audit()} />
        ) : (
          <Empty title="Nothing yet">
            What Owners and Admins change will stand here, with who did it and from where.
          </Empty>
        ))}
      {(!refusal || entries) && entries?.length !== 0 && (
        <Table caption="Audit log" columns={columns} rows={rows} keyOf={({ id }) => id} />
      )}
      <Pager pageInfo={data?.auditLog.pageInfo} />
      <Outlet />
    </>
  );
}

const filterInWords = (
  action: string | null | undefined,
  about: string | null | undefined,
  things: ReadonlyMap<string, Thing>,
) =>
  [action && `“${actionInWords(action)}”`, about && (things.get(about)?.name ?? about)].filter(Boolean).join(' about ');

const choices: readonly (readonly [string, string])[] = [
  ['', 'Everything'],
  ...actions.map((action) => [action, actionInWords(action)] as const),
];

export const actorKinds: Readonly<Record<string, string>> = { operator: 'The operator', system: 'The server' };

const columns: readonly Column<Row>[] = [
  {
    head: 'What',
    cell: ({ id, action }) => (
      <RowLink isOver to={paths.auditEntry(id)}>
        {actionInWords(action)}
      </RowLink>
    ),
  },
  { head: 'Of', cell: ({ subject, subjectId }) => <Named thing={subject} id={subjectId} /> },
  {
    head: 'Who',
    cell: ({ actor, actorId, actorKind, address }) => (
      <>
        {actorKinds[actorKind] ?? <Named thing={actor} id={actorId} />}
        {address !== null && <Under isMono>{address}</Under>}
      </>
    ),
  },
  { head: 'When', cell: ({ createdAt }) => <Time at={createdAt} as="exact" /> },
];

/** What an entry names; what is gone shows its id. */
export function Named({ thing, id }: { thing: Thing | undefined; id: string }) {
  if (thing === undefined) return <code>{id}</code>;
  const name = <StrangerText text={thing.name} max={80} />;
  return thing.to === null ? name : <Link to={thing.to}>{name}</Link>;
}
