import './Dialog.css';
import {
  createContext,
  use,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from 'react';
import { useLocation, useNavigate, type To } from 'react-router';
import { Button } from './Button';
import { useUnsaved } from './useUnsaved';

interface DialogProps {
  title: ReactNode;
  /** The page behind it: closing leads there, and keeps its filter and cursor. */
  closesTo: string;
  /** `drawer`: a thing's details at the side; `alert`: a question before something ends. */
  shape?: 'dialog' | 'drawer' | 'alert';
  children: ReactNode;
}

interface Opened {
  /** Asks before it closes, where something would be lost. */
  close(): void;
  /** Closes without asking: what was typed is saved. */
  done(to?: To): void;
  /** @param question what to ask before it closes; null: nothing would be lost */
  guard(question: string | null): void;
}

const OpenedContext = createContext<Opened | null>(null);

/** The dialog that a component stands in. */
export function useDialog(): Opened {
  const opened = use(OpenedContext);
  if (opened === null) throw new Error('useDialog outside of a Dialog');
  return opened;
}

/** Where the focus was before any dialog opened: it returns there. */
let opener: HTMLElement | null = null;

/**
 * A dialog or drawer that is a route: whoever loads its address sees it, and the browser's back closes it. The browser
 * itself keeps the focus inside.
 */
export function Dialog({ title, closesTo, shape = 'dialog', children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const navigate = useNavigate();
  const [question, guard] = useState<string | null>(null);
  const { isAsking, stay, discard, leave: goTo } = useUnsaved(question !== null);
  const { search } = useLocation();
  const opened = useMemo<Opened>(() => {
    const behind = { pathname: closesTo, search };
    return { close: () => void navigate(behind), done: (to = behind) => goTo(to), guard };
  }, [closesTo, search, navigate, goTo]);
  const { close } = opened;
  const leave = () => (isAsking ? stay() : close());

  // Before the browser draws, so that the focus is never seen to be nowhere.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (dialog === null) return;
    const focused = document.activeElement;
    if (focused instanceof HTMLElement && focused.closest('dialog') === null) opener = focused;
    dialog.showModal();
    focusInside(dialog);
    // What had the focus may be gone: a form that was sent gives way to what came of it.
    const changes = new MutationObserver(() => {
      if (!dialog.contains(document.activeElement)) focusInside(dialog);
    });
    changes.observe(dialog, { childList: true, subtree: true });
    return () => {
      changes.disconnect();
      dialog.close();
      // A dialog that follows at once takes the focus from there, and gives it back there.
      const isThere = opener !== null && opener.isConnected && opener !== document.body;
      (isThere ? opener : document.querySelector('h1'))?.focus();
    };
  }, []);

  return (
    <dialog
      ref={element}
      className={`dialog ${shape}`}
      role={shape === 'alert' ? 'alertdialog' : undefined}
      aria-labelledby={titleId}
      tabIndex={-1}
      onCancel={(event) => {
        if (event.target !== element.current) return;
        event.preventDefault();
        leave();
      }}
      // A browser closes it at a second Escape, whatever was said to the first.
      onClose={() => {
        if (element.current?.isConnected === true) element.current.showModal();
        leave();
      }}
      // A press on what is behind it, not one that began inside and ended there.
      onPointerDown={(event) => {
        if (event.target === element.current) leave();
      }}
    >
      <div className="dialog-in">
        <header>
          <h2 id={titleId}>{title}</h2>
        </header>
        <OpenedContext value={opened}>{children}</OpenedContext>
        {isAsking && <Question text={question ?? ''} onStay={stay} onDiscard={discard} />}
      </div>
    </dialog>
  );
}

/** Where somebody begins: what is marked, else the first field, else the first button. */
function focusInside(dialog: HTMLDialogElement): void {
  for (const wanted of ['[data-first]', 'input, select, textarea', 'button, a']) {
    const found = dialog.querySelector<HTMLElement>(wanted);
    if (found !== null) return found.focus();
  }
  dialog.focus();
}

interface QuestionProps {
  text: string;
  onStay(): void;
  onDiscard(): void;
}

function Question({ text, onStay, onDiscard }: QuestionProps) {
  const stay = useRef<HTMLButtonElement>(null);
  useEffect(() => stay.current?.focus(), []);
  return (
    <div className="dialog-question" role="alert">
      <p>{text}</p>
      <Button ref={stay} onClick={onStay}>
        Go back
      </Button>
      <Button look="danger" onClick={onDiscard}>
        Close anyway
      </Button>
    </div>
  );
}

export const DialogBody = ({ children }: { children: ReactNode }) => <div className="dialog-body">{children}</div>;

/** The buttons of a dialog, the main one last. */
export const DialogFoot = ({ children }: { children: ReactNode }) => <footer>{children}</footer>;

/** In the place of a question that is settled already. */
export const NothingToDo = ({ children }: { children: ReactNode }) => (
  <>
    <DialogBody>
      <p>{children}</p>
    </DialogBody>
    <DialogFoot>
      <CloseButton isFirst>Close</CloseButton>
    </DialogFoot>
  </>
);

/** Leaves everything as it is. */
export function CloseButton({ isFirst = false, children = 'Cancel' }: { isFirst?: boolean; children?: ReactNode }) {
  const { close } = useDialog();
  return (
    <Button data-first={isFirst || undefined} onClick={close}>
      {children}
    </Button>
  );
}
