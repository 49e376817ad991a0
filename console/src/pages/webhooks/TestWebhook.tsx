import { useState } from 'react';
import { graphql } from '../../graphql';
import type { SendTestEventMutation } from '../../gql/graphql';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button } from '../../ui/Button';
import { CodeBlock } from '../../ui/Code';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Fact, Facts } from '../../ui/Facts';
import { Form, FormRefusal, SelectField, textOf } from '../../ui/Form';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { duration } from '../../ui/Time';
import { hostOf } from '../../ui/urls';
import { HttpMessage } from '../deliveries/HttpMessage';
import { whatItDid } from '../deliveries/outcomes';
import { Timings } from '../deliveries/Timings';
import { WhatToDo } from '../deliveries/WhatToDo';
import { whyNotSend } from './endpoints';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { useThisWebhook } from './useThisWebhook';

const SendTestEvent = graphql(`
  mutation SendTestEvent($input: SendTestEventInput!) {
    sendTestEvent(input: $input) {
      attempt {
        at
        outcome
        responseStatus
        responseBody
        error
        address
        timings {
          dnsMs
          connectMs
          tlsMs
          firstByteMs
          totalMs
        }
      }
    }
  }
`);

type Attempt = SendTestEventMutation['sendTestEvent']['attempt'];

export function Page() {
  return (
    <Dialog title="Send a test event" closesTo={useThisWebhook()}>
      <OneEndpoint>{(endpoint) => <Test endpoint={endpoint} />}</OneEndpoint>
    </Dialog>
  );
}

function Test({ endpoint: { id, url, events } }: { endpoint: Endpoint }) {
  const viewer = useViewer();
  const { send, isBusy, refusal } = useChange(SendTestEvent);
  const [attempt, setAttempt] = useState<Attempt | null>(null);
  const test = async (values: FormData) => {
    const done = await send({ input: { endpointId: id, type: textOf(values, 'type') } });
    setAttempt(done === null ? null : done.sendTestEvent.attempt);
  };
  return (
    <Form refusal={refusal} onSubmit={(values) => void test(values)}>
      <DialogBody>
        <SelectField
          name="type"
          label="Event"
          help="An example with nothing of yours in it, signed as all else. It counts for nothing, and is sent while paused, too."
        >
          {events.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </SelectField>
        <FormRefusal />
        <div aria-live="polite">{attempt && <WholeAttempt attempt={attempt} host={hostOf(url)} />}</div>
        <details>
          <summary>No receiver yet? Try it on your machine</summary>
          <div className="listen">
            <p className="faint">
              Follows the events of this workspace and posts each to a receiver that only your machine reaches. Put a
              key with the scope manage:webhooks in place of the dots.
            </p>
            <CodeBlock label="Command" text={listenCommand(events)} />
          </div>
        </details>
      </DialogBody>
      <DialogFoot>
        <CloseButton>Close</CloseButton>
        <Button type="submit" look="main" busy={isBusy && 'Sending…'} why={whyNotSend(viewer)}>
          {attempt === null ? 'Send test event' : 'Send it again'}
        </Button>
      </DialogFoot>
    </Form>
  );
}

const listenCommand = (events: readonly string[]) =>
  [
    `IOZEN_URL=${location.origin} IOZEN_API_KEY=… \\`,
    `  npx --no-install iozen listen --forward-to http://localhost:3000/hook \\`,
    `  --events ${events.join(',')}`,
  ].join('\n');

/** What came of it, the answer first. */
function WholeAttempt({ attempt, host }: { attempt: Attempt; host: string }) {
  const { outcome, responseStatus, responseBody, error, address, timings } = attempt;
  const arrived = outcome === 'SUCCESS';
  // Of an answer it says no more than the sentence above.
  const reason = outcome === 'HTTP_ERROR' ? null : error;
  return (
    <section className="attempt-whole">
      <p>
        <Status kind={arrived ? 'good' : 'bad'}>{arrived ? 'Arrived' : 'Failed'}</Status>{' '}
        <StrangerText text={host} max={80} /> {whatItDid(attempt)} after {duration(timings.totalMs)}.
      </p>
      <WhatToDo outcome={outcome} responseStatus={responseStatus} />
      {(reason !== null || address !== null) && (
        <Facts>
          {reason !== null && (
            <Fact name="Why">
              <StrangerText text={reason} max={500} />
            </Fact>
          )}
          {address !== null && (
            <Fact name="Address">
              <code>{address}</code>
            </Fact>
          )}
        </Facts>
      )}
      <Timings timings={timings} responseStatus={responseStatus} />
      {responseStatus !== null &&
        (responseBody === null || responseBody === '' ? (
          <p className="faint">The answer had no body.</p>
        ) : (
          <HttpMessage label="Answer" body={responseBody} />
        ))}
    </section>
  );
}
