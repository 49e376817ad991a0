import './Toasts.css';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { Button } from './Button';

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const shownMs = 6_000;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function set(changed: readonly Toast[]): void {
  toasts = changed;
  for (const listener of listeners) listener();
}

/** Tells what was done: "Key revoked". What went wrong with a form stands in the form. */
export function toast(text: string, { isBad = false } = {}): void {
  const id = nextId++;
  set([...toasts, { id, text, isBad }]);
}

const dismiss = (id: number) => set(toasts.filter((one) => one.id !== id));

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

const current = () => toasts;

/** Where toasts appear; once in the shell. */
export function Toasts() {
  const shown = useSyncExternalStore(listen, current);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <One key={one.id} {...one} />
      ))}
    </div>
  );
}

/** Goes by itself, unless somebody is at it; a bad one stays. */
function One({ id, text, isBad }: Toast) {
  const [isHeld, setHeld] = useState(false);
  useEffect(() => {
    if (isHeld || isBad) return;
    const timer = setTimeout(() => dismiss(id), shownMs);
    return () => clearTimeout(timer);
  }, [id, isHeld, isBad]);
  const hold = { onPointerEnter: () => setHeld(true), onPointerLeave: () => setHeld(false) };
  return (
    <div
      className={isBad ? 'toast bad' : 'toast'}
      {...hold}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{text}</span>
      <Button look="bare" isSmall onClick={() => dismiss(id)}>
        Dismiss
      </Button>
    </div>
  );
}
