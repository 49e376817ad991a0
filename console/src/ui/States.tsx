import './States.css';
import type { ReactNode } from 'react';
import type { Refusal } from '../server';
import { Button, ButtonLink } from './Button';

interface EmptyProps {
  /** What will be here. */
  title: string;
  /** Why one wants it. */
  children: ReactNode;
  /** The first step, as a button. */
  action?: ReactNode;
}

/** A list that has nothing yet. */
export const Empty = ({ title, children, action }: EmptyProps) => (
  <section className="card state">
    <h2>{title}</h2>
    <p>{children}</p>
    {action}
  </section>
);

interface FilteredEmptyProps {
  /** What the filter says: "status failed, since yesterday". */
  filter: string;
  /** The address without it. */
  clearsTo: string;
}

/** A list whose filter hides all of it. */
export const FilteredEmpty = ({ filter, clearsTo }: FilteredEmptyProps) => (
  <section className="card state">
    <h2>Nothing fits your filter</h2>
    <p>There is nothing with {filter}.</p>
    <ButtonLink to={clearsTo}>Clear filter</ButtonLink>
  </section>
);

const rolesNeeded: Readonly<Record<string, string>> = { ADMIN: 'Owners and Admins', OWNER: 'Owners' };

/** What could not be read, why, and what to do. */
export function ErrorCard({ refusal, again }: { refusal: Refusal; again?(): void }) {
  const { code, message, details } = refusal;
  if (code === 'insufficient_role') {
    const who = rolesNeeded[String(details['required'])] ?? 'others';
    return (
      <section className="card state">
        <h2>This is for {who}</h2>
        <p>Your role in this workspace does not include it. An Owner or Admin can change your role.</p>
      </section>
    );
  }
  return (
    <section className="card state bad" role="alert">
      <h2>{code === 'resource_not_found' ? 'It is not there' : 'This could not be read'}</h2>
      <p>{message}</p>
      {again && <Button onClick={again}>Try again</Button>}
    </section>
  );
}

/** Stands in for text that is awaited, as wide as it will be. */
export const Skeleton = ({ width = '9rem' }: { width?: string }) => (
  <span className="skeleton" style={{ width }} aria-hidden />
);
