import { Link } from 'react-router';
import { paths } from '../../paths';
import { StatusShape } from '../../ui/Status';
import { duration, Time } from '../../ui/Time';
import { DeliveryStatus } from './DeliveryTable';
import type { Attempt, Delivery } from './delivery';
import { outcomes } from './outcomes';
import { statusText } from './statusTexts';
import { In } from './Why';

/** All attempts, the last one first, and the next one where there is one. */
export function Attempts({ delivery, open }: { delivery: Delivery; open: Attempt | undefined }) {
  const { id, status, attempts, nextAttemptAt } = delivery;
  return (
    <section className="card attempts">
      <header>
        <h2>Attempts</h2>
        <DeliveryStatus delivery={{ ...delivery, nextAttemptAt: null, skipReason: null }} />
      </header>
      <ol reversed>
        {status === 'RETRYING' && nextAttemptAt !== null && (
          <li className="attempt">
            <StatusShape kind="wait" />
            <span>
              Next, <In at={nextAttemptAt} />
            </span>
            <span className="attempt-when">
              <Time at={nextAttemptAt} as="clock" />
            </span>
          </li>
        )}
        {status === 'DELIVERING' && (
          <li className="attempt">
            <StatusShape kind="wait" />
            <span>Under way</span>
          </li>
        )}
        {attempts.toReversed().map(({ number, outcome, responseStatus, at, timings }) => (
          <li key={number}>
            <Link
              className="attempt"
              to={`${paths.delivery(id)}?attempt=${number}`}
              aria-current={number === open?.number || undefined}
              replace
              preventScrollReset
            >
              <StatusShape kind={outcome === 'SUCCESS' ? 'good' : 'bad'} />
              <span>
                <span className="heard">Attempt {number}: </span>
                {responseStatus ?? outcomes[outcome]}
                {responseStatus !== null && <span className="under">{statusText(responseStatus)}</span>}
              </span>
              <span className="attempt-when">
                {duration(timings.totalMs)}
                <span className="under">
                  <Time at={at} as="clock" />
                </span>
              </span>
            </Link>
          </li>
        ))}
        {attempts.length === 0 && status !== 'DELIVERING' && <li className="attempts-none">None yet.</li>}
      </ol>
    </section>
  );
}
