import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { graphql } from '../../graphql';
import type { ReplayOnly, StartReplayInput } from '../../gql/graphql';
import { useChange, useRead } from '../../server';
import { useViewer } from '../../shell/viewer';
import { counted } from '../../ui/amounts';
import { Button } from '../../ui/Button';
import { CloseButton, Dialog, DialogBody, DialogFoot } from '../../ui/Dialog';
import { Choice, Choices, Form, FormRefusal, SelectField, TextField, textOf } from '../../ui/Form';
import { StrangerText } from '../../ui/StrangerText';
import { duration, useNow } from '../../ui/Time';
import { placeOf } from '../../ui/urls';
import { whyNotSend } from './endpoints';
import { OneEndpoint, type Endpoint } from './OneEndpoint';
import { ReplayProgress } from './ReplayProgress';
import { Replays, type ReplayState } from './replay-state';
import { useThisWebhook } from './useThisWebhook';

const StartReplay = graphql(`
  mutation StartReplay($input: StartReplayInput!) {
    startReplay(input: $input) {
      replay {
        ...ReplayState
      }
    }
  }
`);
export function Page() {
  return (
    <Dialog title="Replay events" closesTo={useThisWebhook()}>
      <OneEndpoint>{(endpoint) => <Replay endpoint={endpoint} />}</OneEndpoint>
    </Dialog>
  );
}

/** First counted, then started, then followed. */
function Replay({ endpoint }: { endpoint: Endpoint }) {
  const [started, setStarted] = useState<ReplayState | null>(null);
  const { data } = useRead(Replays, {}, { types: ['Replay'] });
  const running = data?.replays.nodes.find((one) => one.status === 'RUNNING' && one.endpoint?.id === endpoint.id);
  const replay = started ?? running;
  return replay === undefined ? (
    <ReplayForm endpoint={endpoint} onStarted={setStarted} />
  ) : (
    <>
      <DialogBody>
        <ReplayProgress replay={replay}>
          <p className="quiet">It goes on when you close this, or the browser: its bar is on the endpoint's page.</p>
        </ReplayProgress>
      </DialogBody>
      <DialogFoot>
        <CloseButton>Close</CloseButton>
      </DialogFoot>
    </>
  );
}

const choices: readonly { value: ReplayOnly; label: string; help: string }[] = [
  {
    value: 'FAILED',
    label: 'What failed',
    help: 'Its attempts were used up, and nothing of it arrived or waits since.',
  },
  {
    value: 'MISSED',
    label: 'What was missed',
    help: 'All that it listened to and never got, for whatever reason: failed, dropped or held too long.',
  },
  {
    value: 'ALL',
    label: 'Everything',
    help: 'What arrived, too: your receiver gets it again, with the same event id.',
  },
];
const rates = [1, 5, 10, 25, 50, 100];
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface ReplayFormProps {
  endpoint: Endpoint;
  onStarted(replay: ReplayState): void;
}

function ReplayForm({ endpoint, onStarted }: ReplayFormProps) {
  const viewer = useViewer();
  const [search] = useSearchParams();
  const asked = search.get('since');
  const [openedAt] = useState(useNow());
  const [counting, setCounted] = useState<{ input: StartReplayInput; replay: ReplayState } | null>(null);
  const [rate, setRate] = useState(50);
  const { send, isBusy, refusal } = useChange(StartReplay);
  const why = whyNotSend(viewer);

  const submit = async (values: FormData) => {
    if (counting !== null) {
      const done = await send({ input: { ...counting.input, ratePerSecond: rate } });
      if (done !== null) onStarted(done.startReplay.replay);
      return;
    }
    const until = textOf(values, 'until');
    const input: StartReplayInput = {
      endpointId: endpoint.id,
      // A moment that the address names is exact: what the field shows of it is whole seconds.
      since:
        asked !== null && textOf(values, 'since') === inField(Date.parse(asked))
          ? asked
          : fromField(textOf(values, 'since')),
      ...(until !== '' && { until: fromField(until) }),
      only: textOf(values, 'only') as ReplayOnly,
    };
    const done = await send({ input: { ...input, dryRun: true } });
    // What was counted is what is sent: events that happen in between are delivered anyway.
    if (done !== null)
      setCounted({ input: { ...input, until: done.startReplay.replay.until }, replay: done.startReplay.replay });
  };
  const total = counting?.replay.total ?? 0;

  return (
    <Form refusal={refusal} onChange={() => setCounted(null)} onSubmit={(values) => void submit(values)}>
      <DialogBody>
        <p className="quiet">
          Sends events to{' '}
          <b>
            <StrangerText text={placeOf(endpoint.url)} max={100} />
          </b>{' '}
          once more, with the ids and bytes that they had, beside what happens now.
        </p>
        <div className="replay-range">
          <TextField
            name="since"
            type="datetime-local"
            step={1}
            label="From"
            defaultValue={inField(
              asked === null || Number.isNaN(Date.parse(asked)) ? openedAt - dayMs : Date.parse(asked),
            )}
          />
          <TextField name="until" type="datetime-local" step={1} label="To" help="Empty: until now." />
        </div>
        <Choices legend="Which" name="only">
          {choices.map(({ value, label, help }) => (
            <Choice
              key={value}
              type="radio"
              name="only"
              value={value}
              label={label}
              help={help}
              defaultChecked={value === (asked === null ? 'FAILED' : 'ALL')}
            />
          ))}
        </Choices>
        <div aria-live="polite">
          {counting !== null && (
            <div className="replay-count">
              <p>
                <b>
                  {counting.replay.counted ? '' : 'More than '}
                  {counted(total, 'event')}
                </b>{' '}
                {total === 0 ? 'would be sent: choose more, or another time.' : 'would be sent.'}
              </p>
            </div>
          )}
        </div>
        {total > 0 && (
          <SelectField
            name="ratePerSecond"
            label="How fast"
            help={`Takes ${howLong(total / rate)}. Replays to one host share 100 a second.`}
            value={rate}
            onInput={(event) => event.stopPropagation()}
            onChange={(event) => setRate(Number(event.target.value))}
          >
            {rates.map((one) => (
              <option key={one} value={one}>
                {`${one} a second`}
              </option>
            ))}
          </SelectField>
        )}
        {endpoint.status === 'PAUSED' && (
          <p className="quiet">It is paused: what a replay makes is held with all else until it is resumed.</p>
        )}
        <FormRefusal />
      </DialogBody>
      <DialogFoot>
        <CloseButton />
        {counting === null || total === 0 ? (
          <Button type="submit" look="main" busy={isBusy && 'Counting…'} why={why}>
            Count them
          </Button>
        ) : (
          <Button type="submit" look="main" busy={isBusy && 'Starting…'} why={why}>
            {`Replay ${counted(total, 'event')}`}
          </Button>
        )}
      </DialogFoot>
    </Form>
  );
}

const howLong = (seconds: number) => (seconds < 1 ? 'less than a second' : `about ${duration(seconds * 1_000)}`);

/** As a field for date and time wants it, in the reader's zone. */
function inField(atMs: number): string {
  const at = new Date(atMs);
  return new Date(atMs - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** What is no moment is sent as it is: the server says what is wrong with it. */
function fromField(text: string): string {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}
