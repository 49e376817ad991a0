import './DeliveryTable.css';
import { paths } from '../../paths';
import { counted } from '../../ui/amounts';
import { Status, StatusShape, type StatusKind } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { duration, Time } from '../../ui/Time';
import { shortUrl } from '../../ui/urls';
import { skipReasons, statuses, type DeliveryRow } from './deliveries';
import { outcomes } from './outcomes';
import { statusText } from './statusTexts';

interface DeliveryTableProps {
  /** undefined while the first answer is awaited. */
  deliveries: readonly DeliveryRow[] | undefined;
  isReading?: boolean;
  /** `workspace`: a column says which endpoint each goes to; `endpoint`: all go to one. */
  of: 'workspace' | 'endpoint';
  /** What can be done with each, as a last column. */
  actions?: Column<DeliveryRow>;
}

/** Deliveries, the newest first: each row leads to its delivery. */
export const DeliveryTable = ({ deliveries, isReading = false, of, actions }: DeliveryTableProps) => (
  <Table
    caption="Deliveries"
    columns={actions === undefined ? columns[of] : [...columns[of], actions]}
    rows={deliveries}
    keyOf={({ id }) => id}
    isReading={isReading}
  />
);

const eventColumn: Column<DeliveryRow> = {
  head: 'Event',
  cell: ({ id, event }) => (
    <>
      <RowLink to={paths.delivery(id)}>{event?.type ?? 'Event no longer kept'}</RowLink>
      <Under isMono>{event?.id ?? id}</Under>
    </>
  ),
};
const endpointColumn: Column<DeliveryRow> = {
  head: 'Endpoint',
  cell: ({ endpoint }) =>
    endpoint === null ? (
      <span className="faint">deleted</span>
    ) : (
      <StrangerText text={shortUrl(endpoint.url)} max={80} />
    ),
};
const statusColumn: Column<DeliveryRow> = {
  head: 'Status',
  cell: (delivery) => <DeliveryStatus delivery={delivery} />,
};
const answerColumn: Column<DeliveryRow> = {
  head: 'Last answer',
  cell: (delivery) => <LastAnswer delivery={delivery} />,
};
const attemptsColumn: Column<DeliveryRow> = {
  head: 'Attempts',
  cell: (delivery) => <AttemptDots delivery={delivery} />,
};
const createdColumn: Column<DeliveryRow> = { head: 'Made', cell: ({ createdAt }) => <Time at={createdAt} /> };

const columns: Readonly<Record<DeliveryTableProps['of'], readonly Column<DeliveryRow>[]>> = {
  workspace: [eventColumn, statusColumn, answerColumn, attemptsColumn, endpointColumn, createdColumn],
  endpoint: [eventColumn, statusColumn, answerColumn, attemptsColumn, createdColumn],
};

/** Where it stands, and what comes next. */
export function DeliveryStatus({ delivery: { status, skipReason, nextAttemptAt } }: { delivery: DeliveryRow }) {
  const [kind, word] = statuses[status];
  return (
    <>
      <Status kind={kind}>{word}</Status>
      {status === 'RETRYING' && nextAttemptAt !== null && (
        <Under>
          next <Time at={nextAttemptAt} />
        </Under>
      )}
      {skipReason !== null && <Under>{skipReasons[skipReason]}</Under>}
    </>
  );
}

/** What its last attempt came to. */
function LastAnswer({ delivery: { lastAttempt } }: { delivery: DeliveryRow }) {
  if (lastAttempt === null) return <span className="faint">none yet</span>;
  const { outcome, responseStatus, timings } = lastAttempt;
  const text = responseStatus === null ? outcomes[outcome] : `${responseStatus} ${statusText(responseStatus)}`;
  return (
    <>
      {text}
      <Under>{`${outcome === 'TIMEOUT' && responseStatus !== null ? 'cut off after' : 'after'} ${duration(timings.totalMs)}`}</Under>
    </>
  );
}

/** A shape for each attempt: all but the last of a delivery failed, or there would be no next one. */
export function AttemptDots({ delivery: { status, attemptCount } }: { delivery: DeliveryRow }) {
  if (attemptCount === 0 && status !== 'DELIVERING') return <span className="faint">none yet</span>;
  const shapes: StatusKind[] = Array.from({ length: attemptCount }, (_, at) =>
    status === 'DELIVERED' && at === attemptCount - 1 ? 'good' : 'bad',
  );
  if (status === 'DELIVERING') shapes.push('wait');
  return (
    <span className="attempt-dots">
      <span className="number" aria-hidden>
        {attemptCount}
      </span>
      <span className="heard">{counted(attemptCount, 'attempt')}</span>
      <span className="attempt-shapes" aria-hidden>
        {shapes.map((kind, at) => (
          // oxlint-disable-next-line react/no-array-index-key -- an attempt has no other name than its number.
          <StatusShape key={at} kind={kind} />
        ))}
      </span>
    </span>
  );
}
