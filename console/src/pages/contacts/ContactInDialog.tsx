import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { useRead } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { OneContact, type WholeContact } from './wholeContact';

/** The contact that the address names, for its drawer and its dialogs. */
export function ContactInDialog({ children }: { children(contact: WholeContact): ReactNode }) {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneContact, { id }, { policy: 'cache-first' });
  if (data?.contact) return children(data.contact);
  return <DialogAwaiting refusal={refusal} again={again} />;
}
