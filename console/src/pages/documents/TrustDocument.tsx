import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal, TextArea, typedIn } from '../../ui/Form';
import { toast } from '../../ui/Toasts';

const TrustDocuments = graphql(`
  mutation TrustDocuments($input: TrustDocumentsInput!) {
    trustDocuments(input: $input) {
      documentIds
    }
  }
`);

export function Page() {
  return (
    <Dialog title="Trust a document" closesTo={paths.documents}>
      <TrustForm />
    </Dialog>
  );
}

function TrustForm() {
  const { role } = useViewer();
  const { guard, done } = useDialog();
  const { send, isBusy, refusal } = useChange(TrustDocuments);
  const trust = async (values: FormData) => {
    const trusted = await send({ input: { documents: [typedIn(values, 'documents.0')] } });
    if (trusted === null) return;
    toast('The document is trusted.');
    done();
  };
  return (
    <Form
      refusal={refusal}
      onChange={() => guard('What you typed is not saved.')}
      onSubmit={(values) => void trust(values)}
    >
      <DialogBody>
        <TextArea
          name="documents.0"
          label="Document"
          help="A GraphQL document, letter for letter as the client sends it: its id is the digest of the text."
          rows={12}
          placeholder={'query ListContacts {\n  contacts(first: 20) {\n    nodes { id email }\n  }\n}'}
          required
        />
        <p className="quiet">
          Many at once: send them with <code>trustDocuments</code>, 100 a call, with a session or from your build.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Checking…'} why={whyNotAdmin(role)}>
          Trust document
        </Button>
      </DialogFoot>
    </Form>
  );
}
