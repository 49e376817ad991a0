import './Records.css';
import '../contacts/Contact.css';
import { Link, useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { OneRecordQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { counted } from '../../ui/amounts';
import { Json } from '../../ui/Code';
import { Card, Fact, Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { personAddress, personName } from '../contacts/contacts';
import { Unread } from '../Unread';

const OneRecord = graphql(`
  query OneRecord($id: ID!) {
    record(id: $id) {
      id
      recordType
      data
      submissionId
      createdAt
      updatedAt
      contacts(first: 100) {
        role
        contact {
          ...Person
        }
      }
    }
  }
`);

type WholeRecord = NonNullable<OneRecordQuery['record']>;

export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneRecord, { id }, { types: ['Contact'] });
  const record = data?.record ?? null;
  return (
    <>
      <PageHead title={record?.recordType ?? 'Record'} within={{ label: 'Records', to: paths.records }}>
        {record && (
          <>
            <code>{record.id}</code>, created <Time at={record.createdAt} />
          </>
        )}
      </PageHead>
      {record === null ? (
        <Unread
          refusal={refusal}
          again={again}
          what="record"
          why="It may have been erased with the person it was about."
          back={{ label: 'records', to: paths.records }}
        />
      ) : (
        <div className="two-columns">
          <Card title="Data" aside={<span className="faint">{counted(Object.keys(record.data).length, 'value')}</span>}>
            <Json label="Data" value={record.data} />
          </Card>
          <div>
            <People links={record.contacts} />
            <Origin record={record} />
          </div>
        </div>
      )}
    </>
  );
}

const People = ({ links }: { links: WholeRecord['contacts'] }) => (
  <Card title="People it is about">
    {links.length === 0 && <p className="quiet">It is linked to nobody.</p>}
    <ul className="roles">
      {links.map(({ role, contact }) => (
        <li key={`${contact?.id} ${role}`}>
          {contact === null ? (
            'Somebody who is being erased'
          ) : (
            <>
              <Link to={paths.contact(contact.id)}>
                <StrangerText text={personName(contact)} max={80} />
              </Link>
              {personAddress(contact) !== null && (
                <>
                  {' '}
                  <span className="faint">
                    <StrangerText text={personAddress(contact) ?? ''} max={80} />
                  </span>
                </>
              )}
            </>
          )}
          <span className="under">
            as <StrangerText text={role} max={100} />
          </span>
        </li>
      ))}
    </ul>
  </Card>
);

const Origin = ({ record: { submissionId, createdAt, updatedAt } }: { record: WholeRecord }) => (
  <Card title="Where it is from">
    <Facts>
      <Fact name="Made of">
        {submissionId === null ? (
          <span className="quiet">no submission</span>
        ) : (
          <Link to={paths.submission(submissionId)}>a submission</Link>
        )}
      </Fact>
      <Fact name="Created">
        <Time at={createdAt} as="exact" />
      </Fact>
      {updatedAt !== createdAt && (
        <Fact name="Changed">
          <Time at={updatedAt} as="exact" />
        </Fact>
      )}
    </Facts>
  </Card>
);
