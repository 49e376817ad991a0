import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { useArrivals, type Arrivals } from './Live';

interface Listed<Row> {
  list: RefObject<Element | null>;
  /** As they were read. */
  rows: readonly Row[] | undefined;
  isReading: boolean;
  isFirstPage: boolean;
  /** Reads the list anew. */
  again(): void;
}

interface LiveRows<Row> extends Pick<Arrivals, 'count' | 'show'> {
  /** As they stand now. */
  rows: readonly Row[] | undefined;
  /** Takes how a row stands; `belongs`: whether one that is not shown is to be announced. */
  tell(row: Row, belongs: boolean): void;
}

/**
 * What happens to the rows of a list while somebody reads: a row that is shown changes in its place; one that is not is
 * announced, and shown when somebody asks, or at once where nobody is at the list.
 */
export function useLiveRows<Row extends { id: string }>({
  list,
  rows,
  isReading,
  isFirstPage,
  again,
}: Listed<Row>): LiveRows<Row> {
  const [told, setTold] = useState<ReadonlyMap<string, { row: Row; atMs: number }>>(new Map());
  const announced = useRef(new Set<string>());
  const askedMs = useRef(0);
  useEffect(() => {
    if (isReading) askedMs.current = performance.now();
  }, [isReading]);
  // What was told before the list was asked for is older than its answer; what was told since may be newer.
  useEffect(() => {
    if (rows === undefined) return;
    setTold((before) => new Map([...before].filter(([, { atMs }]) => atMs >= askedMs.current)));
    announced.current.clear();
  }, [rows]);
  const { count, show, arrived } = useArrivals(() => list.current, again, { isFirstPage });
  const tell = (row: Row, belongs: boolean) => {
    setTold((before) => new Map(before).set(row.id, { row, atMs: performance.now() }));
    const isShown = rows?.some(({ id }) => id === row.id) ?? false;
    if (isShown || announced.current.has(row.id) || !belongs) return;
    announced.current.add(row.id);
    arrived();
  };
  const shown = useMemo(() => rows?.map((row) => told.get(row.id)?.row ?? row), [rows, told]);
  return { rows: shown, tell, count, show };
}
