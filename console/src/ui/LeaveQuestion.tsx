import { useEffect, useId, useRef } from 'react';
import { Button } from './Button';
import { DialogBody, DialogFoot } from './Dialog';
import type { Unsaved } from './useUnsaved';

interface LeaveQuestionProps extends Pick<Unsaved, 'isAsking' | 'stay' | 'discard'> {
  /** What would be lost: "What you typed is not saved." */
  question: string;
}

/** Asks before somebody leaves a page that holds something: a form that is a page, a secret that is shown once. */
export const LeaveQuestion = ({ isAsking, ...rest }: LeaveQuestionProps) => (isAsking ? <Asking {...rest} /> : null);

function Asking({ question, stay, discard }: Omit<LeaveQuestionProps, 'isAsking'>) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const cancel = (event: { preventDefault(): void }) => {
    event.preventDefault();
    stay();
  };
  return (
    <dialog ref={element} className="dialog alert" role="alertdialog" aria-labelledby={titleId} onCancel={cancel}>
      <div className="dialog-in">
        <header>
          <h2 id={titleId}>Leave this page?</h2>
        </header>
        <DialogBody>
          <p>{question}</p>
        </DialogBody>
        <DialogFoot>
          <Button onClick={stay}>Go back</Button>
          <Button look="danger" onClick={discard}>
            Leave anyway
          </Button>
        </DialogFoot>
      </div>
    </dialog>
  );
}
