import { useEffect } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { ErasureToShowQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { count } from '../../ui/amounts';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Fact, Facts } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Status } from '../../ui/Status';
import { Time } from '../../ui/Time';

const ErasureToShow = graphql(`
  query ErasureToShow($id: ID!) {
    erasure(id: $id) {
      id
      status
      createdAt
      finishedAt
      counts {
        submissions
        messages
        records
        events
        attempts
        idempotencyRecords
      }
    }
  }
`);

type Erasure = NonNullable<ErasureToShowQuery['erasure']>;

const askEveryMs = 2_000;

/** What an erasure came to: a large one goes on, and is looked at until it is done. */
export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(ErasureToShow, { id }, { policy: 'network-only' });
  const erasure = data?.erasure ?? null;
  const isRunning = erasure?.status === 'RUNNING';
  useEffect(() => {
    if (!isRunning) return;
    const timer = setInterval(again, askEveryMs);
    return () => clearInterval(timer);
  }, [isRunning, again]);
  return (
    <Dialog title={erasure?.status === 'DONE' ? 'The person is erased' : 'Erasing a person'} closesTo={paths.contacts}>
      <DialogBody>
        {refusal?.code === 'resource_not_found' && (
          <p>There is no such erasure. What was erased is told for 90 days.</p>
        )}
        {refusal && refusal.code !== 'resource_not_found' && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && erasure === null && <Skeleton />}
        {erasure && <Counts erasure={erasure} />}
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
      </DialogFoot>
    </Dialog>
  );
}

function Counts({ erasure: { status, createdAt, finishedAt, counts } }: { erasure: Erasure }) {
  return (
    <>
      <p role="status" className="marks">
        {status === 'DONE' ? (
          <>
            <Status kind="good">Done</Status> <Time at={finishedAt ?? createdAt} />
          </>
        ) : (
          <>
            <Status kind="wait">Running</Status> Nothing of the person is shown or sent any more; the rest is being
            overwritten.
          </>
        )}
      </p>
      <Facts>
        {rows.map(([key, name]) => (
          <Fact key={key} name={name}>
            <span className="number">{count(counts[key])}</span>
          </Fact>
        ))}
      </Facts>
      <p className="faint">You can close this: it goes on, and this address tells how far it is for 90 days.</p>
    </>
  );
}

const rows: readonly (readonly [keyof Omit<Erasure['counts'], '__typename'>, string])[] = [
  ['submissions', 'Submissions deleted'],
  ['messages', 'Messages deleted'],
  ['records', 'Records deleted'],
  ['events', 'Events blanked'],
  ['attempts', 'Answers of receivers blanked'],
  ['idempotencyRecords', 'Answers kept for retries blanked'],
];
