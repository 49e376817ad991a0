import { counted, count } from '../../ui/amounts';
import { Empty } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { Table, Under, type Column } from '../../ui/Table';
import type { SchemaItem, WholeBot } from './Bot';
import { isField } from './fields';

/** What a bot asks, in its order. */
export function BotFields({ bot: { schema, schemaVersion } }: { bot: WholeBot }) {
  const items = schema.map((item, at) => ({ ...item, at }));
  if (items.length === 0) {
    return (
      <Empty title="It asks for nothing yet">
        Its fields are set through the API: <code>updateIntakeBot</code>, with the whole schema.
      </Empty>
    );
  }
  return (
    <>
      <Table caption="Fields" columns={columns} rows={items} keyOf={({ at }) => String(at)} />
      <p className="faint bot-foot">
        Version {count(schemaVersion)} of the schema. Fields are changed through the API; what was answered before
        stays.
      </p>
    </>
  );
}

type Row = SchemaItem & { at: number };

const columns: readonly Column<Row>[] = [
  {
    head: 'Field',
    cell: ({ label, name, helperText }) => (
      <>
        <b className="field-label">
          <StrangerText text={label} max={120} />
        </b>
        {name !== '' && (
          <Under isMono>
            <StrangerText text={name} max={100} />
          </Under>
        )}
        {helperText !== null && (
          <Under>
            <StrangerText text={helperText} max={160} />
          </Under>
        )}
      </>
    ),
  },
  {
    head: 'Type',
    cell: (item) =>
      isField(item) ? (
        <code>
          <StrangerText text={item.type} max={40} />
        </code>
      ) : (
        <span className="faint">shown only</span>
      ),
  },
  {
    head: 'Answer',
    cell: (item) => (isField(item) ? item.required ? 'required' : <span className="faint">optional</span> : '–'),
  },
  { head: 'Takes', cell: (item) => <Rules item={item} /> },
];

const optionsShown = 6;

function Rules({ item: { type, options, min, max, minLength, maxLength, pattern } }: { item: SchemaItem }) {
  const unit = ['multi_select', 'file'].includes(type) ? ' entries' : '';
  const rules = [range(min, max, unit), range(minLength, maxLength, ' characters')].filter((rule) => rule !== null);
  if (options === null && pattern === null && rules.length === 0)
    return <span className="faint">anything of its type</span>;
  return (
    <>
      {options !== null && <Options options={options} />}
      {rules.map((rule) => (
        <span key={rule} className="rule">
          {rule}
        </span>
      ))}
      {pattern !== null && (
        <span className="rule">
          matches{' '}
          <code>
            <StrangerText text={pattern} max={120} />
          </code>
        </span>
      )}
    </>
  );
}

const Options = ({ options }: { options: readonly string[] }) => (
  <span className="rule">
    {options.slice(0, optionsShown).map((option, at) => (
      <span key={option}>
        {at > 0 && ', '}
        <StrangerText text={option} max={40} />
      </span>
    ))}
    {options.length > optionsShown && ` and ${counted(options.length - optionsShown, 'other')}`}
  </span>
);

function range(least: number | null, most: number | null, unit: string): string | null {
  if (least === null && most === null) return null;
  if (most === null) return `at least ${count(least ?? 0)}${unit}`;
  if (least === null) return `at most ${count(most)}${unit}`;
  return least === most ? `${count(least)}${unit}` : `${count(least)} to ${count(most)}${unit}`;
}
