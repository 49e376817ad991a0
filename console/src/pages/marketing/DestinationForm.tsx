import { useState, type ReactNode } from 'react';
import { graphql } from '../../graphql';
import type { BotToMapQuery, CreateConversionDestinationInput } from '../../gql/graphql';
import { useRead, type Refusal } from '../../server';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, SelectField, TextArea, TextField, textOf } from '../../ui/Form';
import { plainText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { isField } from '../bots/fields';
import type { Destination } from './conversions';
import { attributionGuide, guideOf, type PlatformField, type PlatformWords } from './platforms';

const BotToMap = graphql(`
  query BotToMap($id: ID!) {
    intakeBot(id: $id) {
      id
      schema {
        name
        label
        type
        kind
      }
    }
  }
`);

type Field = NonNullable<BotToMapQuery['intakeBot']>['schema'][number];

/** All of a destination but its bot and id. */
export type DestinationValues = Omit<CreateConversionDestinationInput, 'intakeBotId'>;

interface DestinationFormProps {
  botId: string;
  platform: PlatformWords;
  /** What it is now; undefined for a new one. */
  destination?: Destination;
  refusal: Refusal | null;
  onSubmit(values: DestinationValues): void;
  /** Its buttons, the main one last. */
  children: ReactNode;
}

type ValueKind = 'none' | 'amount' | 'field';
type GoogleCredential = 'serviceAccount' | 'refresh';

/** Ids and token first, then consent; what few need is folded away, and says what it is set to. */
export function DestinationForm(props: DestinationFormProps) {
  const { data, refusal, again } = useRead(BotToMap, { id: props.botId }, { policy: 'cache-first' });
  const bot = data?.intakeBot;
  if (!bot) return <DialogAwaiting refusal={refusal} again={again} missing={data ? 'There is no such bot.' : null} />;
  return <Fields {...props} fields={bot.schema.filter((item) => isField(item) && item.name !== '')} />;
}

function Fields({
  platform,
  destination: now,
  refusal,
  onSubmit,
  children,
  fields,
}: DestinationFormProps & { fields: readonly Field[] }) {
  // As it was opened: what somebody else changes meanwhile is not sent back as it was.
  const [destination] = useState(now);
  const { guard } = useDialog();
  const [valueKind, setValueKind] = useState<ValueKind>(valueKindOf(destination));
  const [googleCredential, setGoogleCredential] = useState<GoogleCredential>('serviceAccount');
  const { key, title, settings, hasTestCode } = platform;
  const submit = (values: FormData) => {
    const account = {
      ...Object.fromEntries(settings.map(({ name }) => [name, textOf(values, `${key}.${name}`) || null])),
      ...credentialIn(values, platform, googleCredential),
    };
    onSubmit({
      [key]: account,
      consentMode: textOf(values, 'consentMode') === 'NOT_REQUIRED' ? 'NOT_REQUIRED' : 'REQUIRED',
      value: valueIn(values, valueKind),
      eventName: textOf(values, 'eventName') || 'Lead',
      defaultCountry: textOf(values, 'defaultCountry').toUpperCase() || null,
      mapping: mappingIn(values),
      ...(hasTestCode && { testCode: textOf(values, 'testCode') || null }),
    });
  };
  return (
    <Form refusal={refusal} onChange={() => guard('What you typed is not saved.')} onSubmit={submit}>
      <DialogBody>
        <p className="quiet">
          {destination === undefined ? `You need ${platform.needs}. ` : ''}
          <a href={guideOf(platform)} target="_blank" rel="noreferrer">
            The guide for {title}
          </a>{' '}
          shows where each is found, step by step.
        </p>
        {settings.map((field) => (
          <AccountField key={field.name} platform={key} field={field} now={textIn(destination?.settings[field.name])} />
        ))}
        {key === 'google' && (
          <Choices legend="How we sign in" name="google.credential">
            <Choice
              type="radio"
              name="googleCredential"
              value="serviceAccount"
              checked={googleCredential === 'serviceAccount'}
              onChange={() => setGoogleCredential('serviceAccount')}
              label="With a service account"
            />
            <Choice
              type="radio"
              name="googleCredential"
              value="refresh"
              checked={googleCredential === 'refresh'}
              onChange={() => setGoogleCredential('refresh')}
              label="With a refresh token of an OAuth client"
            />
          </Choices>
        )}
        {key === 'google' && googleCredential === 'refresh' ? (
          <RefreshFields destination={destination} />
        ) : (
          <TokenField platform={platform} destination={destination} />
        )}

        <Choices
          legend="Consent"
          name="consentMode"
          help={
            <>
              Whoever denied it is told of to nobody, in either way.{' '}
              <a href={attributionGuide} target="_blank" rel="noreferrer">
                How consent is recorded
              </a>
            </>
          }
        >
          <Choice
            type="radio"
            name="consentMode"
            value="REQUIRED"
            defaultChecked={destination?.consentMode !== 'NOT_REQUIRED'}
            label="Only with a recorded consent"
            help="A submission without ad_user_data granted is skipped."
          />
          <Choice
            type="radio"
            name="consentMode"
            value="NOT_REQUIRED"
            defaultChecked={destination?.consentMode === 'NOT_REQUIRED'}
            label="Also where none is recorded"
            help="Your workspace answers for it. The change stands in the audit log."
          />
        </Choices>

        {hasTestCode && (
          <TextField
            name="testCode"
            label="Test code"
            help={`${platform.title} shows it in Events Manager → Test events. Only tests carry it.`}
            defaultValue={destination?.testCode ?? ''}
            autoComplete="off"
            spellCheck={false}
          />
        )}

        <Choices legend="Value" name="value" help="What a conversion is worth to you.">
          {valueKinds.map(([kind, label]) => (
            <Choice
              key={kind}
              type="radio"
              name="valueKind"
              value={kind}
              checked={valueKind === kind}
              onChange={() => setValueKind(kind)}
              label={label}
            />
          ))}
        </Choices>
        {valueKind !== 'none' && <ValueFields kind={valueKind} fields={fields} destination={destination} />}

        <details className="form-more">
          <summary>Who is told of: fields of the bot</summary>
          <Mapping platform={platform} fields={fields} destination={destination} />
        </details>
        <details className="form-more">
          <summary>Name of the event</summary>
          <div>
            <TextField
              name="eventName"
              label="Event"
              help={
                key === 'google' || key === 'linkedin'
                  ? `${title} goes by its ${key === 'google' ? 'conversion action' : 'rule'}; the name is a part of the event's id alone.`
                  : "Lead, unless your campaigns optimise for another. The same as your pixel's, if that sends it too."
              }
              defaultValue={destination?.eventName ?? 'Lead'}
              autoComplete="off"
            />
          </div>
        </details>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>{children}</DialogFoot>
    </Form>
  );
}

const AccountField = ({ platform, field, now }: { platform: string; field: PlatformField; now: string }) => (
  <TextField
    name={`${platform}.${field.name}`}
    label={field.isOptional ? `${field.label} (optional)` : field.label}
    help={field.help}
    placeholder={field.placeholder}
    defaultValue={now}
    autoComplete="off"
    spellCheck={false}
  />
);

/** What is kept already, told by its last four; the field stays empty. */
function Kept({ destination }: { destination: Destination | undefined }) {
  if (!destination?.credential) return null;
  const { lastFour, setAt, expiresAt } = destination.credential;
  return (
    <>
      {' '}
      Leave it empty to keep the one that ends in <code>{lastFour}</code>, set <Time at={setAt} />
      {expiresAt !== null && (
        <>
          , ends <Time at={expiresAt} as="date" />
        </>
      )}
      .
    </>
  );
}

function TokenField({ platform, destination }: { platform: PlatformWords; destination: Destination | undefined }) {
  const { key, token } = platform;
  const help = (
    <>
      {token.help} Kept encrypted, never shown again.
      <Kept destination={destination} />
    </>
  );
  const name = `${key}.${token.name}`;
  if (key === 'google') return <TextArea name={name} label={token.label} help={help} rows={4} autoComplete="off" />;
  return <TextField name={name} label={token.label} help={help} autoComplete="off" spellCheck={false} />;
}

const RefreshFields = ({ destination }: { destination: Destination | undefined }) => (
  <>
    <TextField name="google.refresh.clientId" label="Client ID" autoComplete="off" spellCheck={false} />
    <TextField name="google.refresh.clientSecret" label="Client secret" autoComplete="off" spellCheck={false} />
    <TextField
      name="google.refresh.refreshToken"
      label="Refresh token"
      help={
        <>
          Its scope has to hold <code>auth/datamanager</code>. Kept encrypted, never shown again.
          <Kept destination={destination} />
        </>
      }
      autoComplete="off"
      spellCheck={false}
    />
  </>
);

interface ValueFieldsProps {
  kind: 'amount' | 'field';
  fields: readonly Field[];
  destination: Destination | undefined;
}

function ValueFields({ kind, fields, destination }: ValueFieldsProps) {
  const numbers = fields.filter(({ type }) => type === 'number');
  const value = destination?.value ?? null;
  return (
    <div className="value-fields">
      {kind === 'amount' ? (
        <TextField
          name="value.amount"
          label="Amount"
          inputMode="decimal"
          defaultValue={value?.amount ?? ''}
          autoComplete="off"
        />
      ) : (
        <SelectField
          name="value.field"
          label="Field"
          help={numbers.length === 0 ? 'The bot has no number field.' : undefined}
          defaultValue={value?.field ?? ''}
        >
          {numbers.map(({ name, label }) => (
            <option key={name} value={name}>
              {plainText(label, 60)}
            </option>
          ))}
        </SelectField>
      )}
      <TextField
        name="value.currency"
        label="Currency"
        placeholder="EUR"
        defaultValue={value?.currency ?? ''}
        maxLength={3}
        autoComplete="off"
      />
    </div>
  );
}

const canonicalFields = [
  ['email', 'E-mail'],
  ['phone', 'Phone'],
  ['firstName', 'First name'],
  ['lastName', 'Last name'],
  ['city', 'City'],
  ['region', 'Region'],
  ['postalCode', 'Postal code'],
  ['country', 'Country'],
  ['externalId', 'External id'],
] as const;

function Mapping({
  platform,
  fields,
  destination,
}: {
  platform: PlatformWords;
  fields: readonly Field[];
  destination: Destination | undefined;
}) {
  return (
    <div>
      <p className="field-help">
        By itself: e-mail and phone by their type, the others by their names (first_name, last_name, full_name, city,
        state, zip, postal_code, country); the external id is the contact's.
        {platform.key === 'linkedin' &&
          ' LinkedIn takes names in the clear, and gets none unless both are chosen here.'}
      </p>
      <div className="mapping">
        {canonicalFields.map(([name, label]) => {
          const now = textIn(destination?.mapping[name]);
          return (
            <SelectField key={name} name={`mapping.${name}`} label={label} defaultValue={now}>
              <option value="">By itself</option>
              {now !== '' && !fields.some((field) => field.name === now) && (
                <option value={now}>{`${plainText(now, 60)} (gone)`}</option>
              )}
              {fields.map((field) => (
                <option key={field.name} value={field.name}>
                  {plainText(field.label === '' ? field.name : field.label, 60)}
                </option>
              ))}
            </SelectField>
          );
        })}
      </div>
      <TextField
        name="defaultCountry"
        label="Country of phone numbers without one"
        help="Two letters, such as DE. Empty: such numbers are left out, for a guess could name somebody else."
        defaultValue={destination?.defaultCountry ?? ''}
        maxLength={2}
        autoComplete="off"
      />
    </div>
  );
}

const valueKinds: readonly (readonly [ValueKind, string])[] = [
  ['none', 'None'],
  ['amount', 'The same for each'],
  ['field', 'What was answered to a number field'],
];

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

function valueKindOf(destination: Destination | undefined): ValueKind {
  if (!destination?.value) return 'none';
  return destination.value.field === null ? 'amount' : 'field';
}

function valueIn(values: FormData, kind: ValueKind): DestinationValues['value'] {
  if (kind === 'none') return null;
  const currency = textOf(values, 'value.currency').toUpperCase();
  if (kind === 'field') return { currency, field: textOf(values, 'value.field') };
  const amount = textOf(values, 'value.amount').replace(',', '.');
  return { currency, amount: amount === '' ? null : Number(amount) };
}

const mappingIn = (values: FormData): Record<string, string> =>
  Object.fromEntries(
    canonicalFields
      .map(([name]) => [name, textOf(values, `mapping.${name}`)] as const)
      .filter(([, field]) => field !== ''),
  );

/** What was typed of the credential; nothing where it is to stay as it is. */
function credentialIn(values: FormData, { key, token }: PlatformWords, google: GoogleCredential): object {
  if (key === 'google' && google === 'refresh') {
    const [clientId, clientSecret, refreshToken] = ['clientId', 'clientSecret', 'refreshToken'].map((name) =>
      textOf(values, `google.refresh.${name}`),
    );
    const isTyped = [clientId, clientSecret, refreshToken].some((text) => text !== '');
    return isTyped ? { refresh: { clientId, clientSecret, refreshToken } } : {};
  }
  const typed = textOf(values, `${key}.${token.name}`);
  return typed === '' ? {} : { [token.name]: typed };
}
