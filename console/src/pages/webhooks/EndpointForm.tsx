import './EndpointForm.css';
import { Fragment, useState, type ReactNode } from 'react';
import { graphql } from '../../graphql';
import { useRead, type Refusal } from '../../server';
import { Button } from '../../ui/Button';
import { Choice, Choices, Form, FormRefusal, TextArea, TextField, textOf, typedIn } from '../../ui/Form';
import { ErrorCard, Skeleton } from '../../ui/States';
import { HeaderFields, headersOf, type HeaderRow } from './HeaderFields';
import type { Endpoint } from './OneEndpoint';
import { PayloadPreview } from './PayloadPreview';

const EventTypes = graphql(`
  query EventTypes {
    eventTypes {
      type
      description
    }
  }
`);

export interface EndpointValues {
  url: string;
  description: string | null;
  events: string[];
  payloadQuery: string | null;
  maxConcurrency: number | null;
  /** Left out, they stay as they are. */
  customHeaders?: Record<string, string> | null;
}

interface EndpointFormProps {
  /** What it is now; undefined for a new one. */
  endpoint?: Endpoint;
  refusal: Refusal | null;
  onChange(): void;
  onSubmit(values: EndpointValues): void;
  /** Its buttons, the main one last. */
  children: ReactNode;
}

type Order = 'any' | 'some' | 'strict';

/** All that an endpoint is made of, beside what it will be sent. */
export function EndpointForm({ endpoint, refusal, onChange, onSubmit, children }: EndpointFormProps) {
  const { data, refusal: unread, again } = useRead(EventTypes, {}, { policy: 'cache-first' });
  const [chosen, setChosen] = useState<readonly string[]>(endpoint?.events ?? []);
  const [previewed, setPreviewed] = useState<string | null>(null);
  const [payloadQuery, setPayloadQuery] = useState(endpoint?.payloadQuery ?? '');
  const [url, setUrl] = useState(endpoint?.url ?? '');
  const [order, setOrder] = useState<Order>(orderOf(endpoint?.maxConcurrency ?? null));
  const names = endpoint?.customHeaderNames ?? [];
  const [headers, setHeaders] = useState<readonly HeaderRow[] | null>(names.length === 0 ? [] : null);
  const types = data?.eventTypes;
  const type = previewed ?? chosen[0] ?? 'submission.completed';

  const choose = (name: string, isChosen: boolean) => {
    setChosen((before) => (isChosen ? [...before, name] : before.filter((one) => one !== name)));
    if (isChosen) setPreviewed(name);
  };
  const submit = (values: FormData) => {
    onSubmit({
      url: textOf(values, 'url'),
      description: textOf(values, 'description') || null,
      events: [...chosen],
      payloadQuery: typedIn(values, 'payloadQuery').trim() || null,
      maxConcurrency: order === 'any' ? null : order === 'strict' ? 1 : Number(textOf(values, 'maxConcurrency')) || 0,
      ...(headers !== null && (names.length > 0 || headers.length > 0) && { customHeaders: headersOf(headers) }),
    });
  };

  return (
    <Form refusal={refusal} onChange={onChange} onSubmit={submit}>
      <div className="endpoint-form">
        <div className="card endpoint-fields">
          <TextField
            name="url"
            type="url"
            label="URL"
            help="Public and https. Redirects are not followed."
            placeholder="https://hooks.example.com/iozen"
            autoComplete="off"
            value={url}
            onChange={(event) => setUrl(event.target.value)}
            maxLength={2_048}
          />
          <TextField
            name="description"
            label="Description"
            help="What it is for, so that others know what stops when it ends."
            defaultValue={endpoint?.description ?? ''}
            maxLength={500}
          />
          <Choices legend="Events" name="events" help="What it listens to.">
            {unread && types === undefined && <ErrorCard refusal={unread} again={again} />}
            {!unread && types === undefined && <Skeleton />}
            {types?.map(({ type: name, description }) => (
              <div key={name} className="event-choice">
                <Choice
                  type="checkbox"
                  name="event"
                  value={name}
                  checked={chosen.includes(name)}
                  onChange={(event) => choose(name, event.target.checked)}
                  label={<code>{name}</code>}
                  help={description}
                />
                <Button
                  look="bare"
                  isSmall
                  aria-label={`Sample of ${name}`}
                  onClick={() => {
                    setPreviewed(name);
                    document.getElementById('preview')?.scrollIntoView({ block: 'nearest' });
                  }}
                >
                  Sample
                </Button>
              </div>
            ))}
          </Choices>
          <HeaderFields
            names={names}
            rows={headers}
            isMoved={endpoint !== undefined && originOf(url) !== originOf(endpoint.url)}
            onChange={(rows) => {
              setHeaders(rows);
              onChange();
            }}
          />
          <Choices legend="How many at once" name="maxConcurrency">
            {orders.map(({ value, label, help }) => (
              <Fragment key={value}>
                <Choice
                  type="radio"
                  name="order"
                  value={value}
                  checked={order === value}
                  onChange={() => setOrder(value)}
                  label={label}
                  help={help}
                />
                {value === 'some' && order === 'some' && (
                  <input
                    className="input at-once"
                    name="maxConcurrency"
                    type="number"
                    min={2}
                    max={100}
                    aria-label="At most at once"
                    defaultValue={endpoint?.maxConcurrency ?? 5}
                  />
                )}
              </Fragment>
            ))}
          </Choices>
          <TextArea
            name="payloadQuery"
            label="Payload query"
            help={
              <>
                Leave it empty for whole objects. Or a GraphQL fragment for each object, such as{' '}
                <code>fragment on Submission {'{ id status }'}</code>: only that is sent.
              </>
            }
            rows={6}
            value={payloadQuery}
            onChange={(event) => setPayloadQuery(event.target.value)}
            maxLength={10_000}
          />
        </div>
        <PayloadPreview
          type={type}
          types={types?.map((one) => one.type) ?? [type]}
          onType={setPreviewed}
          payloadQuery={payloadQuery.trim() || null}
        />
      </div>
      <div className="endpoint-form-foot">
        <FormRefusal />
        <div className="buttons">{children}</div>
      </div>
    </Form>
  );
}

const orders: readonly { value: Order; label: string; help: string }[] = [
  { value: 'any', label: 'As many as the server allows', help: 'The fastest. Events may overtake each other.' },
  { value: 'some', label: 'At most so many', help: 'Spares a receiver that can do little at a time.' },
  {
    value: 'strict',
    label: 'One at a time, in order',
    help: 'The next is sent only when the one before has ended: one that fails for a day holds up all behind it.',
  },
];

const orderOf = (maxConcurrency: number | null): Order =>
  maxConcurrency === null ? 'any' : maxConcurrency === 1 ? 'strict' : 'some';

const originOf = (url: string) => URL.parse(url)?.origin ?? url;
