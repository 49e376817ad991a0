import { useState } from 'react';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, NothingToDo, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { placeOf } from '../../ui/urls';
import { pauses, whyNotSend } from './endpoints';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { useThisWebhook } from './useThisWebhook';

const ResumeWebhook = graphql(`
  mutation ResumeWebhook($input: ResumeWebhookEndpointInput!) {
    resumeWebhookEndpoint(input: $input) {
      webhookEndpoint {
        ...EndpointState
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog title="Resume this endpoint" closesTo={useThisWebhook()}>
      <OneEndpoint>{(endpoint) => <Resume endpoint={endpoint} />}</OneEndpoint>
    </Dialog>
  );
}

function Resume({ endpoint: { id, url, status, pausedAt, pauseReason, heldCount } }: { endpoint: Endpoint }) {
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(ResumeWebhook);
  const [skipHeld, setSkipHeld] = useState(false);
  const held = counted(heldCount, 'event');
  const { beforeResume } = pauses[pauseReason ?? 'MANUAL'];
  const resume = async () => {
    if ((await send({ input: { id, skipHeld } })) === null) return;
    toast(skipHeld ? 'The endpoint is resumed, and what was held is dropped.' : 'The endpoint is resumed.');
    done();
  };
  if (status === 'ACTIVE') return <NothingToDo>It is active already: its events are sent as they happen.</NothingToDo>;
  return (
    <Form refusal={refusal} onSubmit={() => void resume()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={placeOf(url)} max={100} />
          </b>{' '}
          {heldCount === 0 ? 'has nothing held' : `has ${held} held`}
          {pausedAt !== null && (
            <>
              {' '}
              since <Time at={pausedAt} as="moment" />
            </>
          )}
          .
        </p>
        {heldCount > 0 && (
          <Choices legend="What to do with what is held" name="skipHeld">
            <Choice
              type="radio"
              name="held"
              value="send"
              checked={!skipHeld}
              onChange={() => setSkipHeld(false)}
              label="Send it, the oldest first"
              help="The oldest goes alone; once it arrives, the others follow in order."
            />
            <Choice
              type="radio"
              name="held"
              value="drop"
              checked={skipHeld}
              onChange={() => setSkipHeld(true)}
              label="Drop it"
              help="It ends as skipped. A replay of missed events can still send it later."
            />
          </Choices>
        )}
        {beforeResume !== null && <p className="quiet">{beforeResume}</p>}
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton>Keep it paused</CloseButton>
        <Button type="submit" look={skipHeld ? 'danger' : 'main'} busy={isBusy && 'Resuming…'} why={whyNotSend(viewer)}>
          {heldCount === 0 ? 'Resume' : skipHeld ? `Drop ${held} and resume` : `Resume and send ${held}`}
        </Button>
      </DialogFoot>
    </Form>
  );
}
