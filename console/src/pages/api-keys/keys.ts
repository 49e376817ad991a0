import { graphql } from '../../graphql';
import type { KeyFragment } from '../../gql/graphql';

export type Key = KeyFragment;

export const KeyFields = graphql(`
  fragment Key on ApiKey {
    id
    name
    hint
    scopes
    allowedCidrs
    documentsOnly
    createdAt
    createdBy {
      kind
      id
      name
    }
    lastUsedAt
    expiresAt
    revokedAt
    previousUntil
  }
`);
/** One key by its id, for its drawer and dialogs. */
export const KeyById = graphql(`
  query KeyById($id: ID!) {
    node(id: $id) {
      __typename
      ...Key
    }
  }
`);

export const lastUsedNote = 'Kept to the minute.';

const soonMs = 14 * 86_400_000;

/** Whether a key works, ends soon, or has ended. */
export function lifeOf({ revokedAt, expiresAt }: Key, nowMs: number): 'live' | 'soon' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'live';
  const leftMs = Date.parse(expiresAt) - nowMs;
  if (leftMs <= 0) return 'expired';
  return leftMs < soonMs ? 'soon' : 'live';
}

export const isLive = (key: Key, nowMs: number): boolean => ['live', 'soon'].includes(lifeOf(key, nowMs));
