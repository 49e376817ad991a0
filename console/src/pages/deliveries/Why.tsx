import { useEffect, useState, type ReactNode } from 'react';
import { paths } from '../../paths';
import { useViewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { Banner } from '../../ui/Banner';
import { ButtonLink } from '../../ui/Button';
import type { StatusKind } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { duration, Time } from '../../ui/Time';
import { hostOf } from '../../ui/urls';
import { pauses, whyNotSend } from '../webhooks/endpoints';
import { skipReasons } from './deliveries';
import { redelivery, type Attempt, type Delivery } from './delivery';
import { whatItDid } from './outcomes';
import { Redeliver } from './Redeliver';
import { statusText } from './statusTexts';
import { WhatToDo } from './WhatToDo';

const kinds: Readonly<Record<Delivery['status'], StatusKind>> = {
  DELIVERED: 'good',
  DELIVERING: 'wait',
  PENDING: 'wait',
  RETRYING: 'bad',
  HELD: 'wait',
  EXHAUSTED: 'bad',
  SKIPPED: 'still',
};

/** One sentence on how the delivery stands and why, what comes next, and what to do about it. */
export function Why({ delivery }: { delivery: Delivery }) {
  const { status, endpoint, event, createdAt } = delivery;
  const viewer = useViewer();
  const { why } = redelivery(delivery, viewer);
  const last = delivery.attempts.at(-1);
  return (
    <Banner
      kind={kinds[status]}
      title={<Sentence delivery={delivery} />}
      actions={
        <>
          <Redeliver delivery={delivery} />
          {status === 'HELD' && endpoint && <ButtonLink to={paths.webhook(endpoint.id)}>Go to the endpoint</ButtonLink>}
          {endpoint && status !== 'HELD' && (
            <ButtonLink to={paths.replayWebhook(endpoint.id, event?.createdAt ?? createdAt)} why={whyNotSend(viewer)}>
              Replay since this one
            </ButtonLink>
          )}
        </>
      }
    >
      <p>
        <Next delivery={delivery} />
      </p>
      {last && status !== 'DELIVERED' && status !== 'SKIPPED' && (
        <WhatToDo outcome={last.outcome} responseStatus={last.responseStatus} />
      )}
      {why !== null && status !== 'HELD' && status !== 'SKIPPED' && <p>{why}</p>}
    </Banner>
  );
}

function Sentence({ delivery: { status, endpoint, skipReason, attemptCount, attempts } }: { delivery: Delivery }) {
  const last = attempts.at(-1);
  const host = endpoint === null ? 'The endpoint' : <StrangerText text={hostOf(endpoint.url)} max={80} />;
  if (status === 'SKIPPED') return <>Not sent: {skipReason === null ? 'it was skipped' : skipReasons[skipReason]}.</>;
  if (status === 'HELD') {
    return (
      <>
        Held: {host} is paused{endpoint?.pauseReason && pauses[endpoint.pauseReason].whyHeld}.
      </>
    );
  }
  if (status === 'DELIVERING') return <>Attempt {attemptCount + 1} is under way.</>;
  if (last === undefined) return <>It waits for its first attempt.</>;
  return (
    <>
      {host} {whatItDid(last)}
      {endOf(last)}.
    </>
  );
}

/** "Service Unavailable after 120 ms". */
function endOf({ outcome, responseStatus, timings }: Attempt): string {
  if (outcome === 'TIMEOUT') return ` (${duration(timings.totalMs)})`;
  if (responseStatus === null) return '';
  return `${` ${statusText(responseStatus)}`.trimEnd()} after ${duration(timings.totalMs)}`;
}

/** What comes next, and how much of it is left. */
function Next({ delivery }: { delivery: Delivery }): ReactNode {
  const { status, attemptCount, attemptsLeft, nextAttemptAt, endedAt, createdAt, endpoint, attempts } = delivery;
  const all = attemptCount + attemptsLeft;
  switch (status) {
    case 'DELIVERED':
      return (
        <>
          {attemptCount === 1 ? 'Delivered at the first attempt' : `Delivered at attempt ${count(attemptCount)}`}
          {endedAt !== null &&
            `, ${duration(Math.max(0, Date.parse(endedAt) - Date.parse(createdAt)))} after it was made`}
          .
        </>
      );
    case 'RETRYING':
      return (
        <>
          {`Attempt ${count(attemptCount)} of ${count(all)}. `}
          {nextAttemptAt === null ? (
            'The next one is due now'
          ) : (
            <>
              The next one is at <Time at={nextAttemptAt} as="clock" />, <In at={nextAttemptAt} />
            </>
          )}
          {`; ${attemptsLeft === 1 ? 'it is the last' : `${count(attemptsLeft)} are left`}. Redelivering sends it at once, beside them.`}
        </>
      );
    case 'EXHAUSTED':
      return (
        <>
          {attemptCount === 1 ? 'The only attempt failed' : `All ${count(attemptCount)} attempts failed`}
          {endedAt !== null && (
            <>
              {attemptCount === 1 ? ' ' : ', the last one '}
              <Time at={endedAt} />
            </>
          )}
          . It is not tried again by itself.
        </>
      );
    case 'HELD':
      return (
        <>
          Nothing is lost for 30 days: resuming the endpoint sends this in its turn, the oldest first.
          {attempts.length > 0 &&
            ` ${counted(attemptCount, 'attempt')} failed before, ${count(attemptsLeft)} are left.`}
        </>
      );
    case 'PENDING':
      return nextAttemptAt === null ? (
        'It is due now, and sent as soon as its endpoint takes one more.'
      ) : (
        <>
          It is sent at <Time at={nextAttemptAt} as="clock" />, <In at={nextAttemptAt} />.
        </>
      );
    case 'DELIVERING':
      return 'What comes of it is here in a moment.';
    case 'SKIPPED':
      return (
        <>
          {attemptCount === 0 ? 'No attempt was made' : `${counted(attemptCount, 'attempt')} failed before`}
          {endedAt !== null && (
            <>
              ; it ended <Time at={endedAt} />
            </>
          )}
          .{endpoint === null && ' Its endpoint is gone.'}
        </>
      );
  }
}

/** Counts down: "in 4 min 10 s". */
export function In({ at }: { at: string }) {
  const [nowMs, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const leftMs = Date.parse(at) - nowMs;
  return (
    <span className="number">{leftMs < 1_000 ? 'now' : `in ${duration(Math.floor(leftMs / 1_000) * 1_000)}`}</span>
  );
}
