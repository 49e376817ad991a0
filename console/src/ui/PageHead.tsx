import './PageHead.css';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link } from 'react-router';

interface PageHeadProps {
  title: string;
  /** How the title looks, where it is not its text. */
  heading?: ReactNode;
  /** What stands above it: the list that this is of. */
  within?: { label: string; to: string };
  /** A line below: counts, an id. */
  children?: ReactNode;
  /** The page's buttons, the main one last. */
  actions?: ReactNode;
}

/** Until somebody goes elsewhere, whatever of the page is drawn anew. */
const firstAddress = location.pathname;
let isFirstPage = true;

/** The head of a page: its only h1, which takes the focus when somebody comes from another page, and so is read out. */
export function PageHead({ title, heading, within, children, actions }: PageHeadProps) {
  const h1 = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    isFirstPage &&= location.pathname === firstAddress;
    if (!isFirstPage && document.querySelector('dialog:modal') === null) h1.current?.focus();
  }, []);
  return (
    <div className="page-head">
      <title>{`${title} · ioZen`}</title>
      <div className="page-head-words">
        {within && (
          <p className="crumb">
            <Link to={within.to}>{within.label}</Link>
          </p>
        )}
        <h1 ref={h1} tabIndex={-1}>
          {heading ?? title}
        </h1>
        {children && <div className="page-head-under">{children}</div>}
      </div>
      {actions && <div className="buttons">{actions}</div>}
    </div>
  );
}
