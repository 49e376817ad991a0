import './alone.css';
import type { ReactNode } from 'react';
import { Mark } from '../shell/Mark';

/** A page of somebody who is not signed in. */
export function Alone({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="alone">
      <title>{`${title} · ioZen`}</title>
      <section className="card alone-card">
        <Mark />
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}
