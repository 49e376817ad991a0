import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { useRead } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { MemberById, type Member } from './member';

/** The member that the address names, for the dialogs about them. */
export function OneMember({ children }: { children(member: Member): ReactNode }) {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(MemberById, { id }, { types: ['User'], policy: 'cache-first' });
  if (data?.node?.__typename === 'User') return children(data.node);
  return (
    <DialogAwaiting
      refusal={refusal}
      again={again}
      missing={data ? 'There is no such member, or they were removed.' : null}
    />
  );
}
