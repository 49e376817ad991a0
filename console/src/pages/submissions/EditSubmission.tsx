import { useState } from 'react';
import { useParams } from 'react-router';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, SelectField, TextArea, TextField, typedIn } from '../../ui/Form';
import { hasUnseen, StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { isField } from '../bots/fields';
import { valueOf } from './Answers';
import { OneSubmission, UpdateSubmission, type SubmissionToChange } from './OneSubmission';

type Field = NonNullable<SubmissionToChange['intakeBot']>['schema'][number];

export function Page() {
  const { id = '' } = useParams();
  return (
    <Dialog shape="drawer" title="Edit answers" closesTo={paths.submission(id)}>
      <OneSubmission>{(submission) => <EditForm submission={submission} />}</OneSubmission>
    </Dialog>
  );
}

function EditForm({ submission }: { submission: SubmissionToChange }) {
  // As it was opened: what somebody else changes meanwhile is not sent back as it was.
  const [{ id, status, data, intakeBot }] = useState(submission);
  const { done, guard } = useDialog();
  const { send, isBusy, refusal } = useChange(UpdateSubmission);
  const fields = intakeBot?.schema.filter((item) => isField(item) && item.name !== '') ?? [];
  const save = async (values: FormData) => {
    const changes = Object.fromEntries(
      fields.flatMap((field) => {
        const value = typedValue(field, values, valueOf(data, field.name));
        return value === unchanged ? [] : [[field.name, value]];
      }),
    );
    if ((await send({ input: { id, data: changes } })) === null) return;
    toast(Object.keys(changes).length === 0 ? 'Nothing was changed.' : 'The answers are saved.');
    done();
  };
  return (
    <Form
      refusal={refusal}
      onChange={() => guard('What you typed is not saved.')}
      onSubmit={(values) => void save(values)}
    >
      <DialogBody>
        <p className="quiet">
          {status === 'COMPLETED'
            ? 'Endpoints that listen to submission.updated are told of what changes. Its contact and record stay as they are.'
            : 'It is in progress: required answers may still be missing.'}
        </p>
        {fields.map((field) => (
          <AnswerField key={field.name} field={field} value={valueOf(data, field.name)} />
        ))}
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Saving…'}>
          Save answers
        </Button>
      </DialogFoot>
    </Form>
  );
}

/** What an answer looks like in its field; a list has an entry a line. */
function shownText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(String).join('\n');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** As a field of the browser keeps it: line breaks of one kind. */
const asKept = (text: string) => text.replaceAll(/\r\n?/g, '\n');

const unchanged = Symbol('unchanged');

/** What to send of a field: null removes the answer. What cannot be read as its type goes as it is: the server says so. */
function typedValue({ name, type }: Field, values: FormData, before: unknown): unknown {
  const path = `data.${name}`;
  if (type === 'multi_select') {
    const chosen = values.getAll(path).map(String);
    const kept = Array.isArray(before) ? before : [];
    const isSame = chosen.length === kept.length && chosen.every((option) => kept.includes(option));
    return isSame ? unchanged : chosen.length === 0 ? null : chosen;
  }
  const text = asKept(typedIn(values, path));
  if (text === asKept(shownText(before))) return unchanged;
  if (text === '') return null;
  if (type === 'number') return Number.isNaN(Number(text)) ? text : Number(text);
  if (type === 'boolean') return text === 'true';
  if (type === 'file' || Array.isArray(before)) {
    const entries = text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return typeof before === 'string' && entries.length === 1 ? entries[0] : entries;
  }
  return text;
}

const shortMax = 120;

function AnswerField({ field, value }: { field: Field; value: unknown }) {
  const { name, type, options, helperText, placeholder, required } = field;
  const text = shownText(value);
  const shared = {
    name: `data.${name}`,
    label: (
      <>
        <StrangerText text={field.label} max={200} />
        {required && <span className="faint"> required</span>}
      </>
    ),
    help: (helperText !== null || hasUnseen(text)) && <Help text={helperText} value={text} />,
    placeholder: placeholder ?? undefined,
  };
  if (type === 'multi_select') {
    const chosen = Array.isArray(value) ? value.map(String) : [];
    const offered = [...new Set([...(options ?? []), ...chosen])];
    return (
      <Choices legend={shared.label} name={shared.name} help={shared.help}>
        {offered.map((option) => (
          <Choice
            key={option}
            type="checkbox"
            name={shared.name}
            value={option}
            defaultChecked={chosen.includes(option)}
            label={<StrangerText text={option} max={120} />}
          />
        ))}
      </Choices>
    );
  }
  if (type === 'select' || type === 'boolean') {
    const offered: readonly (readonly [string, string])[] =
      type === 'boolean'
        ? [
            ['true', 'Yes'],
            ['false', 'No'],
          ]
        : [...new Set([...(options ?? []), ...(text === '' ? [] : [text])])].map((option) => [option, option]);
    return (
      <SelectField name={shared.name} label={shared.label} help={shared.help} defaultValue={text}>
        <option value="">No answer</option>
        {offered.map(([option, word]) => (
          <option key={option} value={option}>
            {word.slice(0, shortMax)}
          </option>
        ))}
      </SelectField>
    );
  }
  const isLong = type === 'textarea' || type === 'file' || text.length > shortMax || text.includes('\n');
  return isLong ? (
    <TextArea {...shared} defaultValue={text} rows={Math.min(12, Math.max(3, text.split('\n').length))} />
  ) : (
    <TextField
      {...shared}
      defaultValue={text}
      inputMode={type === 'number' ? 'decimal' : undefined}
      autoComplete="off"
    />
  );
}

/** What to know of a field: its own words, and, where a browser's field would hide something, what is in it now. */
function Help({ text, value }: { text: string | null; value: string }) {
  return (
    <>
      {text !== null && <StrangerText text={text} max={200} />}
      {hasUnseen(value) && (
        <span className="under">
          It has characters that cannot be seen: <StrangerText text={value} max={200} />
        </span>
      )}
    </>
  );
}
