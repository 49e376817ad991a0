import './Pager.css';
import { Link, useLocation, useSearchParams } from 'react-router';

export interface PageInfo {
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

/** The arguments of a list, for the page that the address names. */
export function usePageArguments(size: number): { first?: number; after?: string; last?: number; before?: string } {
  const [search] = useSearchParams();
  const before = search.get('before');
  if (before !== null) return { last: size, before };
  const after = search.get('after');
  return after === null ? { first: size } : { first: size, after };
}

interface PagerProps {
  pageInfo: PageInfo | undefined;
  /** What the steps are called: towards newer, towards older. */
  labels?: readonly [newer: string, older: string];
}

const stepNames = ['Previous', 'Next'] as const;

/** Lists come newest first: "next" leads to what is older. Nothing where there is one page alone. */
export function Pager({ pageInfo, labels = stepNames }: PagerProps) {
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const isFirst = !search.has('after') && !search.has('before');
  if (pageInfo === undefined || (isFirst && !pageInfo.hasNextPage)) return null;
  const leadsTo = (name: 'before' | 'after', cursor: string | null) => {
    const query = new URLSearchParams(search);
    query.delete('before');
    query.delete('after');
    query.set(name, cursor ?? '');
    return { pathname, search: query.toString() };
  };
  const { hasPreviousPage, hasNextPage, startCursor, endCursor } = pageInfo;
  return (
    <nav className="pager" aria-label="Pages">
      <Step label={labels[0]} to={hasPreviousPage && !isFirst ? leadsTo('before', startCursor) : null} />
      <Step label={labels[1]} to={hasNextPage ? leadsTo('after', endCursor) : null} />
    </nav>
  );
}

interface StepProps {
  label: string;
  to: { pathname: string; search: string } | null;
}

function Step({ label, to }: StepProps) {
  if (to === null) {
    return (
      <span className="button" aria-disabled="true" role="link">
        {label}
      </span>
    );
  }
  return (
    <Link className="button" to={to} preventScrollReset={false}>
      {label}
    </Link>
  );
}
