import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange, type Refusal } from '../../server';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal, TextArea, TextField, textOf } from '../../ui/Form';
import { plainJson } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { ContactInDialog } from './ContactInDialog';
import type { WholeContact } from './wholeContact';

const UpdateContact = graphql(`
  mutation UpdateContact($input: UpdateContactInput!) {
    updateContact(input: $input) {
      contact {
        id
        updatedAt
      }
    }
  }
`);

export function Page() {
  const { id = '' } = useParams();
  return (
    <Dialog shape="drawer" title="Edit a contact" closesTo={paths.contact(id)}>
      <ContactInDialog>{(contact) => <EditForm contact={contact} />}</ContactInDialog>
    </Dialog>
  );
}

const texts = ['firstName', 'lastName', 'email', 'phone'] as const;

function EditForm({ contact: now }: { contact: WholeContact }) {
  // As it was opened: what somebody else changes meanwhile is not sent back as it was.
  const [contact] = useState(now);
  const { done, guard } = useDialog();
  const { send, isBusy, refusal } = useChange(UpdateContact);
  const [unread, setUnread] = useState<Refusal | null>(null);
  const { id, firstName, lastName, email, phone, tags, customFields } = contact;
  const save = async (values: FormData) => {
    const fields = changedFields(customFields, textOf(values, 'customFields'));
    setUnread(fields === null ? noObject : null);
    if (fields === null) return;
    const changed = texts.filter((name) => textOf(values, name) !== (contact[name] ?? ''));
    const typedTags = textOf(values, 'tags')
      .split('\n')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '');
    const input = {
      id,
      ...Object.fromEntries(changed.map((name) => [name, textOf(values, name) || null])),
      ...(typedTags.join('\n') !== tags.join('\n') && { tags: typedTags }),
      ...(Object.keys(fields).length > 0 && { customFields: fields }),
    };
    if ((await send({ input })) === null) return;
    toast(Object.keys(input).length === 1 ? 'Nothing was changed.' : 'The contact is saved.');
    done();
  };
  return (
    <Form
      refusal={unread ?? refusal}
      onChange={() => guard('What you typed is not saved.')}
      onSubmit={(values) => void save(values)}
    >
      <DialogBody>
        <TextField name="firstName" label="First name" defaultValue={firstName ?? ''} autoComplete="off" />
        <TextField name="lastName" label="Last name" defaultValue={lastName ?? ''} autoComplete="off" />
        <TextField
          name="email"
          label="E-mail"
          help="Later submissions with this address are the same person's."
          defaultValue={email ?? ''}
          inputMode="email"
          autoComplete="off"
        />
        <TextField
          name="phone"
          label="Phone"
          help="With its country, such as +12125550147."
          defaultValue={phone ?? ''}
          inputMode="tel"
          autoComplete="off"
        />
        <TextArea name="tags" label="Tags" help="One a line." defaultValue={tags.join('\n')} />
        <TextArea
          name="customFields"
          label="Custom fields"
          help="A JSON object. What you take out is removed."
          defaultValue={plainJson(customFields)}
          rows={8}
        />
        <FormRefusal />
        {refusal?.code === 'conflict' && (
          <p>
            If both are the same person, <Link to={paths.mergeContact(id)}>find the other one and merge them</Link>.
          </p>
        )}
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        <Button type="submit" look="main" busy={isBusy && 'Saving…'}>
          Save contact
        </Button>
      </DialogFoot>
    </Form>
  );
}

const noObject: Refusal = {
  code: 'validation_failed',
  message: '',
  issues: [{ path: 'customFields', message: 'must be a JSON object, such as {"plan": "gold"}' }],
  details: {},
};

/**
 * What differs from before, a key that was taken out as null; null where the text is no object. Keys that were not touched
 * are not sent: a number longer than a script can hold stays as it is.
 */
function changedFields(before: Readonly<Record<string, unknown>>, text: string): Record<string, unknown> | null {
  let typed: unknown;
  try {
    typed = text === '' ? {} : JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof typed !== 'object' || typed === null || Array.isArray(typed)) return null;
  const after = new Map<string, unknown>(Object.entries(typed));
  const old = new Map(Object.entries(before));
  const isSame = (name: string) => JSON.stringify(after.get(name)) === JSON.stringify(old.get(name));
  const names = [...new Set([...old.keys(), ...after.keys()])].filter((name) => !isSame(name));
  return Object.fromEntries(names.map((name) => [name, after.get(name) ?? null]));
}
