import { useState } from 'react';
import { graphql } from '../../graphql';
import type { TestDestinationMutation } from '../../gql/graphql';
import { paths } from '../../paths';
import { useChange } from '../../server';
import { useViewer } from '../../shell/viewer';
import { Button, ButtonLink } from '../../ui/Button';
import { Json } from '../../ui/Code';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Choice, Form, FormRefusal } from '../../ui/Form';
import { Status } from '../../ui/Status';
import { StrangerText } from '../../ui/StrangerText';
import { useParams } from 'react-router';
import { whyNotConnect, type Destination } from './conversions';
import { OneDestination, useThisMarketing, useThisPlatform } from './OneDestination';
import type { PlatformWords } from './platforms';

const TestDestination = graphql(`
  mutation TestDestination($input: TestConversionDestinationInput!) {
    testConversionDestination(input: $input) {
      ok
      verdict
      message
      sent
    }
  }
`);

type Result = TestDestinationMutation['testConversionDestination'];

export function Page() {
  const platform = useThisPlatform();
  return (
    <Dialog title={`Test ${platform?.title ?? 'the connection'}`} closesTo={useThisMarketing()}>
      <OneDestination>
        {(destination, platform) => <Test destination={destination} platform={platform} />}
      </OneDestination>
    </Dialog>
  );
}

interface TestProps {
  destination: Destination;
  platform: PlatformWords;
}

function Test({ destination: { id, testCode }, platform }: TestProps) {
  const { id: botId = '' } = useParams();
  const viewer = useViewer();
  const { send, isBusy, refusal } = useChange(TestDestination);
  const [isAgreed, setAgreed] = useState(false);
  const [result, setResult] = useState<Result | null>(null);
  const { title, test, countsBecause, hasTestCode } = platform;
  const needsCode = hasTestCode && testCode === null;
  const run = async () => {
    const done = await send({ input: { id, acceptRealConversion: isAgreed } });
    setResult(done === null ? null : done.testConversionDestination);
  };
  const why =
    whyNotConnect(viewer) ??
    (needsCode ? `Put a test code of ${title} into the settings first.` : null) ??
    (countsBecause !== null && !isAgreed ? 'Agree first that it counts.' : null);
  return (
    <Form refusal={refusal} onSubmit={() => void run()}>
      <DialogBody>
        <p>{test}</p>
        {needsCode && (
          <p className="quiet">
            There is no test code yet. {title} shows one in Events Manager → Test events; put it into the settings.
          </p>
        )}
        {countsBecause !== null && !needsCode && (
          <Choice
            type="checkbox"
            name="acceptRealConversion"
            checked={isAgreed}
            onChange={(event) => setAgreed(event.target.checked)}
            label="Send it, though it counts"
            help={countsBecause}
          />
        )}
        <FormRefusal />
        <div aria-live="polite">{result && <WhatCame result={result} platform={platform} botId={botId} />}</div>
      </DialogBody>
      <DialogFoot>
        <CloseButton>Close</CloseButton>
        {needsCode ? (
          <ButtonLink to={paths.editDestination(botId, platform.key)} look="main" why={whyNotConnect(viewer)}>
            Add a test code
          </ButtonLink>
        ) : (
          <Button type="submit" look="main" busy={isBusy && `Asking ${title}…`} why={why}>
            {result === null ? 'Test connection' : 'Test it again'}
          </Button>
        )}
      </DialogFoot>
    </Form>
  );
}

/** What the platform said, in its words, and what to do. */
function WhatCame({
  result: { ok, verdict, message, sent },
  platform,
  botId,
}: {
  result: Result;
  platform: PlatformWords;
  botId: string;
}) {
  return (
    <section className="test-result">
      <p>
        <Status kind={ok ? 'good' : 'bad'}>{ok ? 'It works' : 'It does not work yet'}</Status>
      </p>
      {message !== '' && (
        <blockquote className="their-words">
          <StrangerText text={message} max={600} />
        </blockquote>
      )}
      {ok && (
        <p className="quiet">
          Ids, token and rights are right. Whether {platform.title} recognises people, only {platform.seenAt} tells.
        </p>
      )}
      {(verdict === 'AUTH_BROKEN' || verdict === 'CONFIG_BROKEN') && (
        <p>
          <ButtonLink to={paths.editDestination(botId, platform.key)} isSmall>
            {verdict === 'AUTH_BROKEN' ? 'Give a new token' : 'Open the settings'}
          </ButtonLink>
        </p>
      )}
      {sent !== null && (
        <details>
          <summary>What was sent</summary>
          <Json label="What was sent" value={sent} />
        </details>
      )}
    </section>
  );
}
