import { counted } from '../../ui/amounts';
import { Card } from '../../ui/Facts';
import { StrangerText } from '../../ui/StrangerText';
import { isField } from '../bots/fields';
import type { Question } from './Submission';

type Data = Readonly<Record<string, unknown>>;

/** The answers by the bot's fields, in their order; those to fields that it no longer has come last. */
export function Answers({ data, questions }: { data: Data; questions: readonly Question[] }) {
  const fields = questions.filter((question) => isField(question) && question.name !== '');
  const known = new Set(fields.map(({ name }) => name));
  const former = Object.keys(data).filter((name) => !known.has(name));
  const given = Object.keys(data).length;
  return (
    <Card title="Answers" aside={<span className="faint">{counted(given, 'answer')}</span>}>
      <dl className="answers">
        {fields.map(({ name, label, required }) => (
          <div key={name}>
            <dt>
              <StrangerText text={label} max={200} />
            </dt>
            <dd>
              <Answer value={valueOf(data, name)} isRequired={required} />
            </dd>
          </div>
        ))}
        {former.map((name) => (
          <div key={name}>
            <dt>
              <StrangerText text={name} max={100} /> <span className="faint">no longer asked</span>
            </dt>
            <dd>
              <Answer value={valueOf(data, name)} isRequired={false} />
            </dd>
          </div>
        ))}
      </dl>
      {fields.length + former.length === 0 && <p className="quiet">The bot asks for nothing.</p>}
    </Card>
  );
}

export const valueOf = (data: Data, name: string): unknown => (Object.hasOwn(data, name) ? data[name] : null);

/** Longer ones are cut, and shown whole where somebody asks. */
const answerMax = 1_000;
const entriesShown = 20;
const entryMax = 200;

function Answer({ value, isRequired }: { value: unknown; isRequired: boolean }) {
  if (value === null || value === undefined) {
    return <span className="faint">{isRequired ? 'no answer yet, and one is required' : 'no answer'}</span>;
  }
  if (value === '') return <span className="faint">an empty text</span>;
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'string') {
    return (
      <div className="answer-text">
        <StrangerText text={value} max={answerMax} isBlock />
      </div>
    );
  }
  if (Array.isArray(value)) return <Entries entries={value} />;
  return <StrangerText text={JSON.stringify(value)} max={answerMax} isBlock />;
}

function Entries({ entries }: { entries: readonly unknown[] }) {
  if (entries.length === 0) return <span className="faint">an empty list</span>;
  return (
    <>
      <ul className="answer-entries">
        {entries.slice(0, entriesShown).map((entry, at) => (
          // An entry may stand in the list twice.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={at}>
            <StrangerText text={typeof entry === 'string' ? entry : JSON.stringify(entry)} max={entryMax} isBlock />
          </li>
        ))}
      </ul>
      {entries.length > entriesShown && (
        <span className="faint">and {counted(entries.length - entriesShown, 'more entry', 'more entries')}</span>
      )}
    </>
  );
}
