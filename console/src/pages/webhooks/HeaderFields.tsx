import { useRef } from 'react';
import { Button } from '../../ui/Button';
import { Choices } from '../../ui/Form';

export interface HeaderRow {
  key: number;
  name: string;
  value: string;
}

interface HeaderFieldsProps {
  /** The names of those it has; their values are shown to nobody. */
  names: readonly string[];
  /** What it shall have instead; null: they stay. */
  rows: readonly HeaderRow[] | null;
  /** Whether the address leads to another origin than before, which takes none along. */
  isMoved: boolean;
  onChange(rows: readonly HeaderRow[] | null): void;
}

const headersMax = 20;

/** Headers that every delivery has: names and values, given all anew or left as they are. */
export function HeaderFields({ names, rows, isMoved, onChange }: HeaderFieldsProps) {
  const nextKey = useRef(1);
  const add = () => onChange([...(rows ?? []), { key: nextKey.current++, name: '', value: '' }]);
  const set = (key: number, change: Partial<HeaderRow>) =>
    onChange((rows ?? []).map((row) => (row.key === key ? { ...row, ...change } : row)));
  if (rows === null) {
    return (
      <Choices
        legend="Headers of yours"
        name="customHeaders"
        help="Their values are kept encrypted, and shown to nobody."
      >
        <ul className="header-names">
          {names.map((name) => (
            <li key={name}>
              <code>{name}: •••</code>
            </li>
          ))}
        </ul>
        {isMoved && (
          <p className="field-issue">This is another origin: it gets none of them unless you give them again.</p>
        )}
        <div className="buttons">
          <Button isSmall onClick={add}>
            Give them anew
          </Button>
          <Button isSmall onClick={() => onChange([])}>
            Remove all
          </Button>
        </div>
      </Choices>
    );
  }
  return (
    <Choices
      legend="Headers of yours"
      name="customHeaders"
      help="Sent with every delivery, such as a token of your gateway. Values are kept encrypted, and shown to nobody."
    >
      {names.length > 0 && (
        <p className="faint">
          {rows.length === 0 ? 'All are removed when you save.' : 'These replace all that it has now.'}
        </p>
      )}
      {rows.map(({ key, name, value }, at) => (
        <div key={key} className="header-row">
          <input
            className="input mono"
            aria-label={`Name of header ${at + 1}`}
            placeholder="X-Token"
            autoComplete="off"
            spellCheck={false}
            value={name}
            maxLength={100}
            onChange={(event) => set(key, { name: event.target.value })}
          />
          <input
            className="input mono"
            aria-label={`Value of header ${at + 1}`}
            placeholder="value"
            autoComplete="off"
            spellCheck={false}
            value={value}
            maxLength={4_096}
            onChange={(event) => set(key, { value: event.target.value })}
          />
          <Button
            look="bare"
            isSmall
            aria-label={`Remove header ${at + 1}`}
            onClick={() => onChange(rows.filter((row) => row.key !== key))}
          >
            Remove
          </Button>
        </div>
      ))}
      <div className="buttons">
        <Button isSmall onClick={add} why={rows.length >= headersMax ? `At most ${headersMax}.` : null}>
          Add header
        </Button>
        {names.length > 0 && (
          <Button isSmall look="bare" onClick={() => onChange(null)}>
            Keep those it has
          </Button>
        )}
      </div>
    </Choices>
  );
}

/** As the server takes them; null for none. Rows that nobody filled in are no headers. */
export function headersOf(rows: readonly HeaderRow[]): Record<string, string> | null {
  const given = rows.filter(({ name, value }) => name.trim() !== '' || value !== '');
  return given.length === 0 ? null : Object.fromEntries(given.map(({ name, value }) => [name.trim(), value]));
}
