import type { Refusal } from '../server';
import { ButtonLink } from '../ui/Button';
import { ErrorCard, Skeleton } from '../ui/States';
import './Unread.css';

interface UnreadProps {
  refusal: Refusal | null;
  again(): void;
  /** What it is: "contact". */
  what: string;
  /** Why an id may name none. */
  why: string;
  /** The list to go back to. */
  back: { label: string; to: string };
}

/** Stands in for what is known of one thing until it is read; where its id names nothing, says so and leads back. */
export function Unread({ refusal, again, what, why, back }: UnreadProps) {
  if (refusal?.code === 'resource_not_found') {
    return (
      <section className="card state">
        <h2>There is no such {what}</h2>
        <p>{why}</p>
        <ButtonLink to={back.to}>Go to {back.label}</ButtonLink>
      </section>
    );
  }
  if (refusal !== null) return <ErrorCard refusal={refusal} again={again} />;
  return (
    <section className="card unread" aria-busy aria-label={`The ${what}, loading`}>
      {['14rem', '22rem', '18rem', '24rem', '16rem'].map((width) => (
        <Skeleton key={width} width={width} />
      ))}
    </section>
  );
}
