import './Live.css';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useConnection, type Connection } from '../server';
import { Button } from './Button';

const words: Readonly<Record<Connection, string>> = {
  idle: '',
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Reconnecting…',
};

/** Whether what is shown follows what happens. In the header; nothing where nothing is followed. */
export function LivePill() {
  const connection = useConnection();
  return (
    <span role="status">
      {connection !== 'idle' && <span className={`live ${connection}`}>{words[connection]}</span>}
    </span>
  );
}

export interface Arrivals {
  count: number;
  /** Tells that a row arrived. */
  arrived(): void;
  /** Shows what has arrived. */
  show(): void;
}

/** Does it a moment after the first of many calls, and once for all that come meanwhile. */
export function useGathered(act: () => void, withinMs = 2_000): () => void {
  const latest = useRef(act);
  const waiting = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => () => clearTimeout(waiting.current), []);
  return useCallback(() => {
    waiting.current ??= setTimeout(() => {
      waiting.current = undefined;
      latest.current();
    }, withinMs);
  }, [withinMs]);
}

const unscrolledPx = 8;
/** A list that grows is read anew no more often: each time takes a point of its reader's budget. */
const readsEveryMs = 2_000;

/**
 * Rows that arrive while somebody reads: shown by themselves only at the top of a list that nobody has scrolled, points at
 * or has the focus in; else counted, so that no row moves under the pointer.
 * @param list finds the list's element
 * @param read reads the list anew
 */
export function useArrivals(
  list: () => Element | null,
  read: () => void,
  { isFirstPage }: { isFirstPage: boolean },
): Arrivals {
  const [count, setCount] = useState(0);
  const latest = useRef({ list, read });
  useEffect(() => {
    latest.current = { list, read };
  });
  const show = useCallback(() => {
    setCount(0);
    latest.current.read();
  }, []);
  // Of many that come at once, the first is shown at once, and the others together a moment later.
  const shownMs = useRef(0);
  const showSoon = useGathered(show, readsEveryMs);
  const arrived = useCallback(() => {
    const element = latest.current.list();
    const isTouched = element !== null && (element.matches(':hover') || element.contains(document.activeElement));
    if (!isFirstPage || scrollY >= unscrolledPx || isTouched) return setCount((before) => before + 1);
    const isSoon = performance.now() - shownMs.current < readsEveryMs;
    shownMs.current = performance.now();
    if (isSoon) showSoon();
    else show();
  }, [isFirstPage, show, showSoon]);
  return { count, arrived, show };
}

/** "12 new": says so, and shows them when it is pressed. */
export const NewRows = ({ count, show }: Pick<Arrivals, 'count' | 'show'>) => (
  <span role="status">
    {count > 0 && (
      <Button isSmall onClick={show}>
        {`${count.toLocaleString()} new`}
      </Button>
    )}
  </span>
);
