import './Facts.css';
import type { ReactNode } from 'react';

/** What is known of a thing: a `Fact` each. */
export const Facts = ({ children }: { children: ReactNode }) => <dl className="facts">{children}</dl>;

export const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </>
);

/** A part of a page with a heading of its own. */
export const Card = ({ title, aside, children }: { title: ReactNode; aside?: ReactNode; children: ReactNode }) => (
  <section className="card part">
    <header>
      <h2>{title}</h2>
      {aside}
    </header>
    <div className="part-in">{children}</div>
  </section>
);
