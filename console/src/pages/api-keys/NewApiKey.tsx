import { useRef, useState } from 'react';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, SelectField, TextArea, TextField, textOf } from '../../ui/Form';
import { AgentNote } from './AgentNote';
import { AgentSetup } from './AgentSetup';
import { agentPreset, presets, scopeGroups, type Preset } from './scopes';
import { ShownOnce } from './ShownOnce';

const CreateApiKey = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      secret
      apiKey {
        id
        name
        scopes
      }
    }
  }
`);

interface Made {
  name: string;
  secret: string;
  scopes: readonly string[];
  isForAgent: boolean;
}

export const Page = () => <NewKey />;

export function NewKey({ isForAgent = false }: { isForAgent?: boolean }) {
  const [made, setMade] = useState<Made | null>(null);
  const title = isForAgent ? 'Create an API key for an agent' : 'Create an API key';
  return (
    <Dialog title={made === null ? title : `Key created: ${made.name}`} closesTo={paths.apiKeys}>
      {made === null ? (
        <NewKeyForm startsForAgent={isForAgent} onMade={setMade} />
      ) : (
        <ShownOnce name={made.name} secret={made.secret}>
          {made.isForAgent && <AgentSetup secret={made.secret} scopes={made.scopes} />}
        </ShownOnce>
      )}
    </Dialog>
  );
}

const day = 86_400_000;
const expiries = [
  ['30', '30 days'],
  ['90', '90 days'],
  ['365', '365 days'],
  ['never', 'Never'],
  ['date', 'On a date…'],
] as const;

/** undefined: never. A date is the end of that day, where the reader is. */
function expiryOf(values: FormData): string | undefined {
  const chosen = textOf(values, 'expiry');
  if (chosen === 'never') return undefined;
  if (chosen !== 'date') return new Date(Date.now() + Number(chosen) * day).toISOString();
  const date = new Date(`${textOf(values, 'date')}T23:59:59`);
  // What is no date is sent as it is: the server says what is wrong with it.
  return Number.isNaN(date.getTime()) ? textOf(values, 'date') : date.toISOString();
}

interface NewKeyFormProps {
  startsForAgent: boolean;
  onMade(made: Made): void;
}

function NewKeyForm({ startsForAgent, onMade }: NewKeyFormProps) {
  const { role } = useViewer();
  const { guard } = useDialog();
  const { send, isBusy, refusal } = useChange(CreateApiKey);
  const [isForAgent, setForAgent] = useState(startsForAgent);
  const [expiry, setExpiry] = useState<string>(startsForAgent ? agentPreset.expiry : '90');
  const scopes = useRef<HTMLDivElement>(null);

  const choose = (preset: Preset) => {
    for (const box of scopes.current?.querySelectorAll('input') ?? []) box.checked = preset.scopes.includes(box.value);
    if (preset.expiry !== undefined) setExpiry(preset.expiry);
    setForAgent(preset === agentPreset);
    guard('What you typed is not saved.');
  };
  const create = async (values: FormData) => {
    const input = {
      name: textOf(values, 'name'),
      scopes: values.getAll('scopes').map(String),
      expiresAt: expiryOf(values),
      allowedCidrs: textOf(values, 'allowedCidrs')
        .split(/[\s,]+/)
        .filter(Boolean),
      documentsOnly: values.has('documentsOnly'),
    };
    const done = await send({ input });
    if (done === null) return;
    const { apiKey, secret } = done.createApiKey;
    onMade({ name: apiKey.name, scopes: apiKey.scopes, secret, isForAgent });
  };

  return (
    <Form
      refusal={refusal}
      onChange={() => guard('What you typed is not saved.')}
      onSubmit={(values) => void create(values)}
    >
      <DialogBody>
        <TextField
          name="name"
          label="Name"
          help="What it is for, so that others know what stops when it ends."
          maxLength={100}
        />
        <Choices legend="Scopes" name="scopes" help="What a program may do with this key. Fewer is safer.">
          <div className="presets">
            {presets.map((preset) => (
              <Button key={preset.label} isSmall onClick={() => choose(preset)}>
                {preset.label}
              </Button>
            ))}
          </div>
          {isForAgent && <AgentNote />}
          <div className="scope-groups" ref={scopes}>
            {scopeGroups.map(({ title, scopes: those }) => (
              <div className="scope-group" key={title} role="group" aria-label={title}>
                <h3>{title}</h3>
                {those.map(({ scope, label, help }) => (
                  <Choice
                    key={scope}
                    type="checkbox"
                    name="scopes"
                    value={scope}
                    label={label}
                    help={help}
                    defaultChecked={startsForAgent && agentPreset.scopes.includes(scope)}
                  />
                ))}
              </div>
            ))}
          </div>
        </Choices>
        <SelectField name="expiry" label="Expires" value={expiry} onChange={(event) => setExpiry(event.target.value)}>
          {expiries.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </SelectField>
        {expiry === 'date' && <TextField name="date" label="Last day" type="date" />}
        <details>
          <summary>Where from, and what alone</summary>
          <DialogBody>
            <TextArea
              name="allowedCidrs"
              label="Allowed addresses"
              help="Ranges such as 203.0.113.0/24, one a line. Empty: from anywhere."
            />
            <Choice
              type="checkbox"
              name="documentsOnly"
              label="Trusted documents only"
              help="It may run the GraphQL documents that the workspace trusts, and nothing else; no REST, no agents."
            />
          </DialogBody>
        </details>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Creating…'} why={whyNotAdmin(role)}>
          Create key
        </Button>
      </DialogFoot>
    </Form>
  );
}
