import { useRef, type ReactNode } from 'react';
import { Link, useNavigate, useParams, useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useChange, useRead } from '../../server';
import { counted } from '../../ui/amounts';
import { Button, ButtonLink } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Form, FormRefusal, TextField, textOf } from '../../ui/Form';
import { ErrorCard, Skeleton } from '../../ui/States';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { toast } from '../../ui/Toasts';
import { ContactInDialog } from './ContactInDialog';
import { personAddress, personName, type Person } from './contacts';
import { soughtOf } from './sought';
import { OneContact, type WholeContact } from './wholeContact';

const FindDuplicates = graphql(`
  query FindDuplicates($filter: ContactFilter!) {
    contacts(first: 10, filter: $filter) {
      nodes {
        ...Person
      }
    }
  }
`);
const MergeContacts = graphql(`
  mutation MergeContacts($input: MergeContactsInput!) {
    mergeContacts(input: $input) {
      contact {
        id
        updatedAt
        submissions(first: 1) {
          nodes {
            id
          }
        }
      }
    }
  }
`);

/** Finds the duplicate, says what is kept of both, and makes one of them. */
export function Page() {
  const { id = '' } = useParams();
  const [search] = useSearchParams();
  const duplicateId = search.get('duplicate');
  return (
    <Dialog title="Merge two contacts" closesTo={paths.contact(id)}>
      <ContactInDialog>
        {(contact) =>
          duplicateId === null ? <Find contact={contact} /> : <Compare contact={contact} duplicateId={duplicateId} />
        }
      </ContactInDialog>
    </Dialog>
  );
}

function Find({ contact }: { contact: WholeContact }) {
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const typed = search.get('q') ?? '';
  const sought = soughtOf(typed);
  const input = useRef<HTMLDivElement>(null);
  const isAsked = sought.kind === 'email' || sought.kind === 'phone';
  const filter = sought.kind === 'phone' ? { phone: sought.text } : { email: sought.text };
  const { data, refusal, again } = useRead(FindDuplicates, { filter }, { pause: !isAsked });
  const find = (values: FormData) => {
    const q = textOf(values, 'q');
    const { kind, text } = soughtOf(q);
    void navigate(paths.mergeContact(contact.id, kind === 'id' ? { duplicate: text } : { q }), { replace: true });
  };
  const found = isAsked ? data?.contacts.nodes.filter(({ id }) => id !== contact.id) : undefined;
  return (
    <Form refusal={null} onSubmit={find}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={personName(contact)} max={80} />
          </b>{' '}
          stays. Which contact is the same person, and goes into it?
        </p>
        <div className="find" ref={input}>
          <TextField
            name="q"
            label="E-mail, phone or id of the duplicate"
            defaultValue={typed}
            autoComplete="off"
            data-first
          />
          <Button type="submit">Find</Button>
        </div>
        {sought.kind === 'other' && (
          <p className="field-issue">This is no e-mail address, no phone number and no id. Names cannot be searched.</p>
        )}
        {isAsked && refusal && <ErrorCard refusal={refusal} again={again} />}
        {isAsked && !refusal && found === undefined && <Skeleton />}
        {found?.length === 0 && <p role="status">No other contact has this address.</p>}
        {found && found.length > 0 && (
          <ul className="record-list">
            {found.map((person) => (
              <li key={person.id}>
                <PersonLines person={person} />
                <ButtonLink isSmall to={paths.mergeContact(contact.id, { duplicate: person.id })} replace>
                  Compare
                </ButtonLink>
              </li>
            ))}
          </ul>
        )}
      </DialogBody>
      <DialogFoot>
        <CloseButton />
      </DialogFoot>
    </Form>
  );
}

const PersonLines = ({ person }: { person: Person }) => (
  <span>
    <StrangerText text={personName(person)} max={80} />
    <span className="under">
      <StrangerText text={personAddress(person) ?? person.id} max={80} />
    </span>
  </span>
);

function Compare({ contact, duplicateId }: { contact: WholeContact; duplicateId: string }) {
  const { data, refusal, again } = useRead(OneContact, { id: duplicateId }, { policy: 'cache-and-network' });
  const other = (
    <Link to={paths.mergeContact(contact.id)} replace>
      Look for another
    </Link>
  );
  if (data?.contact && duplicateId !== contact.id) return <Decide stays={contact} goes={data.contact} />;
  return (
    <>
      <DialogBody>
        {duplicateId === contact.id && <p>A contact cannot be merged into itself.</p>}
        {refusal?.code === 'resource_not_found' && <p>There is no contact with this id.</p>}
        {refusal && refusal.code !== 'resource_not_found' && <ErrorCard refusal={refusal} again={again} />}
        {!refusal && duplicateId !== contact.id ? <Skeleton /> : <p>{other}</p>}
      </DialogBody>
      <DialogFoot>
        <CloseButton />
      </DialogFoot>
    </>
  );
}

function Decide({ stays, goes }: { stays: WholeContact; goes: WholeContact }) {
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(MergeContacts);
  const merge = async () => {
    if ((await send({ input: { id: stays.id, duplicateId: goes.id } })) === null) return;
    toast(`${plainText(personName(goes), 60)} was merged into this contact.`);
    done();
  };
  return (
    <Form refusal={refusal} onSubmit={() => void merge()}>
      <DialogBody>
        <div className="pair">
          <div>
            <p className="faint">Stays</p>
            <PersonLines person={stays} />
            <span className="under">{counted(stays.submissionCount, 'submission')}</span>
          </div>
          <div>
            <p className="faint">Goes into it</p>
            <PersonLines person={goes} />
            <span className="under">{counted(goes.submissionCount, 'submission')}</span>
          </div>
        </div>
        <Outcome stays={stays} goes={goes} />
        <p>
          Submissions and records of both are the same person's from then on:{' '}
          {counted(stays.submissionCount + goes.submissionCount, 'submission')}. The id <code>{goes.id}</code> names
          nothing any more. This cannot be undone.
        </p>
        <p>
          <Link to={paths.mergeContact(goes.id, { duplicate: stays.id })} replace>
            Keep the other one instead
          </Link>
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep both</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Merging…'}>
          Merge contacts
        </Button>
      </DialogFoot>
    </Form>
  );
}

/** What the contact will have, and what of the duplicate goes, by the server's rules. */
function Outcome({ stays, goes }: { stays: WholeContact; goes: WholeContact }) {
  const also = (['email', 'phone'] as const).flatMap((kind) =>
    stays[kind] !== null && goes[kind] !== null ? [goes[kind]] : [],
  );
  const addresses = [...new Set([...stays.otherAddresses, ...goes.otherAddresses, ...also])];
  const tags = [...new Set([...stays.tags, ...goes.tags])];
  const kept = Object.keys(stays.customFields);
  const added = Object.keys(goes.customFields).filter((name) => !kept.includes(name));
  const lost = Object.keys(goes.customFields).filter(
    (name) =>
      kept.includes(name) && JSON.stringify(goes.customFields[name]) !== JSON.stringify(stays.customFields[name]),
  );
  const name = (which: 'firstName' | 'lastName') => (
    <Kept
      text={stays[which] ?? goes[which]}
      lost={stays[which] === goes[which] || stays[which] === null ? null : goes[which]}
    />
  );
  const rows: readonly (readonly [string, ReactNode])[] = [
    ['First name', name('firstName')],
    ['Last name', name('lastName')],
    ['E-mail', <Kept key="email" text={stays.email ?? goes.email} lost={null} />],
    ['Phone', <Kept key="phone" text={stays.phone ?? goes.phone} lost={null} />],
    ['Also found by', addresses.length === 0 ? '–' : <StrangerText text={addresses.join(', ')} max={400} />],
    ['Tags', tags.length === 0 ? '–' : <StrangerText text={tags.join(', ')} max={400} />],
    [
      'Custom fields',
      <>
        {kept.length + added.length === 0 ? '–' : <StrangerText text={[...kept, ...added].join(', ')} max={400} />}
        {lost.length > 0 && (
          <span className="under">
            the duplicate's own value goes: <StrangerText text={lost.join(', ')} max={200} />
          </span>
        )}
      </>,
    ],
  ];
  return (
    <table className="outcome">
      <caption className="heard">What the contact has afterwards</caption>
      <tbody>
        {rows.map(([head, value]) => (
          <tr key={head}>
            <th scope="row">{head}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const Kept = ({ text, lost }: { text: string | null; lost: string | null }) => (
  <>
    {text === null ? '–' : <StrangerText text={text} max={254} />}
    {lost !== null && (
      <span className="under">
        <span className="goes">
          <StrangerText text={lost} max={200} />
        </span>{' '}
        goes
      </span>
    )}
  </>
);
