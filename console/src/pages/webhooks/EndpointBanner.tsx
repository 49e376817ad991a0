import { graphql } from '../../graphql';
import { paths } from '../../paths';
import { useRead } from '../../server';
import { planNames, useViewer } from '../../shell/viewer';
import { count, counted } from '../../ui/amounts';
import { Banner } from '../../ui/Banner';
import { ButtonLink } from '../../ui/Button';
import type { StatusKind } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { Time } from '../../ui/Time';
import { placeOf } from '../../ui/urls';
import { failures, whatItDid } from '../deliveries/outcomes';
import { failuresMax, pauses, whyNotSend, type EndpointState } from './endpoints';

const LastFailure = graphql(`
  query LastFailure($endpointId: ID!, $failures: [WebhookAttemptOutcome!]!) {
    webhookDeliveries(first: 1, filter: { endpointId: $endpointId, outcome: $failures }) {
      nodes {
        id
        lastAttempt {
          outcome
          responseStatus
          error
        }
      }
    }
  }
`);

/** What is wrong with an endpoint, what is held, and what to do. */
export function EndpointBanner({ endpoint }: { endpoint: EndpointState }) {
  const viewer = useViewer();
  const { id, url, status, pauseReason } = endpoint;
  const isFailing = status === 'ACTIVE' || (pauseReason !== null && pauses[pauseReason].isItsOwn);
  const { data } = useRead(LastFailure, { endpointId: id, failures }, { pause: !isFailing });
  const failed = data?.webhookDeliveries.nodes[0];
  const attempt = failed?.lastAttempt;
  return (
    <Banner
      kind={kindOf(endpoint)}
      title={
        <>
          <StrangerText text={placeOf(url)} max={80} /> <WhatIsWrong endpoint={endpoint} />
        </>
      }
      actions={
        <>
          {status === 'PAUSED' && (
            <ButtonLink to={paths.resumeWebhook(id)} look="main" why={whyNotSend(viewer)}>
              Resume
            </ButtonLink>
          )}
          {failed && <ButtonLink to={paths.delivery(failed.id)}>See why it fails</ButtonLink>}
          {status === 'ACTIVE' && <ButtonLink to={paths.testWebhook(id)}>Send a test event</ButtonLink>}
        </>
      }
    >
      {attempt && pauseReason !== 'GONE' && (
        <>
          It {whatItDid(attempt)}
          {attempt.error !== null && attempt.responseStatus === null && (
            <>
              {' '}
              (<StrangerText text={attempt.error} max={120} />)
            </>
          )}
          .{' '}
        </>
      )}
      <WhatIsHeld endpoint={endpoint} plan={planNames[viewer.workspace.plan]} />
    </Banner>
  );
}

function kindOf({ status, pauseReason }: EndpointState): StatusKind {
  if (status === 'ACTIVE') return 'wait';
  return pauseReason !== null && pauses[pauseReason].isItsOwn ? 'bad' : 'still';
}

function WhatIsWrong({ endpoint: { status, pauseReason, pausedAt, consecutiveFails } }: { endpoint: EndpointState }) {
  if (status === 'ACTIVE') return `failed ${count(consecutiveFails)} times in a row`;
  return (
    <>
      is paused{' '}
      {pausedAt !== null && (
        <>
          since <Time at={pausedAt} as="moment" />
        </>
      )}
      {pauseReason !== null && pauses[pauseReason].why}
    </>
  );
}

function WhatIsHeld({ endpoint, plan }: { endpoint: EndpointState; plan: string }) {
  const { status, pauseReason, heldCount, consecutiveFails } = endpoint;
  if (status === 'ACTIVE') {
    return `After ${counted(failuresMax - consecutiveFails, 'more failure')} it is paused, and its events are held.`;
  }
  const held =
    heldCount === 0
      ? 'Nothing is held so far; what happens from now on is, for 30 days.'
      : `${counted(heldCount, 'event')} ${heldCount === 1 ? 'is' : 'are'} held; nothing is lost for 30 days.`;
  return `${held} ${pauses[pauseReason ?? 'MANUAL'].ends(plan)}`;
}
