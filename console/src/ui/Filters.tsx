import './Filters.css';
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { ButtonLink } from './Button';
import { textOf } from './Form';
import { plainText } from './StrangerText';

interface FiltersProps {
  /** What is filtered, for those who listen: "Filter contacts". */
  label: string;
  /** The address without any of it; null where nothing is filtered. */
  clearsTo: string | null;
  /** Whether there is nothing to type: choices apply by themselves. */
  isChosen?: boolean;
  children: ReactNode;
}

/** Filters of a list: what they say stands in the address, and begins with the first page. */
export function Filters({ label, clearsTo, isChosen = false, children }: FiltersProps) {
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [search] = useSearchParams();
  const form = useRef<HTMLFormElement>(null);
  // The fields follow the address: the browser's back fills them as they were.
  useEffect(() => {
    for (const field of form.current?.elements ?? []) {
      if (isField(field)) field.value = search.get(field.name) ?? '';
    }
  }, [search]);
  const apply = (form: HTMLFormElement) => {
    const query = new URLSearchParams(search);
    for (const name of pageNames) query.delete(name);
    const typed = new FormData(form);
    for (const name of typed.keys()) {
      const text = textOf(typed, name);
      if (text === '') query.delete(name);
      else query.set(name, text);
    }
    if (query.toString() !== search.toString()) void navigate({ pathname, search: query.toString() });
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    apply(event.currentTarget);
  };
  return (
    <form
      ref={form}
      className="filters"
      role="search"
      aria-label={label}
      noValidate
      onSubmit={submit}
      onChange={(event) => {
        if (event.target instanceof HTMLSelectElement) apply(event.currentTarget);
      }}
    >
      {children}
      <div className="filters-end">
        {!isChosen && (
          <button type="submit" className="button">
            Filter
          </button>
        )}
        {clearsTo !== null && (
          <ButtonLink look="bare" to={clearsTo}>
            Clear filter
          </ButtonLink>
        )}
      </div>
    </form>
  );
}

const isField = (element: Element): element is HTMLInputElement | HTMLSelectElement =>
  element instanceof HTMLInputElement || element instanceof HTMLSelectElement;

const pageNames = ['before', 'after'];

interface FilterProps {
  /** Its name in the address. */
  name: string;
  label: string;
}

/** One of a few values, each with its word; the first stands for any. */
export function SelectFilter({
  name,
  label,
  choices,
}: FilterProps & { choices: readonly (readonly [value: string, label: string])[] }) {
  const [search] = useSearchParams();
  const chosen = search.get(name) ?? '';
  return (
    <Filter label={label}>
      {(id) => (
        <select id={id} className="input" name={name} defaultValue={chosen}>
          {!choices.some(([value]) => value === chosen) && <option value={chosen}>{plainText(chosen, 40)}</option>}
          {choices.map(([value, word]) => (
            <option key={value} value={value}>
              {word}
            </option>
          ))}
        </select>
      )}
    </Filter>
  );
}

export function TextFilter({
  name,
  label,
  isWide = false,
  ...rest
}: FilterProps & { isWide?: boolean; placeholder?: string; inputMode?: 'email' }) {
  const [search] = useSearchParams();
  return (
    <Filter label={label} isWide={isWide}>
      {(id) => (
        <input
          {...rest}
          id={id}
          className="input"
          name={name}
          defaultValue={search.get(name) ?? ''}
          autoComplete="off"
          spellCheck={false}
        />
      )}
    </Filter>
  );
}

/** A day where the reader is. */
export function DayFilter({ name, label }: FilterProps) {
  const [search] = useSearchParams();
  return (
    <Filter label={label}>
      {(id) => <input id={id} type="date" className="input" name={name} defaultValue={search.get(name) ?? ''} />}
    </Filter>
  );
}

function Filter({
  label,
  isWide = false,
  children,
}: {
  label: string;
  isWide?: boolean;
  children(id: string): ReactNode;
}) {
  const id = useId();
  return (
    <div className={isWide ? 'filter wide' : 'filter'}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
    </div>
  );
}

const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A day as an address has it; null where the text is none. */
function dayOf(text: string | null): Date | null {
  if (text === null || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const day = new Date(`${text}T00:00:00`);
  return Number.isNaN(day.getTime()) ? null : day;
}

/** The days `from` and `to` of an address, both whole, as the server filters by them; undefined where it names none. */
export function daysOf(search: URLSearchParams): { gte?: string; lt?: string } | undefined {
  const [from, to] = [dayOf(search.get('from')), dayOf(search.get('to'))];
  if (from === null && to === null) return undefined;
  to?.setDate(to.getDate() + 1);
  return { ...(from && { gte: from.toISOString() }), ...(to && { lt: to.toISOString() }) };
}

/** The same in words: "from 3 Nov 2026", "until 5 Nov 2026". */
export function daysInWords(search: URLSearchParams): string[] {
  const [from, to] = [dayOf(search.get('from')), dayOf(search.get('to'))];
  return [from && `created from ${date.format(from)}`, to && `created until ${date.format(to)}`].filter(
    (words) => words !== null,
  );
}
