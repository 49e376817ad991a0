import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { EndpointByIdQuery } from '../../gql/graphql';
import { useRead, type Read } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { useLastDay } from './endpoints';

const EndpointById = graphql(`
  query EndpointById($id: ID!, $since: DateTime!) {
    # Not by node(id:), which knows deleted ones for as long as their deliveries are kept.
    webhookEndpoint(id: $id) {
      ...EndpointState
      ...LastDay
      events
      customHeaderNames
      payloadQuery
      maxConcurrency
      createdAt
      updatedAt
    }
  }
`);

export type Endpoint = NonNullable<EndpointByIdQuery['webhookEndpoint']>;

/** The endpoint that the address names: undefined while it is awaited, null where there is none. */
export function useEndpoint(policy: 'cache-first' | 'cache-and-network' = 'cache-first'): Read<EndpointByIdQuery> & {
  endpoint: Endpoint | null | undefined;
} {
  const { id = '' } = useParams();
  const read = useRead(EndpointById, { id, since: useLastDay() }, { types: ['WebhookEndpoint'], policy });
  if (read.refusal?.code === 'resource_not_found') return { ...read, refusal: null, endpoint: null };
  return { ...read, endpoint: read.data?.webhookEndpoint ?? undefined };
}

/** For dialogs over an endpoint's page. */
export function OneEndpoint({ children }: { children(endpoint: Endpoint): ReactNode }) {
  const { endpoint, refusal, again } = useEndpoint();
  if (endpoint) return children(endpoint);
  return (
    <DialogAwaiting
      refusal={refusal}
      again={again}
      missing={endpoint === null ? 'There is no such endpoint, or it was deleted.' : null}
    />
  );
}
