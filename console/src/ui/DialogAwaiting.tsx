import type { Refusal } from '../server';
import { CloseButton, DialogBody, DialogFoot } from './Dialog';
import { ErrorCard, Skeleton } from './States';

interface DialogAwaitingProps {
  refusal: Refusal | null;
  again(): void;
  /** What is said where the address names nothing; null while that is not known. */
  missing?: string | null;
}

/** What a dialog shows until the thing that its address names is read, or where it cannot be. */
export const DialogAwaiting = ({ refusal, again, missing = null }: DialogAwaitingProps) => (
  <>
    <DialogBody>
      {refusal && <ErrorCard refusal={refusal} again={again} />}
      {!refusal && (missing === null ? <Skeleton /> : <p>{missing}</p>)}
    </DialogBody>
    <DialogFoot>
      <CloseButton>Close</CloseButton>
    </DialogFoot>
  </>
);
