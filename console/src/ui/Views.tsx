import './Views.css';
import { Link, useSearchParams, type To } from 'react-router';

interface View {
  /** Its word in the address, as `show`; empty: the one that is shown first. */
  name: string;
  label: string;
}

/** The view of a page that the address names. */
export function useView(views: readonly View[]): string {
  const shown = useSearchParams()[0].get('show') ?? '';
  return views.some(({ name }) => name === shown) ? shown : '';
}

/** Several views of one thing, one of them shown; each has an address. */
export function Views({ label, views, to }: { label: string; views: readonly View[]; to: string }) {
  const shown = useView(views);
  const leadsTo = (name: string): To => ({ pathname: to, search: name === '' ? '' : `?show=${name}` });
  return (
    <nav className="views" aria-label={label}>
      {views.map(({ name, label: words }) => (
        <Link key={name} to={leadsTo(name)} aria-current={name === shown ? 'page' : undefined} preventScrollReset>
          {words}
        </Link>
      ))}
    </nav>
  );
}
