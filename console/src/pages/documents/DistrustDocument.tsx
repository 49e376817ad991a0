import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { operationsIn, useDocument } from './documents';

const DistrustDocuments = graphql(`
  mutation DistrustDocuments($input: DistrustDocumentsInput!) {
    distrustDocuments(input: $input) {
      documentIds
    }
  }
`);

export function Page() {
  return (
    <Dialog shape="alert" title="Distrust a document" closesTo={paths.documents}>
      <Distrust />
    </Dialog>
  );
}

function Distrust() {
  const { id = '' } = useParams();
  const { role } = useViewer();
  const { done } = useDialog();
  const { document } = useDocument();
  const { send, isBusy, refusal } = useChange(DistrustDocuments);
  const distrust = async () => {
    if ((await send({ input: { documentIds: [id] } })) === null) return;
    toast('The document is not trusted any more.');
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void distrust()}>
      <DialogBody>
        <p>
          <b>
            {document ? <StrangerText text={operationsIn(document.text)} max={200} /> : <code>{id.slice(0, 23)}…</code>}
          </b>{' '}
          is refused from the next request on: clients whose key is bound to documents can no longer run it, and nobody
          can by its id.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep document</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Distrusting…'} why={whyNotAdmin(role)}>
          Distrust document
        </Button>
      </DialogFoot>
    </Form>
  );
}
