import { useState } from 'react';
import { graphql } from '../../graphql';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, NothingToDo, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal } from '../../ui/Form';
import { toast } from '../../ui/Toasts';
import { isBroken, whyNotConnect, type Destination } from './conversions';
import { OneDestination, useThisMarketing } from './OneDestination';
import type { PlatformWords } from './platforms';
import { useHeld } from './useHeld';

const ResumeDestination = graphql(`
  mutation ResumeDestination($input: ResumeConversionDestinationInput!) {
    resumeConversionDestination(input: $input) {
      conversionDestination {
        ...Destination
      }
    }
  }
`);

export function Page() {
  return (
    <Dialog title="Resume conversions" closesTo={useThisMarketing()}>
      <OneDestination>
        {(destination, platform) => <Resume destination={destination} platform={platform} />}
      </OneDestination>
    </Dialog>
  );
}

function Resume({ destination, platform }: { destination: Destination; platform: PlatformWords }) {
  const { id, status } = destination;
  const heldCount = useHeld(id) ?? 0;
  const viewer = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(ResumeDestination);
  const [skipHeld, setSkipHeld] = useState(false);
  const held = counted(heldCount, 'conversion');
  const resume = async () => {
    if ((await send({ input: { id, skipHeld } })) === null) return;
    toast(skipHeld ? `${platform.title} is resumed, and what was held is dropped.` : `${platform.title} is resumed.`);
    done();
  };
  if (status === 'ACTIVE')
    return <NothingToDo>{platform.title} is active already: leads are sent as they come.</NothingToDo>;
  return (
    <Form refusal={refusal} onSubmit={() => void resume()}>
      <DialogBody>
        <p>
          <b>{platform.title}</b> has {heldCount === 0 ? 'nothing' : held} held.
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
              help={`With the time at which each happened; ${platform.title} takes what is at most ${platform.ageDays} days old.`}
            />
            <Choice
              type="radio"
              name="held"
              value="drop"
              checked={skipHeld}
              onChange={() => setSkipHeld(true)}
              label="Drop it"
              help="It ends as skipped, and cannot be sent later."
            />
          </Choices>
        )}
        {isBroken(destination) && (
          <p className="quiet">
            {platform.title} refused its {destination.pauseReason === 'AUTH_BROKEN' ? 'token' : 'settings'}: unless that
            is mended, it pauses again at once.
          </p>
        )}
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton>Keep it paused</CloseButton>
        <Button
          type="submit"
          look={skipHeld ? 'danger' : 'main'}
          busy={isBusy && 'Resuming…'}
          why={whyNotConnect(viewer)}
        >
          {heldCount === 0 ? 'Resume' : skipHeld ? `Drop ${held} and resume` : `Resume and send ${held}`}
        </Button>
      </DialogFoot>
    </Form>
  );
}
