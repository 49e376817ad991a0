import { useCallback, useEffect, useRef } from 'react';
import { useBlocker, useNavigate, type To } from 'react-router';

export interface Unsaved {
  /** Whether a step away waits for an answer. */
  isAsking: boolean;
  stay(): void;
  discard(): void;
  /** Goes there without asking: what was typed is saved. */
  leave(to: To): void;
}

/** Asks before a step away loses what was typed or shown once: a link, the browser's own back, a closed tab. */
export function useUnsaved(isUnsaved: boolean): Unsaved {
  const isKept = useRef(isUnsaved);
  useEffect(() => {
    isKept.current = isUnsaved;
  }, [isUnsaved]);
  const blocker = useBlocker(useCallback(() => isKept.current, []));
  const navigate = useNavigate();
  const leave = useCallback(
    (to: To) => {
      isKept.current = false;
      void navigate(to, { replace: true });
    },
    [navigate],
  );
  useEffect(() => {
    if (!isUnsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isUnsaved]);
  return {
    isAsking: blocker.state === 'blocked',
    stay: () => blocker.reset?.(),
    discard: () => blocker.proceed?.(),
    leave,
  };
}
