import { useState } from 'react';
import { useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { WhatGoesQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange, useRead } from '../../server';
import { useViewer, whyNotAdmin } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot, useDialog } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal } from '../../ui/Form';
import { ErrorCard, Skeleton } from '../../ui/States';
import { StrangerText } from '../../ui/StrangerText';
import { ContactInDialog } from './ContactInDialog';
import { personName } from './contacts';
import type { WholeContact } from './wholeContact';

const WhatGoes = graphql(`
  query WhatGoes($id: ID!) {
    contact(id: $id) {
      id
      submissions(first: 40) {
        totalCount
        nodes {
          id
          messages(first: 1) {
            totalCount
          }
        }
      }
      records(first: 40) {
        totalCount
        nodes {
          id
          contacts(first: 5) {
            role
            contact {
              id
            }
          }
        }
      }
    }
  }
`);
const EraseContact = graphql(`
  mutation EraseContact($input: DeleteContactInput!) {
    deleteContact(input: $input) {
      contact {
        id
      }
      erasure {
        id
        status
      }
    }
  }
`);

export function Page() {
  const { id = '' } = useParams();
  return (
    <Dialog shape="alert" title="Erase a person" closesTo={paths.contact(id)}>
      <ContactInDialog>{(contact) => <Erase contact={contact} />}</ContactInDialog>
    </Dialog>
  );
}

function Erase({ contact }: { contact: WholeContact }) {
  const { id } = contact;
  const { role } = useViewer();
  const { done } = useDialog();
  const { send, isBusy, refusal } = useChange(EraseContact);
  const { data, refusal: unread, again } = useRead(WhatGoes, { id }, { policy: 'network-only' });
  const [withSubmissions, setWithSubmissions] = useState(false);
  const why = withSubmissions ? whyNotAdmin(role) : null;
  const erase = async () => {
    const answer = await send({ input: { id, eraseSubmissions: withSubmissions } });
    if (answer !== null) done(paths.erasure(answer.deleteContact.erasure.id));
  };
  const counts = data?.contact ? countsOf(data.contact, id) : null;
  return (
    <Form refusal={refusal} onSubmit={() => void erase()}>
      <DialogBody>
        <p>
          <b>
            <StrangerText text={personName(contact)} max={80} />
          </b>{' '}
          <code>{id}</code>
        </p>
        <Choices legend="What is erased" name="eraseSubmissions">
          <Choice
            type="radio"
            name="eraseSubmissions"
            value="no"
            checked={!withSubmissions}
            onChange={() => setWithSubmissions(false)}
            label="The person"
            help="Submissions and records stay, without the link to whoever it was."
          />
          <Choice
            type="radio"
            name="eraseSubmissions"
            value="yes"
            checked={withSubmissions}
            onChange={() => setWithSubmissions(true)}
            label="The person and what they submitted"
            help={whyNotAdmin(role) ?? 'For a request to be forgotten: what they answered goes, too.'}
          />
        </Choices>
        <div>
          <h3>This goes</h3>
          {unread && counts === null && <ErrorCard refusal={unread} again={again} />}
          {!unread && counts === null && <Skeleton width="18rem" />}
          {counts && <Goes counts={counts} contact={contact} withSubmissions={withSubmissions} />}
        </div>
        <p>
          It cannot be undone. That it was done, by whom and when, stays in the audit log without the person's name.
        </p>
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Keep contact</CloseButton>
        <Button type="submit" look="danger" busy={isBusy && 'Erasing…'} why={why}>
          {withSubmissions ? 'Erase person and submissions' : 'Erase person'}
        </Button>
      </DialogFoot>
    </Form>
  );
}

interface Counts {
  submissions: number;
  /** null where there are too many submissions to ask each. */
  messages: number | null;
  records: number;
  /** Records that stay, without the link, as they are about others too; null where there are too many to ask each. */
  recordsOfOthers: number | null;
}

/** So many people of each record are asked for. */
const linksAsked = 5;

function countsOf({ submissions, records }: NonNullable<WhatGoesQuery['contact']>, id: string): Counts {
  const asked = submissions?.nodes ?? [];
  const linked = records?.nodes ?? [];
  const total = { submissions: submissions?.totalCount ?? 0, records: records?.totalCount ?? 0 };
  const isOfOthers = ({ contacts }: (typeof linked)[number]) =>
    !contacts.some(({ contact, role }) => contact?.id === id && role === 'submitter') &&
    contacts.some(({ contact }) => contact?.id !== id);
  const areAllKnown = linked.length === total.records && linked.every(({ contacts }) => contacts.length < linksAsked);
  return {
    ...total,
    messages:
      asked.length < total.submissions
        ? null
        : asked.reduce((sum, { messages }) => sum + (messages?.totalCount ?? 0), 0),
    recordsOfOthers: areAllKnown ? linked.filter(isOfOthers).length : null,
  };
}

interface GoesProps {
  counts: Counts;
  contact: WholeContact;
  withSubmissions: boolean;
}

function Goes({ counts, contact: { email, phone, otherAddresses }, withSubmissions }: GoesProps) {
  const addresses = [email, phone].filter((address) => address !== null).length + otherAddresses.length;
  const { submissions, messages, records, recordsOfOthers } = counts;
  const going = records - (recordsOfOthers ?? 0);
  const messagesToo = messages === null ? ' with their messages' : ` with ${counted(messages, 'message')}`;
  return (
    <ul className="stops">
      <li>1 contact, with {counted(addresses, 'address', 'addresses')}, tags and custom fields</li>
      <li>what the payloads of events say of them, and what receivers answered to those</li>
      <li>deliveries of them that are still open: they end as skipped</li>
      {withSubmissions ? (
        <>
          <li>
            {counted(submissions, 'submission')}
            {submissions > 0 && messagesToo}, and drafts that name one of the addresses
          </li>
          <li>
            {recordsOfOthers === null ? `up to ${counted(records, 'record')}` : counted(going, 'record')}
            {recordsOfOthers !== null &&
              recordsOfOthers > 0 &&
              `; ${counted(recordsOfOthers, 'other record')} about others too ${recordsOfOthers === 1 ? 'stays' : 'stay'}, without the link`}
          </li>
        </>
      ) : (
        <li>
          the link to {counted(submissions, 'submission')} and {counted(records, 'record')}, which stay
        </li>
      )}
    </ul>
  );
}
