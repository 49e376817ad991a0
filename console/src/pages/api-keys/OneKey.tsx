import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { useRead } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { KeyById, type Key } from './keys';

/** The key that the address names, for its drawer and its dialogs. */
export function OneKey({ children }: { children(key: Key): ReactNode }) {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(KeyById, { id }, { types: ['ApiKey'], policy: 'cache-first' });
  if (data?.node?.__typename === 'ApiKey') return children(data.node);
  return (
    <DialogAwaiting
      refusal={refusal}
      again={again}
      missing={data ? 'There is no such key, or it ended long ago.' : null}
    />
  );
}
