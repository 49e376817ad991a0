import { paths } from '../../paths';
import { ButtonLink } from '../../ui/Button';
import { CodeBlock } from '../../ui/Code';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Fact, Facts } from '../../ui/Facts';
import { ErrorCard, Skeleton } from '../../ui/States';
import { Time } from '../../ui/Time';
import { useDocument } from './documents';

/** A document's text and the id that clients send in its place. */
export function Page() {
  const { document, refusal, again } = useDocument();
  return (
    <Dialog shape="drawer" title="Trusted document" closesTo={paths.documents}>
      <DialogBody>
        {refusal && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && document === undefined && <Skeleton />}
        {document === null && <p>There is no such document. It may have been distrusted.</p>}
        {document && (
          <>
            <Facts>
              <Fact name="Trusted">
                <Time at={document.createdAt} as="exact" />
              </Fact>
            </Facts>
            <CodeBlock label="Id, sent as documentId" text={document.documentId} />
            <CodeBlock label="Document" text={document.text} />
          </>
        )}
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
        {document && (
          <ButtonLink isOver look="danger" to={paths.distrustDocument(document.documentId)}>
            Distrust
          </ButtonLink>
        )}
      </DialogFoot>
    </Dialog>
  );
}
