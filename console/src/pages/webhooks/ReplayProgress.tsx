import { useState, type ReactNode } from 'react';
import { graphql } from '../../graphql';
import { useChange, useFollow } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { count } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { Meter } from '../../ui/Meter';
import { Status } from '../../ui/Status';
import { Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { onlyInWords, type ReplayState } from './replay-state';

const ReplayProgressed = graphql(`
  subscription ReplayProgressed($id: ID!) {
    replayProgressed(id: $id) {
      ...ReplayState
    }
  }
`);
const CancelReplay = graphql(`
  mutation CancelReplay($input: CancelReplayInput!) {
    cancelReplay(input: $input) {
      replay {
        ...ReplayState
      }
    }
  }
`);

interface ReplayProgressProps {
  replay: ReplayState;
  /** Whether something else follows it now: a tab has two streams at most. */
  isFollowedElsewhere?: boolean;
  /** What to know while it runs. */
  children?: ReactNode;
}

/** How far a replay is, as it goes, and the way to stop it. */
export function ReplayProgress({ replay: known, isFollowedElsewhere = false, children }: ReplayProgressProps) {
  const { role } = useViewer();
  const [told, setTold] = useState<ReplayState | null>(null);
  const { send, isBusy, refusal } = useChange(CancelReplay);
  const replay = told?.id === known.id && known.status === 'RUNNING' ? told : known;
  const isRunning = replay.status === 'RUNNING';
  useFollow(ReplayProgressed, { id: known.id }, ({ replayProgressed }) => setTold(replayProgressed), {
    pause: !isRunning || isFollowedElsewhere,
  });
  const cancel = async () => {
    const done = await send({ input: { id: known.id } });
    if (done === null) return;
    setTold(done.cancelReplay.replay);
    toast('The replay is stopped. What it made stays.');
  };
  const { done, total, only, since, until, ratePerSecond } = replay;
  const text = total === null ? `${count(done)} made, counting…` : `${count(done)} of ${count(total)}`;
  return (
    <div className="replay">
      <div className="replay-words">
        <p>
          <b>{onlyInWords[only]}</b> from <Time at={since} as="moment" /> to <Time at={until} as="moment" />
        </p>
        <p className="faint number">
          {text}
          {isRunning && `, ${ratePerSecond} a second at most`}
        </p>
        {refusal && <p role="alert">{refusal.message}</p>}
      </div>
      {isRunning ? (
        <Button isSmall onClick={() => void cancel()} busy={isBusy && 'Stopping…'} why={whyNotAdmin(role)}>
          Stop replay
        </Button>
      ) : (
        <Status kind={replay.status === 'DONE' ? 'good' : 'still'}>
          {replay.status === 'DONE' ? 'Done' : 'Stopped'}
        </Status>
      )}
      {isRunning && <Meter isProgress label="Replayed" value={done} max={total ?? Math.max(1, done * 2)} text={text} />}
      {isRunning && children && <div className="replay-note">{children}</div>}
    </div>
  );
}
