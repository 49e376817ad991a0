import './Views.css';
import { Link, useSearchParams, type To } from 'react-router';

interface View {
  /** Its word in the address, as `show`; empty: the one that is shown first. */
  name: string;
  label: string;
  /** What it is called on a phone, where all of them have one line. */
  short?: string;
  /** Where it is a page of its own. */
  to?: string;
}

/** The view of a page that the address names. */
export function useView(views: readonly View[]): string {
  const shown = useSearchParams()[0].get('show') ?? '';
  return views.some(({ name, to }) => name === shown && to === undefined) ? shown : '';
}

interface ViewsProps {
  label: string;
  views: readonly View[];
  to: string;
  /** The view that is a page of its own, on that page. */
  current?: string;
}

/** Several views of one thing, one of them shown; each has an address. */
export function Views({ label, views, to, current }: ViewsProps) {
  const named = useView(views);
  const shown = current ?? named;
  const leadsTo = (view: View): To => view.to ?? { pathname: to, search: view.name === '' ? '' : `?show=${view.name}` };
  return (
    <nav className="views" aria-label={label}>
      {views.map((view) => (
        <Link
          key={view.name}
          to={leadsTo(view)}
          aria-current={view.name === shown ? 'page' : undefined}
          preventScrollReset
        >
          {view.short === undefined ? (
            view.label
          ) : (
            <>
              <span className="long">{view.label}</span>
              <span className="short">{view.short}</span>
            </>
          )}
        </Link>
      ))}
    </nav>
  );
}
