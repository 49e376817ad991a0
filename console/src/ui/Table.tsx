import './Table.css';
import type { ReactNode } from 'react';
import { Link, useLocation, type LinkProps } from 'react-router';

export interface Column<Row> {
  head: string;
  cell(row: Row): ReactNode;
  /** `end`: numbers, and the buttons of a row. */
  align?: 'end';
  /** Whether those who look need no head: the cell says what it is. */
  isHeadHidden?: boolean;
}

interface TableProps<Row> {
  /** What the rows are, for those who listen. */
  caption: string;
  /** Written out once, outside of the page's component. */
  columns: readonly Column<Row>[];
  /** undefined while the first answer is awaited: rows of the same height stand in for it. */
  rows: readonly Row[] | undefined;
  keyOf(row: Row): string;
  /** Whether newer rows are awaited. */
  isReading?: boolean;
}

const rowsAwaited = [1, 2, 3, 4, 5];

/** Rows that become cards on a phone. The first column names the row. */
export function Table<Row>({ caption, columns, rows, keyOf, isReading = false }: TableProps<Row>) {
  return (
    <div className="card table-card">
      {/* Roles are spelt out: a table whose display is changed is none to some screen readers. */}
      <table role="table" className="table" aria-busy={rows === undefined || isReading}>
        <caption className="heard">{rows === undefined ? `${caption}, loading` : caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ head, align, isHeadHidden = false }) => (
              <th key={head} role="columnheader" scope="col" className={align}>
                <span className={isHeadHidden ? 'heard' : undefined}>{head}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows?.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map(({ head, cell, align, isHeadHidden = false }) => (
                <td key={head} role="cell" className={align} data-head={isHeadHidden ? undefined : head}>
                  <div>{cell(row)}</div>
                </td>
              ))}
            </tr>
          )) ?? rowsAwaited.map((row) => <SkeletonRow key={row} columns={columns.length} />)}
        </tbody>
      </table>
    </div>
  );
}

function SkeletonRow({ columns }: { columns: number }) {
  return (
    <tr role="row" aria-hidden>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column} role="cell">
          <span className="skeleton" />
        </td>
      ))}
    </tr>
  );
}

/** Leads to the thing that a row is of, in a drawer over this page or elsewhere: the whole row can be pressed. */
export function RowLink({ to, isOver = false, ...rest }: Omit<LinkProps, 'to'> & { to: string; isOver?: boolean }) {
  const { search } = useLocation();
  return <Link {...rest} to={isOver ? { pathname: to, search } : to} className="row-link" />;
}

/** A second line of a cell. */
export const Under = ({ children, isMono = false }: { children: ReactNode; isMono?: boolean }) => (
  <span className={isMono ? 'under mono' : 'under'}>{children}</span>
);
