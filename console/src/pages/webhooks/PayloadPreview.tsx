import '../../ui/Facts.css';
import { useEffect, useState } from 'react';
import { graphql } from '../../graphql';
import { useRead, type Refusal } from '../../server';
import { Json } from '../../ui/Code';
import { sentence } from '../../ui/Form';
import { Skeleton } from '../../ui/States';
import { Tabs } from '../../ui/Tabs';

const PreviewPayload = graphql(`
  query PreviewPayload($type: EventType!, $payloadQuery: String) {
    previewPayload(type: $type, payloadQuery: $payloadQuery)
  }
`);
const EventSchemas = graphql(`
  query EventSchemas {
    eventTypes {
      type
      schema
    }
  }
`);

/** So long after the last key somebody is done typing. */
const typedMs = 400;

interface PayloadPreviewProps {
  type: string;
  types: readonly string[];
  onType(type: string): void;
  payloadQuery: string | null;
}

const views = [
  { name: 'payload', label: 'Payload' },
  { name: 'schema', label: 'JSON Schema' },
] as const;

/** What the endpoint would be sent of an example, as somebody types the query. */
export function PayloadPreview({ type, types, onType, payloadQuery }: PayloadPreviewProps) {
  const settled = useSettled(payloadQuery);
  return (
    <section className="card part payload-preview" id="preview" aria-labelledby="preview-title">
      <header>
        <h2 id="preview-title">What it is sent</h2>
        <select
          className="input preview-type"
          aria-label="Event to preview"
          value={type}
          onChange={(event) => onType(event.target.value)}
        >
          {types.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </header>
      <div className="part-in">
        <Tabs label="What to show" tabs={views}>
          {(view) => (view === 'payload' ? <Payload type={type} payloadQuery={settled} /> : <Schema type={type} />)}
        </Tabs>
      </div>
    </section>
  );
}

function Payload({ type, payloadQuery }: { type: string; payloadQuery: string | null }) {
  const { data, refusal } = useRead(PreviewPayload, { type, payloadQuery }, { policy: 'cache-first' });
  if (refusal) return <NoPreview refusal={refusal} />;
  if (!data?.previewPayload) return <Skeleton />;
  return (
    <>
      <Json label="Payload" value={data.previewPayload} />
      <p className="faint preview-note">
        {payloadQuery === null ? 'An example, about nobody.' : 'An example, as your query selects of it.'}
      </p>
    </>
  );
}

const NoPreview = ({ refusal }: { refusal: Refusal }) => (
  <div className="form-refusal" role="status">
    {refusal.issues.length === 0
      ? refusal.message
      : refusal.issues.map(({ message }) => <p key={message}>{sentence(message)}</p>)}
  </div>
);

function Schema({ type }: { type: string }) {
  const { data, refusal } = useRead(EventSchemas, {}, { policy: 'cache-first' });
  if (refusal) return <NoPreview refusal={refusal} />;
  const found = data?.eventTypes.find((one) => one.type === type);
  return found === undefined ? <Skeleton /> : <Json label="JSON Schema" value={found.schema} />;
}

/** A value once it has not changed for a moment. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), typedMs);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
