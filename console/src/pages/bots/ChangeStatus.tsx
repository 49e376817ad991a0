import type { ReactNode } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange, useRead } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { ErrorCard, Skeleton } from '../../ui/States';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { botStatuses, steps, type Bot, type Step } from './bots';

const BotToChange = graphql(`
  query BotToChange($id: ID!) {
    intakeBot(id: $id) {
      ...Bot
    }
  }
`);
const ChangeBotStatus = graphql(`
  mutation ChangeBotStatus($input: ChangeIntakeBotStatusInput!) {
    changeIntakeBotStatus(input: $input) {
      intakeBot {
        id
        status
      }
    }
  }
`);

export function Page() {
  const { id = '', step: verb } = useParams();
  const step = steps.find((one) => one.verb === verb);
  const { data, refusal, again } = useRead(BotToChange, { id }, { policy: 'cache-first' });
  const bot = data?.intakeBot ?? null;
  const title = step === undefined ? 'Change a bot' : `${step.label} this bot`;
  return (
    <Dialog shape="alert" title={title} closesTo={paths.bot(id)}>
      {bot !== null && step?.from.includes(bot.status) === true ? (
        <Change bot={bot} step={step} />
      ) : (
        <>
          <DialogBody>
            {refusal && <ErrorCard refusal={refusal} again={again} />}
            {!refusal && bot === null && <Skeleton />}
            {bot !== null && <NotNow bot={bot} step={step} />}
          </DialogBody>
          <DialogFoot>
            <CloseButton isFirst>Close</CloseButton>
          </DialogFoot>
        </>
      )}
    </Dialog>
  );
}

const NotNow = ({ bot: { status }, step }: { bot: Bot; step: Step | undefined }) => (
  <p>
    {step === undefined
      ? 'There is no such step.'
      : `The bot is ${botStatuses[status][1].toLowerCase()}. “${step.label}” is for bots that are ${step.from
          .map((from) => botStatuses[from][1].toLowerCase())
          .join(' or ')}.`}
  </p>
);

function Change({ bot, step }: { bot: Bot; step: Step }) {
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(ChangeBotStatus);
  const change = async () => {
    if ((await send({ input: { id: bot.id, status: step.to } })) === null) return;
    toast(`${plainText(bot.name, 60)} ${step.done}.`);
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void change()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={bot.name} max={100} />
          </b>{' '}
          has taken {counted(bot.submissionCount, 'submission')}.
        </p>
        <ul className="stops">
          {consequences[step.verb]}
          <li>
            Endpoints that listen to <code>intake-bot.status-changed</code> are told.
          </li>
        </ul>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>
          {step.ends ? `Keep it ${botStatuses[bot.status][1].toLowerCase()}` : 'Cancel'}
        </CloseButton>
        <Button type="submit" look={step.ends ? 'danger' : 'main'} busy={isBusy && step.busy} why={whyNotAdmin(role)}>
          {step.label} bot
        </Button>
      </DialogFoot>
    </Form>
  );
}

const refusedCode = <code>validation_failed</code>;

/** What each step begins and ends. */
const consequences: Readonly<Record<string, ReactNode>> = {
  activate: (
    <>
      <li>It takes submissions from now on, by its link and through the API.</li>
      <li>It cannot become a draft again.</li>
    </>
  ),
  resume: <li>It takes submissions again, by its link and through the API.</li>,
  pause: (
    <>
      <li>It takes no new submissions: the API refuses them with {refusedCode}, at once.</li>
      <li>What was submitted stays, and drafts can still be edited and completed.</li>
      <li>It can be resumed at any time.</li>
    </>
  ),
  archive: (
    <>
      <li>It goes on taking no submissions, and is put away.</li>
      <li>What was submitted stays, with contacts and records.</li>
      <li>It can be restored, and is paused then.</li>
    </>
  ),
  restore: <li>It comes back paused, and takes submissions once it is resumed.</li>,
};
