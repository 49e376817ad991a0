import { useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { graphql } from '../../graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { useRead } from '../../server';
import { Button, Buttons } from '../../ui/Button';
import { Form, TextField, textOf } from '../../ui/Form';
import { shortUrl } from '../../ui/urls';

import {
  codeChoices,
  isFiltered,
  sinceChoices,
  statusChoices,
  timeInWords,
  without,
  type FilterChoices,
} from './filter';

const DeliveryFilterChoices = graphql(`
  query DeliveryFilterChoices {
    eventTypes {
      type
    }
    webhookEndpoints(first: 100) {
      nodes {
        id
        url
      }
    }
  }
`);

/** A filter a chip: what is chosen stands in it and in the address, and each can be taken away. */
export function Chips({ filter }: { filter: DeliveryFilter }) {
  const { data } = useRead(DeliveryFilterChoices, {}, { types: ['WebhookEndpoint'], policy: 'cache-first' });
  const types = data?.eventTypes.map(({ type }) => [type, type] as const) ?? [];
  const endpoints = data?.webhookEndpoints.nodes.map(({ id, url }) => [id, shortUrl(url)] as const) ?? [];
  return (
    <div className="chips" role="group" aria-label="Filters">
      <Chip filter={filter} name="status" label="Status" choices={statusChoices} />
      <Chip filter={filter} name="type" label="Event" choices={types} />
      <Chip filter={filter} name="endpoint" label="Endpoint" choices={endpoints} />
      <Chip filter={filter} name="code" label="Last answer" choices={codeChoices} />
      <TimeChip filter={filter} />
      {isFiltered(filter) && (
        <Link className="button small bare" to={paths.deliveries()}>
          Clear all
        </Link>
      )}
    </div>
  );
}

interface ChipProps {
  filter: DeliveryFilter;
  name: keyof DeliveryFilter;
  label: string;
  choices: FilterChoices;
}

function Chip({ filter, name, label, choices }: ChipProps) {
  const navigate = useNavigate();
  const chosen = filter[name];
  const isListed = chosen === undefined || choices.some(([value]) => value === chosen);
  return (
    <OneChip label={label} isSet={chosen !== undefined} clearsTo={without(filter, name)}>
      <select
        aria-label={label}
        value={chosen ?? ''}
        onChange={({ target }) => void navigate(paths.deliveries({ ...filter, [name]: target.value || undefined }))}
      >
        <option value="">any</option>
        {!isListed && <option value={chosen}>{chosen}</option>}
        {choices.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </OneChip>
  );
}

interface OneChipProps {
  label: string;
  isSet: boolean;
  clearsTo: string;
  children: ReactNode;
}

const OneChip = ({ label, isSet, clearsTo, children }: OneChipProps) => (
  <span className="chip" data-set={isSet || undefined}>
    <span className="chip-label" aria-hidden>
      {label}
    </span>
    <span className="chip-choice">{children}</span>
    {isSet && (
      <Link className="chip-remove" to={clearsTo} aria-label={`Any ${label.toLowerCase()}`}>
        <span aria-hidden>×</span>
      </Link>
    )}
  </span>
);

const ownTime = 'own';

/** A span of time: until now from a while ago on, or between two moments. */
function TimeChip({ filter }: { filter: DeliveryFilter }) {
  const navigate = useNavigate();
  const [isChoosing, setChoosing] = useState(false);
  const words = timeInWords(filter);
  const isPreset = filter.to === undefined && sinceChoices.some(([value]) => value === filter.from);
  const choose = (value: string) => {
    setChoosing(value === ownTime);
    if (value !== ownTime) void navigate(paths.deliveries({ ...filter, from: value || undefined, to: undefined }));
  };
  return (
    <>
      <OneChip label="Made" isSet={words !== null} clearsTo={without(filter, 'from', 'to')}>
        <select
          aria-label="Made"
          value={isChoosing ? ownTime : isPreset ? filter.from : words === null ? '' : 'given'}
          onChange={({ target }) => choose(target.value)}
        >
          <option value="">any time</option>
          {sinceChoices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          {words !== null && !isPreset && <option value="given">{words}</option>}
          <option value={ownTime}>Between…</option>
        </select>
      </OneChip>
      {isChoosing && <Between filter={filter} onChosen={() => setChoosing(false)} />}
    </>
  );
}

/** As a field of the reader's zone takes it. */
function fieldText(text: string | undefined): string | undefined {
  const atMs = Date.parse(text ?? '');
  if (Number.isNaN(atMs)) return undefined;
  return new Date(atMs - new Date(atMs).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Between({ filter, onChosen }: { filter: DeliveryFilter; onChosen(): void }) {
  const navigate = useNavigate();
  const apply = (values: FormData) => {
    const at = (name: string) => {
      const text = textOf(values, name);
      return text === '' ? undefined : new Date(text).toISOString();
    };
    onChosen();
    void navigate(paths.deliveries({ ...filter, from: at('from'), to: at('to') }));
  };
  return (
    <div className="card between">
      <Form refusal={null} onSubmit={apply}>
        <TextField name="from" label="From" type="datetime-local" defaultValue={fieldText(filter.from)} autoFocus />
        <TextField name="to" label="Until" type="datetime-local" defaultValue={fieldText(filter.to)} />
        <Buttons>
          <Button onClick={onChosen}>Cancel</Button>
          <Button type="submit" look="main">
            Apply
          </Button>
        </Buttons>
      </Form>
    </div>
  );
}
