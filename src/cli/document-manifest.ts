import { sha256 } from '../graphql/documents.js';

export interface Manifest {
  texts: string[];
  /** Documents that the manifest calls by something other than the SHA-256 of their text. */
  otherwiseNamed: number;
}

/**
 * The documents of a manifest: an object of texts by id, as GraphQL Code Generator (`persisted-documents.json`) and
 * relay-compiler write it; Apollo's `{"format": "apollo-persisted-query-manifest", "operations": [{id, body}]}`; or a
 * list of texts. null when it is none of these.
 */
export function readManifest(manifest: unknown): Manifest | null {
  const named = namedIn(manifest);
  if (named === null || named.length === 0 || !named.every(({ text }) => typeof text === 'string')) return null;
  const documents = named as { id: string | null; text: string }[];
  const otherwise = documents.filter(({ id, text }) => id !== null && id.replace(/^sha256:/, '') !== sha256(text));
  return { texts: [...new Set(documents.map(({ text }) => text))], otherwiseNamed: otherwise.length };
}

function namedIn(manifest: unknown): { id: string | null; text: unknown }[] | null {
  if (Array.isArray(manifest)) return manifest.map((text: unknown) => ({ id: null, text }));
  if (manifest === null || typeof manifest !== 'object') return null;
  const { operations } = manifest as { operations?: unknown };
  if (Array.isArray(operations)) {
    return operations.map((operation: { id?: unknown; body?: unknown } | null) => ({
      id: typeof operation?.id === 'string' ? operation.id : null,
      text: operation?.body,
    }));
  }
  return Object.entries(manifest).map(([id, text]: [string, unknown]) => ({ id, text }));
}
