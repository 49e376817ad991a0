import { Link, Outlet } from 'react-router';
import { graphql } from '../../graphql';
import type { DocumentsQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { Card } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { Empty, ErrorCard } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time, useNow } from '../../ui/Time';
import { operationsIn } from './documents';

const Documents = graphql(`
  query Documents($first: Int, $after: String, $last: Int, $before: String) {
    trustedDocuments(first: $first, after: $after, last: $last, before: $before) {
      nodes {
        documentId
        text
        createdAt
      }
      totalCount
      pageInfo {
        hasNextPage
        hasPreviousPage
        startCursor
        endCursor
      }
    }
    apiKeys(first: 100) {
      nodes {
        id
        name
        documentsOnly
        revokedAt
        expiresAt
      }
    }
  }
`);

type Trusted = DocumentsQuery['trustedDocuments']['nodes'][number];
type Key = DocumentsQuery['apiKeys']['nodes'][number];

export function Page() {
  const { role, workspace } = useViewer();
  const types = ['TrustedDocument', 'ApiKey', 'TrustDocumentsPayload', 'DistrustDocumentsPayload'];
  const { data, refusal, again } = useRead(Documents, usePageArguments(50), { types });
  const documents = data?.trustedDocuments.nodes;
  const why = workspace.limits.api ? whyNotAdmin(role) : 'Documents are for keys, which this plan does not have.';
  const trust = (look: 'main' | 'plain') => (
    <ButtonLink to={paths.newDocument} look={look} isOver why={why}>
      Trust documents
    </ButtonLink>
  );
  return (
    <>
      <PageHead title="Trusted documents" actions={trust(documents?.length === 0 ? 'plain' : 'main')}>
        <p>GraphQL documents that a bound key may run, and nothing else: a key that leaks can do no more.</p>
      </PageHead>
      {refusal && !documents && <ErrorCard refusal={refusal} again={again} />}
      {data && <BoundKeys keys={data.apiKeys.nodes} />}
      {documents?.length === 0 && (
        <Empty title="No document is trusted yet" action={trust('main')}>
          Put the documents of a client here, then bind its key to them: it can then send their ids instead of texts,
          and run nothing else.
        </Empty>
      )}
      {(!refusal || documents) && documents?.length !== 0 && (
        <Table caption="Trusted documents" columns={columns} rows={documents} keyOf={({ documentId }) => documentId} />
      )}
      <Pager pageInfo={data?.trustedDocuments.pageInfo} />
      <Outlet />
    </>
  );
}

/** Which keys run these documents and nothing else. */
function BoundKeys({ keys }: { keys: readonly Key[] }) {
  const now = useNow();
  const bound = keys.filter(
    ({ documentsOnly, revokedAt, expiresAt }) =>
      documentsOnly && revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > now),
  );
  return (
    <Card title="Keys bound to them">
      {bound.length === 0 ? (
        <p className="quiet">
          None. <Link to={paths.newApiKey}>A new key</Link> can be bound: “Trusted documents only”.
        </p>
      ) : (
        <ul>
          {bound.map(({ id, name }) => (
            <li key={id}>
              <Link to={paths.apiKey(id)}>
                <StrangerText text={name} max={100} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

const columns: readonly Column<Trusted>[] = [
  {
    head: 'Document',
    cell: ({ documentId, text }) => (
      <>
        <RowLink isOver to={paths.document(documentId)}>
          <StrangerText text={operationsIn(text)} max={120} />
        </RowLink>
        <Under isMono>{`${documentId.slice(0, 23)}…`}</Under>
      </>
    ),
  },
  { head: 'Trusted', cell: ({ createdAt }) => <Time at={createdAt} /> },
  {
    head: 'Actions',
    isHeadHidden: true,
    align: 'end',
    cell: ({ documentId, text }) => (
      <ButtonLink
        isSmall
        isOver
        look="danger"
        to={paths.distrustDocument(documentId)}
        aria-label={`Distrust ${operationsIn(text)}`}
      >
        Distrust
      </ButtonLink>
    ),
  },
];
