import './Submission.css';
import { Link, Outlet, useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { OneSubmissionQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { ButtonLink } from '../../ui/Button';
import { Card, Fact, Facts } from '../../ui/Facts';
import { PageHead } from '../../ui/PageHead';
import { plainText, StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { personAddress, personName } from '../contacts/contacts';
import { Unread } from '../Unread';
import { Answers } from './Answers';
import { Conversation } from './Conversation';
import { SubmissionEvents } from './SubmissionEvents';
import { SubmissionStatusMark } from './SubmissionTable';

const OneSubmission = graphql(`
  query OneSubmission($id: ID!) {
    submission(id: $id) {
      id
      status
      isTest
      data
      aiSummary
      fileCount
      schemaVersion
      createdAt
      updatedAt
      contact {
        ...Person
      }
      intakeBot {
        id
        name
        status
        recordType
        schemaVersion
        schema {
          name
          label
          type
          kind
          required
          options
          helperText
        }
      }
    }
    records(first: 1, filter: { submissionId: $id }) {
      nodes {
        id
        recordType
      }
    }
  }
`);

export type WholeSubmission = NonNullable<OneSubmissionQuery['submission']>;
export type Question = NonNullable<WholeSubmission['intakeBot']>['schema'][number];

export function Page() {
  const { id = '' } = useParams();
  const { data, refusal, again } = useRead(OneSubmission, { id }, { types: ['Record'] });
  const submission = data?.submission ?? null;
  const bot = submission?.intakeBot ?? null;
  return (
    <>
      <PageHead
        title={titleOf(submission)}
        heading={submission?.contact && <StrangerText text={personName(submission.contact)} />}
        within={
          bot === null ? { label: 'Bots', to: paths.bots } : { label: plainText(bot.name), to: paths.bot(bot.id) }
        }
        actions={submission && <Actions submission={submission} />}
      >
        {submission && (
          <p className="marks">
            <SubmissionStatusMark status={submission.status} isTest={submission.isTest} />
            <span>
              {submission.status === 'IN_PROGRESS' ? 'begun' : 'submitted'} <Time at={submission.createdAt} />
            </span>
            <code>{submission.id}</code>
          </p>
        )}
      </PageHead>
      {submission === null ? (
        <Unread
          refusal={refusal}
          again={again}
          what="submission"
          why="It may have been deleted, erased with the person behind it, or kept for as long as the plan keeps submissions."
          back={{ label: 'bots', to: paths.bots }}
        />
      ) : (
        <div className="two-columns">
          <div>
            <Answers data={submission.data} questions={bot?.schema ?? []} />
            <Conversation submissionId={id} />
          </div>
          <div>
            <About submission={submission} record={data?.records.nodes[0] ?? null} />
            <SubmissionEvents submissionId={id} />
          </div>
        </div>
      )}
      <Outlet />
    </>
  );
}

const titleOf = (submission: WholeSubmission | null) =>
  submission?.contact ? plainText(personName(submission.contact)) : 'Submission';

function Actions({ submission: { id, status } }: { submission: WholeSubmission }) {
  return (
    <>
      <ButtonLink to={paths.editSubmission(id)} preventScrollReset>
        Edit answers
      </ButtonLink>
      {status === 'IN_PROGRESS' && (
        <ButtonLink to={paths.completeSubmission(id)} look="main" preventScrollReset>
          Complete
        </ButtonLink>
      )}
    </>
  );
}

interface AboutProps {
  submission: WholeSubmission;
  record: { id: string; recordType: string } | null;
}

/** What belongs to it. */
function About({ submission, record }: AboutProps) {
  const { contact, intakeBot, status, updatedAt, createdAt, schemaVersion, aiSummary } = submission;
  return (
    <Card title="About it">
      <Facts>
        <Fact name="Contact">
          {contact === null ? (
            <span className="quiet">{status === 'IN_PROGRESS' ? 'known once it is completed' : 'none'}</span>
          ) : (
            <>
              <Link to={paths.contact(contact.id)}>
                <StrangerText text={personName(contact)} max={80} />
              </Link>
              <AddressUnder text={personAddress(contact)} />
            </>
          )}
        </Fact>
        <Fact name="Record">
          {record === null ? (
            <span className="quiet">{whyNoRecord(submission)}</span>
          ) : (
            <Link to={paths.record(record.id)}>{record.recordType}</Link>
          )}
        </Fact>
        {intakeBot && (
          <Fact name="Bot">
            <Link to={paths.bot(intakeBot.id)}>
              <StrangerText text={intakeBot.name} max={80} />
            </Link>
          </Fact>
        )}
        {updatedAt !== createdAt && (
          <Fact name="Changed">
            <Time at={updatedAt} />
          </Fact>
        )}
        <Fact name="Schema">
          version {schemaVersion}
          {intakeBot && intakeBot.schemaVersion !== schemaVersion && `; the bot's is ${intakeBot.schemaVersion} now`}
        </Fact>
        {aiSummary !== null && (
          <Fact name="Summary">
            <StrangerText text={aiSummary} max={1_000} />
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

function whyNoRecord({ status, intakeBot }: WholeSubmission): string {
  if (intakeBot?.recordType == null) return 'none: the bot makes no records';
  return status === 'IN_PROGRESS' ? `a ${intakeBot.recordType}, once it is completed` : 'none';
}

const AddressUnder = ({ text }: { text: string | null }) =>
  text !== null && (
    <span className="under">
      <StrangerText text={text} max={80} />
    </span>
  );
