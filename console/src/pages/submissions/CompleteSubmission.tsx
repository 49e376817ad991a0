import { useParams } from 'react-router';
import { paths } from '../../paths';
import { useChange, type Issue } from '../../server';
import { Button, ButtonLink } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { OneSubmission, UpdateSubmission, type SubmissionToChange } from './OneSubmission';

export function Page() {
  const { id = '' } = useParams();
  return (
    <Dialog shape="alert" title="Complete this submission" closesTo={paths.submission(id)}>
      <OneSubmission>{(submission) => <Complete submission={submission} />}</OneSubmission>
    </Dialog>
  );
}

function Complete({ submission: { id, status, isTest, intakeBot } }: { submission: SubmissionToChange }) {
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(UpdateSubmission);
  const complete = async () => {
    if ((await send({ input: { id, status: 'COMPLETED' } })) === null) return;
    toast('The submission is completed.');
    done();
  };
  const missing = refusal?.issues.filter(({ path }) => path.startsWith('data.')) ?? [];
  return (
    <Form refusal={missing.length > 0 ? null : refusal} onSubmit={() => void complete()}>
      <DialogBody>
        {status === 'COMPLETED' && <p>It is completed already.</p>}
        <ul className="stops">
          <li>A contact is found or made by the e-mail address or phone number in the answers.</li>
          {intakeBot?.recordType != null && (
            <li>
              A record of the type <code>{intakeBot.recordType}</code> is made of it.
            </li>
          )}
          <li>
            Endpoints that listen to <code>submission.completed</code> are told{isTest && ', although it is a test'}.
          </li>
          <li>It cannot go back to in progress.</li>
        </ul>
        {missing.length > 0 && <Missing issues={missing} submissionId={id} bot={intakeBot} />}
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep it in progress</CloseButton>
        <Button
          type="submit"
          look="main"
          busy={isBusy && 'Completing…'}
          why={status === 'COMPLETED' ? 'It is completed.' : null}
        >
          Complete submission
        </Button>
      </DialogFoot>
    </Form>
  );
}

interface MissingProps {
  issues: readonly Issue[];
  submissionId: string;
  bot: SubmissionToChange['intakeBot'];
}

/** What it still lacks, by the words that people read. */
function Missing({ issues, submissionId, bot }: MissingProps) {
  const labelOf = (path: string) => bot?.schema.find(({ name }) => `data.${name}` === path)?.label ?? path;
  return (
    <div className="form-refusal" role="alert" tabIndex={-1}>
      <p>It cannot be completed yet:</p>
      <ul className="stops">
        {issues.map(({ path, message }) => (
          <li key={path}>
            “<StrangerText text={labelOf(path)} max={100} />” {message}.
          </li>
        ))}
      </ul>
      <ButtonLink isSmall to={paths.editSubmission(submissionId)}>
        Edit answers
      </ButtonLink>
    </div>
  );
}
