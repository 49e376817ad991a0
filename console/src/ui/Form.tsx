import './Form.css';
import {
  createContext,
  use,
  useEffect,
  useId,
  useMemo,
  useRef,
  type ComponentProps,
  type FormEvent,
  type ReactNode,
  type RefObject,
} from 'react';
import type { Issue, Refusal } from '../server';

interface FormState {
  refusal: Refusal | null;
  /** The paths that some field shows the issues of. */
  shown: RefObject<Set<string>>;
}
const FormContext = createContext<FormState | null>(null);

interface FormProps {
  /** What the server said of the last try: each issue stands at the field that it is about. */
  refusal: Refusal | null;
  onSubmit(values: FormData): void;
  /** Something was typed or chosen. */
  onChange?(): void;
  children: ReactNode;
}

/** Fields keep what was typed themselves, and hand it over when the form is sent. */
export function Form({ refusal, onSubmit, onChange, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const shown = useRef(new Set<string>());
  const state = useMemo(() => ({ refusal, shown }), [refusal]);
  useEffect(() => {
    if (refusal !== null) form.current?.querySelector<HTMLElement>('[aria-invalid=true], [role=alert]')?.focus();
  }, [refusal]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onSubmit(new FormData(event.currentTarget));
  };
  return (
    <form ref={form} noValidate onSubmit={submit} onInput={onChange}>
      <FormContext value={state}>{children}</FormContext>
    </form>
  );
}

const isAbout = (issue: Issue, path: string) => issue.path === path || issue.path.startsWith(`${path}.`);

/** The catalogue's messages go on from the name of what they are about: "must be in the future". */
export const sentence = (message: string) =>
  `${message.charAt(0).toUpperCase()}${message.slice(1)}.`.replace(/\.\.$/, '.');

/** What is wrong with a field's value, or with a part of it: a line of a list, or what has a name in an object. */
function issueInWords(part: string, message: string): string {
  if (part === '') return sentence(message);
  return /^\d+$/.test(part) ? `Line ${Number(part) + 1} ${message}.` : `${part} ${message}.`;
}

/** What the server found wrong with the value at this path; null where nothing is. */
function useIssue(path: string): string | null {
  const form = use(FormContext);
  useEffect(() => {
    const shown = form?.shown.current;
    shown?.add(path);
    return () => void shown?.delete(path);
  }, [form?.shown, path]);
  const found = form?.refusal?.issues.filter((issue) => isAbout(issue, path)) ?? [];
  if (found.length === 0) return null;
  return found.map(({ path: at, message }) => issueInWords(at.slice(path.length + 1), message)).join(' ');
}

/** Why the form was refused, as far as no field of it says so. Stands above the form's buttons. */
export function FormRefusal() {
  const form = use(FormContext);
  if (form === null || form.refusal === null) return null;
  const { refusal, shown } = form;
  const elsewhere = refusal.issues.filter((issue) => ![...shown.current].some((path) => isAbout(issue, path)));
  if (refusal.issues.length > 0 && elsewhere.length === 0) return null;
  return (
    <div className="form-refusal" role="alert" tabIndex={-1}>
      {elsewhere.length === 0
        ? refusal.message
        : elsewhere.map(({ path, message }) => <p key={path}>{`${path}: ${message}`}</p>)}
    </div>
  );
}

interface FieldProps {
  label: ReactNode;
  /** What to know before one types. */
  help?: ReactNode;
}
type Own<Element extends 'input' | 'textarea' | 'select'> = FieldProps &
  Omit<ComponentProps<Element>, 'id' | 'className'> & { name: string };

interface Described {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

function Field({
  label,
  help,
  name,
  children,
}: FieldProps & { name: string; children(described: Described): ReactNode }) {
  const id = useId();
  const issue = useIssue(name);
  const described = [help && `${id}-help`, issue && `${id}-issue`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {help && (
        <p className="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': issue === null ? undefined : true })}
      {issue !== null && (
        <p className="field-issue" id={`${id}-issue`}>
          {issue}
        </p>
      )}
    </div>
  );
}

export const TextField = ({ label, help, ...rest }: Own<'input'>) => (
  <Field label={label} help={help} name={rest.name}>
    {(described) => <input type="text" {...rest} {...described} className="input" />}
  </Field>
);

export const TextArea = ({ label, help, ...rest }: Own<'textarea'>) => (
  <Field label={label} help={help} name={rest.name}>
    {(described) => <textarea rows={3} spellCheck={false} {...rest} {...described} className="input" />}
  </Field>
);

export const SelectField = ({ label, help, ...rest }: Own<'select'>) => (
  <Field label={label} help={help} name={rest.name}>
    {(described) => <select {...rest} {...described} className="input" />}
  </Field>
);

interface ChoicesProps {
  legend: ReactNode;
  help?: ReactNode;
  /** The path that issues are about; its boxes or radios stand inside. */
  name: string;
  children: ReactNode;
}

/** Boxes or radios that belong together. */
export function Choices({ legend, help, name, children }: ChoicesProps) {
  const id = useId();
  const issue = useIssue(name);
  return (
    <fieldset className="choices" aria-describedby={issue === null ? undefined : `${id}-issue`}>
      <legend>{legend}</legend>
      {help && <p className="field-help">{help}</p>}
      {children}
      {issue !== null && (
        <p className="field-issue" id={`${id}-issue`} tabIndex={-1} role="alert">
          {issue}
        </p>
      )}
    </fieldset>
  );
}

interface ChoiceProps extends Omit<ComponentProps<'input'>, 'id' | 'className'> {
  type: 'checkbox' | 'radio';
  label: ReactNode;
  /** What it does, in a line. */
  help?: ReactNode;
}

export function Choice({ label, help, ...rest }: ChoiceProps) {
  const id = useId();
  return (
    <div className="choice">
      <input {...rest} id={id} aria-describedby={help ? `${id}-help` : undefined} />
      <label htmlFor={id}>{label}</label>
      {help && (
        <p className="field-help" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** The text in a field as it was typed: the blanks of a password count. */
export function typedIn(values: FormData, name: string): string {
  const value = values.get(name);
  return typeof value === 'string' ? value : '';
}

/** The text in a field, without blanks around it. */
export const textOf = (values: FormData, name: string): string => typedIn(values, name).trim();
