import './Workspace.css';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { planNames, useViewer, whyNotAdmin, type Viewer } from '../../shell/viewer';
import { bytes, count, counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { Card, Fact, Facts } from '../../ui/Facts';
import { Form, FormRefusal, TextField, textOf } from '../../ui/Form';
import { PageHead } from '../../ui/PageHead';
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
        <div>
          <Button type="submit" look="main" busy={isBusy && 'Saving…'} why={why}>
            Rename workspace
          </Button>
        </div>
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
