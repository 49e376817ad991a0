import './Facts.css';
import { Fragment, type ReactNode } from 'react';

/** What is known of a thing: names and values; a value of null is left out. */
export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) => (
  <dl className="facts">
    {facts.map(
      ([name, value]) =>
        value !== null && (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ),
    )}
  </dl>
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
