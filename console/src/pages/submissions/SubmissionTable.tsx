import type { ReactNode } from 'react';
import { paths } from '../../paths';
import { counted } from '../../ui/amounts';
import { Status, Tag } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { RowLink, Table, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { personAddress, personName } from '../contacts/contacts';
import { submissionStatuses, type SubmissionRow, type SubmissionStatus } from './submissions';

interface SubmissionTableProps<Row extends SubmissionRow> {
  caption: string;
  /** undefined while the first answer is awaited. */
  submissions: readonly Row[] | undefined;
  isReading?: boolean;
  /** What names a row: whose it is, or which bot it answers. */
  first: Column<Row>;
}

/** Submissions, the newest first. */
export const SubmissionTable = <Row extends SubmissionRow>({
  caption,
  submissions,
  isReading = false,
  first,
}: SubmissionTableProps<Row>) => (
  <Table
    caption={caption}
    columns={[first, ...columns]}
    rows={submissions}
    keyOf={({ id }) => id}
    isReading={isReading}
  />
);

/** Whose it is: known once it is completed with an address. */
export const whoColumn: Column<SubmissionRow> = {
  head: 'From',
  cell: ({ id, contact }) => (
    <>
      <RowLink to={paths.submission(id)}>
        {contact === null ? 'Nobody known yet' : <StrangerText text={personName(contact)} max={80} />}
      </RowLink>
      {contact === null ? <Under isMono>{id}</Under> : <Address text={personAddress(contact)} />}
    </>
  ),
};

const Address = ({ text }: { text: string | null }): ReactNode =>
  text !== null && (
    <Under>
      <StrangerText text={text} max={80} />
    </Under>
  );

const columns: readonly Column<SubmissionRow>[] = [
  { head: 'Status', cell: ({ status, isTest }) => <SubmissionStatusMark status={status} isTest={isTest} /> },
  {
    head: 'Files',
    cell: ({ fileCount }) => (fileCount === 0 ? <span className="faint">none</span> : counted(fileCount, 'file')),
  },
  { head: 'Created', cell: ({ createdAt }) => <Time at={createdAt} /> },
];

export function SubmissionStatusMark({ status, isTest }: { status: SubmissionStatus; isTest: boolean }) {
  const [kind, word] = submissionStatuses[status];
  return (
    <span className="marks">
      <Status kind={kind}>{word}</Status>
      {isTest && <Tag>Test</Tag>}
    </span>
  );
}
