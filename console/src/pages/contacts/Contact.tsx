import './Contact.css';
import { Link, Outlet, useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { SubmissionsOfContactQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { counted } from '../../ui/amounts';
import { ButtonLink } from '../../ui/Button';
import { Json } from '../../ui/Code';
import { Card, Fact, Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { Pager, usePageArguments } from '../../ui/Pager';
import { ErrorCard, Skeleton } from '../../ui/States';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { RowLink, Under, type Column } from '../../ui/Table';
import { Time } from '../../ui/Time';
import { SubmissionTable } from '../submissions/SubmissionTable';
import { Unread } from '../Unread';
import { fullName, personName } from './contacts';
import { Tags } from './Tags';
import { OneContact, type WholeContact } from './wholeContact';

const SubmissionsOfContact = graphql(`
  query SubmissionsOfContact($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    contact(id: $id) {
      id
      submissions(first: $first, after: $after, last: $last, before: $before) {
        nodes {
          ...SubmissionRow
          intakeBot {
            id
            name
          }
        }
        pageInfo {
          hasNextPage
          hasPreviousPage
          startCursor
          endCursor
        }
      }
      records(first: 5) {
        nodes {
          id
          recordType
          createdAt
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  }
`);

export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneContact, { id });
  const contact = data?.contact ?? null;
  return (
    <>
      <PageHead
        title={contact === null ? 'Contact' : plainText(personName(contact))}
        heading={contact && <StrangerText text={personName(contact)} />}
        within={{ label: 'Contacts', to: paths.contacts }}
        actions={contact && <Actions id={id} />}
      >
        {contact && (
          <>
            {counted(contact.submissionCount, 'submission')}, known since <Time at={contact.createdAt} as="date" />
          </>
        )}
      </PageHead>
      {contact === null ? (
        <Unread
          refusal={refusal}
          again={again}
          what="contact"
          why="It may have been erased, or merged into another contact."
          back={{ label: 'contacts', to: paths.contacts }}
        />
      ) : (
        <div className="two-columns">
          <Belongings key={id} id={id} />
          <div>
            <About contact={contact} />
            <CustomFields contact={contact} />
          </div>
        </div>
      )}
      <Outlet />
    </>
  );
}

const Actions = ({ id }: { id: string }) => (
  <>
    <ButtonLink to={paths.eraseContact(id)} look="danger" preventScrollReset>
      Erase
    </ButtonLink>
    <ButtonLink to={paths.mergeContact(id)} preventScrollReset>
      Merge
    </ButtonLink>
    <ButtonLink to={paths.editContact(id)} preventScrollReset>
      Edit
    </ButtonLink>
  </>
);

/** What the person submitted, and what was made of it. */
function Belongings({ id }: { id: string }) {
  const variables = { id, ...usePageArguments(20) };
  const { data, refusal, again, isReading } = useRead(SubmissionsOfContact, variables, {
    types: ['Submission', 'Record'],
  });
  const submissions = data?.contact?.submissions;
  const records = data?.contact?.records;
  if (refusal && !submissions) return <ErrorCard refusal={refusal} again={again} />;
  return (
    <div>
      <section className="belongings">
        <h2>Submissions</h2>
        {submissions?.nodes.length === 0 ? (
          <p className="card none">No submission is linked to this contact.</p>
        ) : (
          <SubmissionTable
            caption="Submissions of this contact"
            submissions={submissions?.nodes}
            first={botColumn}
            isReading={isReading}
          />
        )}
        <Pager pageInfo={submissions?.pageInfo} />
      </section>
      <Card
        title="Records"
        aside={
          records?.pageInfo.hasNextPage === true && (
            <ButtonLink isSmall to={paths.recordsOf(id)}>
              All records
            </ButtonLink>
          )
        }
      >
        {records === undefined && <Skeleton />}
        {records?.nodes.length === 0 && <p className="quiet">No record is about this contact.</p>}
        <ul className="record-list">
          {records?.nodes.map(({ id: recordId, recordType, createdAt }) => (
            <li key={recordId}>
              <Link to={paths.record(recordId)}>{recordType}</Link>
              <span className="faint">
                <Time at={createdAt} />
              </span>
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}

type Row = NonNullable<NonNullable<SubmissionsOfContactQuery['contact']>['submissions']>['nodes'][number];

const botColumn: Column<Row> = {
  head: 'To',
  cell: ({ id, intakeBot }) => (
    <>
      <RowLink to={paths.submission(id)}>
        {intakeBot === null ? 'A deleted bot' : <StrangerText text={intakeBot.name} max={80} />}
      </RowLink>
      <Under isMono>{id}</Under>
    </>
  ),
};

function About({ contact }: { contact: WholeContact }) {
  const { email, phone, otherAddresses, tags, updatedAt, id } = contact;
  return (
    <Card title="About the person">
      <Facts>
        <Fact name="Name">
          <Known text={fullName(contact)} />
        </Fact>
        <Fact name="E-mail">
          <Known text={email} />
        </Fact>
        <Fact name="Phone">
          <Known text={phone} />
        </Fact>
        {otherAddresses.length > 0 && (
          <Fact name="Also found by">
            <ul>
              {otherAddresses.map((address) => (
                <li key={address}>
                  <StrangerText text={address} max={254} />
                </li>
              ))}
            </ul>
          </Fact>
        )}
        <Fact name="Tags">
          <Tags tags={tags} />
        </Fact>
        <Fact name="Changed">
          <Time at={updatedAt} />
        </Fact>
        <Fact name="Id">
          <code>{id}</code>
        </Fact>
      </Facts>
    </Card>
  );
}

const Known = ({ text }: { text: string | null }) =>
  text === null ? <span className="faint">not known</span> : <StrangerText text={text} max={254} />;

const CustomFields = ({ contact: { customFields } }: { contact: WholeContact }) => (
  <Card title="Custom fields">
    {Object.keys(customFields).length === 0 ? (
      <p className="quiet">None. Whatever else you know of the person can be kept here.</p>
    ) : (
      <Json label="Custom fields" value={customFields} />
    )}
  </Card>
);
