import { useLocation } from 'react-router';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { ButtonLink } from '../../ui/Button';
import { Card } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { whyNotSend } from './endpoints';
import { ReplayProgress } from './ReplayProgress';
import { Replays as ReplaysOfWorkspace } from './replay-state';

const shownMax = 5;

/** The latest replays to an endpoint, of the latest of the workspace. Dry runs only count, and are left out. */
export function Replays({ endpointId }: { endpointId: string }) {
  const viewer = useViewer();
  const { pathname } = useLocation();
  const { data, refusal, again } = useRead(ReplaysOfWorkspace, {}, { types: ['Replay'] });
  const isDialogOpen = pathname === paths.replayWebhook(endpointId);
  const replays = data?.replays.nodes.filter(({ dryRun, endpoint }) => !dryRun && endpoint?.id === endpointId);
  return (
    <Card
      title="Replays"
      aside={
        <ButtonLink isSmall to={paths.replayWebhook(endpointId)} why={whyNotSend(viewer)}>
          Replay events
        </ButtonLink>
      }
    >
      {refusal && replays === undefined && <ErrorCard refusal={refusal} again={again} />}
      {!refusal && replays === undefined && <Skeleton />}
      {replays?.length === 0 && (
        <p className="quiet">
          None yet. A replay sends once more what happened in a stretch of time: all, or only what failed.
        </p>
      )}
      <ul className="replays">
        {replays?.slice(0, shownMax).map((replay) => (
          <li key={replay.id}>
            <ReplayProgress replay={replay} isFollowedElsewhere={isDialogOpen} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
