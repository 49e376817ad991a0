import './Banner.css';
import type { ReactNode } from 'react';
import type { StatusKind } from './Status';

interface BannerProps {
  kind: StatusKind;
  /** One sentence that answers the page's question. */
  title: ReactNode;
  children?: ReactNode;
  /** What to do about it, the main one first. */
  actions?: ReactNode;
}

/** What is so, and what to do about it, above all else on a page. */
export const Banner = ({ kind, title, children, actions }: BannerProps) => (
  <section className={`card banner ${kind}`}>
    <div className="banner-words">
      <h2>{title}</h2>
      {children && <div className="quiet">{children}</div>}
    </div>
    {actions && <div className="buttons">{actions}</div>}
  </section>
);
