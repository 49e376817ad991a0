import { useState } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { TrustedQuery } from '../../gql/graphql';
import { useRead, type Read } from '../../server';

export const Trusted = graphql(`
  query Trusted($after: String) {
    trustedDocuments(first: 100, after: $after) {
      nodes {
        documentId
        text
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export type Document = TrustedQuery['trustedDocuments']['nodes'][number];

/** What a document's operations are called: "ListContacts, AddContact". */
export function operationsIn(text: string): string {
  const names = [...text.matchAll(/\b(?:query|mutation|subscription)\s+([_A-Za-z]\w*)/g)].map(([, name]) => name);
  return names.length === 0 ? 'Without a name' : names.join(', ');
}

/** The document that the address names: looked for page by page, as documents are listed alone. null: it is not there. */
export function useDocument(): Pick<Read<TrustedQuery>, 'refusal' | 'again'> & {
  document: Document | null | undefined;
} {
  const { id = '' } = useParams();
  const [after, setAfter] = useState<string | null>(null);
  const { data, refusal, again } = useRead(Trusted, { after }, { types: ['TrustedDocument'], policy: 'cache-first' });
  const found = data?.trustedDocuments.nodes.find(({ documentId }) => documentId === id);
  const { hasNextPage = false, endCursor = null } = data?.trustedDocuments.pageInfo ?? {};
  const isElsewhere = found === undefined && hasNextPage;
  if (isElsewhere) setAfter(endCursor);
  return { refusal, again, document: found ?? (data === undefined || isElsewhere ? undefined : null) };
}
