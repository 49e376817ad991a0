import { Link, useParams } from 'react-router';
import { graphql } from '../../graphql';
import type { OneConversionQuery } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange, useFollow, useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { DialogAwaiting } from '../../ui/DialogAwaiting';
import { Fact, Facts } from '../../ui/Facts';
import { Form, FormRefusal } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { Tag } from '../../ui/Status';
import { duration, Time } from '../../ui/Time';
import { toast } from '../../ui/Toasts';
import { personName } from '../contacts/contacts';
import { adviceFor } from './advice';
import { ConversionChanged, ConversionStatusMark } from './ConversionLog';
import { whyNotConnect, type ConversionRow } from './conversions';
import { useThisMarketing } from './OneDestination';
import { guideOf, platformOf, type PlatformWords } from './platforms';

const OneConversion = graphql(`
  query OneConversion($id: ID!) {
    node(id: $id) {
      __typename
      ... on Conversion {
        ...ConversionRow
        eventId
        occurredAt
        endedAt
        dropped
      }
    }
  }
`);

const Resend = graphql(`
  mutation Resend($input: ResendConversionInput!) {
    resendConversion(input: $input) {
      conversion {
        ...ConversionRow
      }
    }
  }
`);

type WholeConversion = Extract<OneConversionQuery['node'], { __typename: 'Conversion' }>;

/** What became of one lead on one platform, and what to do about it. */
export function Page() {
  const { conversion: id = '' } = useParams();
  const { data, refusal, again } = useRead(OneConversion, { id });
  const conversion = data?.node?.__typename === 'Conversion' ? data.node : null;
  const platform = conversion === null ? undefined : platformOf(conversion.platform);
  const destinationId = conversion?.destination?.id ?? null;
  useFollow(
    ConversionChanged,
    { destinationId },
    ({ conversionUpdated: changed }) => {
      if (changed.id === id) again();
    },
    { pause: destinationId === null, again },
  );
  return (
    <Dialog shape="drawer" title={`A lead for ${platform?.title ?? 'a platform'}`} closesTo={useThisMarketing()}>
      {conversion === null || platform === undefined ? (
        <DialogAwaiting
          refusal={refusal}
          again={again}
          missing={data ? 'There is no such conversion: it is kept for 30 days after its end.' : null}
        />
      ) : (
        <Whole conversion={conversion} platform={platform} />
      )}
    </Dialog>
  );
}

function Whole({ conversion, platform }: { conversion: WholeConversion; platform: PlatformWords }) {
  const viewer = useViewer();
  const { send, isBusy, refusal } = useChange(Resend);
  const { id, status, eventId, occurredAt, endedAt, submission, dropped } = conversion;
  const advice = adviceFor(platform, conversion);
  const resend = async () => {
    if ((await send({ input: { id } })) !== null) toast('It is sent once more.');
  };
  return (
    <Form refusal={refusal} onSubmit={() => void resend()}>
      <DialogBody>
        <div className="conversion-state">
          <ConversionStatusMark conversion={conversion} />
        </div>
        <Words conversion={conversion} platform={platform} />
        {advice !== null && (
          <p>
            <b>What to do:</b> {advice}{' '}
            <a href={guideOf(platform)} target="_blank" rel="noreferrer">
              The guide has each code
            </a>
          </p>
        )}
        <FormRefusal />
        <Facts>
          <Fact name="Submission">
            {submission === null ? (
              'no longer kept'
            ) : (
              <>
                <Link to={paths.submission(submission.id)}>
                  {submission.contact ? <StrangerText text={personName(submission.contact)} max={80} /> : submission.id}
                </Link>{' '}
                {submission.isTest && <Tag>Test</Tag>}
              </>
            )}
          </Fact>
          <Fact name="Completed">
            <Time at={occurredAt} as="exact" />
          </Fact>
          {endedAt !== null && (
            <Fact name="Ended">
              <Time at={endedAt} as="exact" />
            </Fact>
          )}
          <Fact name="Event id">
            <code>{eventId}</code>
          </Fact>
          {dropped.length > 0 && (
            <Fact name="Left out">
              <StrangerText text={dropped.join(', ')} max={400} />
              <span className="under">Its form was wrong, or the bot no longer has its field.</span>
            </Fact>
          )}
        </Facts>
        <Attempts conversion={conversion} />
      </DialogBody>
      <DialogFoot>
        <CloseButton isFirst>Close</CloseButton>
        <Button
          type="submit"
          look="main"
          busy={isBusy && 'Sending…'}
          why={whyNotResend(status) ?? whyNotConnect(viewer)}
        >
          Resend
        </Button>
      </DialogFoot>
    </Form>
  );
}

function whyNotResend(status: ConversionRow['status']): string | null {
  if (status === 'REJECTED') return null;
  if (status === 'EXPIRED') return 'It is too old for the platform.';
  return 'Only what was rejected is sent again by hand.';
}

/** What the platform said last, in its own words. */
function Words({ conversion: { attempts, status }, platform }: { conversion: ConversionRow; platform: PlatformWords }) {
  const last = attempts.at(-1);
  if (last === undefined || status === 'SKIPPED') return null;
  return (
    <figure className="their-words">
      <figcaption>
        {platform.title} {last.status === null ? 'did not answer' : `answered ${last.status}`}
      </figcaption>
      {last.message !== '' && (
        <blockquote>
          <StrangerText text={last.message} max={600} />
        </blockquote>
      )}
      {last.code !== null && (
        <code>
          <StrangerText text={last.code} max={80} />
        </code>
      )}
    </figure>
  );
}

function Attempts({ conversion: { attempts } }: { conversion: ConversionRow }) {
  if (attempts.length === 0) return null;
  return (
    <section aria-label="Attempts">
      <h3>Attempts</h3>
      <ol className="conversion-attempts" reversed>
        {attempts.toReversed().map((attempt) => (
          <li key={attempt.at}>
            <p className="marks">
              <Time at={attempt.at} as="exact" />
              <span className="faint">
                {attempt.status ?? 'no answer'} after {duration(attempt.ms)}
              </span>
            </p>
            <p>
              {attempt.code !== null && (
                <>
                  <code>
                    <StrangerText text={attempt.code} max={80} />
                  </code>{' '}
                </>
              )}
              <StrangerText text={attempt.message} max={500} />
            </p>
            {attempt.traceId !== null && (
              <p className="faint">
                for their support:{' '}
                <code>
                  <StrangerText text={attempt.traceId} max={120} />
                </code>
              </p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
