import './Workspace.css';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { planNames, useViewer, whyNotAdmin, whyNotOwner, type Viewer } from '../../shell/viewer';
import { bytes, count, counted } from '../../ui/amounts';
import { Button, Buttons } from '../../ui/Button';
import { Card, Fact, Facts } from '../../ui/Facts';
import { Form, FormRefusal, TextField, textOf } from '../../ui/Form';
import { PageHead } from '../../ui/PageHead';
import { Status } from '../../ui/Status';
import { toast } from '../../ui/Toasts';

const RenameWorkspace = graphql(`
  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {
    updateWorkspace(input: $input) {
      workspace {
        id
        name
      }
    }
  }
`);

const SwitchAgents = graphql(`
  mutation SwitchAgents($input: UpdateWorkspaceInput!) {
    updateWorkspace(input: $input) {
      workspace {
        id
        agentsMayConnect
      }
    }
  }
`);

export function Page() {
  const { workspace, role } = useViewer();
  return (
    <>
      <PageHead title="Workspace" />
      <Card title="Name">
        <Rename name={workspace.name} why={whyNotAdmin(role)} />
      </Card>
      <Card title="Plan" aside={<span className="quiet">{planNames[workspace.plan]}</span>}>
        <Allowed limits={workspace.limits} />
        <p className="quiet plan-note">
          The operator of this server sets the plan. Another plan takes effect within a second.
        </p>
      </Card>
      <Card
        title="Agents"
        aside={
          workspace.agentsMayConnect ? <Status kind="good">May connect</Status> : <Status kind="still">Shut out</Status>
        }
      >
        <Agents mayConnect={workspace.agentsMayConnect} why={whyNotOwner(role)} />
      </Card>
      <Card title="For programs and for support">
        <Facts>
          <Fact name="Workspace id">
            <code>{workspace.id}</code>
          </Fact>
        </Facts>
      </Card>
    </>
  );
}

function Rename({ name, why }: { name: string; why: string | null }) {
  const { send, isBusy, refusal } = useChange(RenameWorkspace);
  const rename = async (values: FormData) => {
    const done = await send({ input: { name: textOf(values, 'name') } });
    if (done === null) return;
    toast(`The workspace is called ${done.updateWorkspace.workspace.name}.`);
  };
  return (
    <Form refusal={refusal} onSubmit={(values) => void rename(values)}>
      <div className="rename">
        <TextField
          name="name"
          label="Workspace name"
          help="Members see it at the top of every page."
          defaultValue={name}
          maxLength={200}
          readOnly={why !== null}
        />
        <FormRefusal />
        <Buttons>
          <Button type="submit" look="main" busy={isBusy && 'Saving…'} why={why}>
            Rename workspace
          </Button>
        </Buttons>
      </div>
    </Form>
  );
}

function Agents({ mayConnect, why }: { mayConnect: boolean; why: string | null }) {
  const { send, isBusy, refusal } = useChange(SwitchAgents);
  const turn = async () => {
    const done = await send({ input: { agentsMayConnect: !mayConnect } });
    if (done === null) return;
    toast(done.updateWorkspace.workspace.agentsMayConnect ? 'Agents may connect.' : 'Agents are shut out.');
  };
  return (
    <Form refusal={refusal} onSubmit={() => void turn()}>
      <div className="agents">
        <p>
          Agents such as Claude Code, Cursor, VS Code and Codex read this workspace with an API key, as far as its
          scopes go. What one reads goes to the maker of its model.{' '}
          {mayConnect
            ? 'Shut out, each is refused within a second. Keys go on working for programs.'
            : 'At present each is refused, whatever its key. Keys work for programs.'}
        </p>
        <FormRefusal />
        <Buttons>
          <Button type="submit" look={mayConnect ? 'danger' : 'plain'} busy={isBusy && 'Saving…'} why={why}>
            {mayConnect ? 'Shut agents out' : 'Let agents connect'}
          </Button>
        </Buttons>
        <p>
          <a href="/docs/agents">How agents connect, and what they may do</a>
        </p>
      </div>
    </Form>
  );
}

function Allowed({ limits }: { limits: Viewer['workspace']['limits'] }) {
  const { submissionRetentionDays: days } = limits;
  return (
    <Facts>
      <Fact name="API">
        {limits.api
          ? `${counted(limits.apiKeys, 'key')}, ${count(limits.requestsPerMinute)} requests a minute each`
          : 'Not in this plan. Pro and Business have it.'}
      </Fact>
      <Fact name="Webhooks">
        {limits.webhooks ? counted(limits.webhookEndpoints, 'endpoint') : 'Not in this plan. Business has them.'}
      </Fact>
      <Fact name="Conversions">
        {limits.conversions ? 'Ad platforms are told of leads' : 'Not in this plan. Pro and Business have them.'}
      </Fact>
      <Fact name="Submissions">{`${count(limits.submissionsPerMonth)} a calendar month, test ones aside`}</Fact>
      <Fact name="Kept for">{days === null ? 'ever' : counted(days, 'day')}</Fact>
      <Fact name="Storage">{bytes(limits.storageBytes)}</Fact>
    </Facts>
  );
}
