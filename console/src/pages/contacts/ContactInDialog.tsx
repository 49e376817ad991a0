import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { useRead } from '../../server';
import { CloseButton, DialogBody, DialogFoot } from '../../ui/Dialog';
import { ErrorCard, Skeleton } from '../../ui/States';
import { OneContact, type WholeContact } from './wholeContact';

/** The contact that the address names, for its drawer and its dialogs. */
export function ContactInDialog({ children }: { children(contact: WholeContact): ReactNode }) {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneContact, { id }, { policy: 'cache-first' });
  if (data?.contact) return children(data.contact);
  return (
    <>
      <DialogBody>
        {refusal && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && <Skeleton />}
      </DialogBody>
      <DialogFoot>
        <CloseButton>Close</CloseButton>
      </DialogFoot>
    </>
  );
}
