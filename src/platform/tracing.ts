import { hash, randomBytes } from 'node:crypto';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Attributes } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type IdGenerator } from '@opentelemetry/sdk-trace-base';

/** Where a span stands. */
export interface SpanPlace {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
}

/** A span that has ended: when it began (Unix milliseconds), how long it took, and how it ended. */
export interface Span {
  name: string;
  kind: keyof typeof kinds;
  startedAtMs: number;
  ms: number;
  failed: boolean;
  place: SpanPlace;
  /** The span that it is part of, in the same trace. */
  parent?: SpanPlace | undefined;
  /** A span of another trace that it follows from. */
  cause?: SpanPlace | undefined;
  attributes: Attributes;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT, producer: SpanKind.PRODUCER };
const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more, or otherwise. */
const ours = defaultResource().merge(resourceFromAttributes({ 'service.name': 'iozen' }));

/** Gives the next span the ids of the place that was chosen for it. */
class ChosenIds implements IdGenerator {
  next: SpanPlace = { traceId: '', spanId: '' };
  readonly generateTraceId = () => this.next.traceId;
  readonly generateSpanId = () => this.next.spanId;
}

/**
 * Sends spans over OTLP/HTTP; without an endpoint it records nothing. The libraries read OpenTelemetry's own variables:
 * headers, timeout and compression of the exporter, the sampler, sizes of batches.
 */
export class Tracing {
  private readonly ids = new ChosenIds();
  private readonly provider: BasicTracerProvider | null;

  /** @param endpoint where spans go, `url`; null: nowhere */
  constructor(endpoint: { url: string } | null) {
    this.provider =
      endpoint === null
        ? null
        : new BasicTracerProvider({
            resource: ours.merge(detectResources({ detectors: [envDetector] })),
            idGenerator: this.ids,
            spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(endpoint))],
          });
  }

  /** Whether spans are sent: where there are many, a caller makes them only then. */
  get isOn(): boolean {
    return this.provider !== null;
  }

  record({ name, kind, startedAtMs, ms, failed, place, parent, cause, attributes }: Span): void {
    if (this.provider === null) return;
    const links = cause === undefined ? [] : [{ context: contextOf(cause) }];
    const options = { kind: kinds[kind], startTime: startedAtMs, attributes, links };
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
    this.ids.next = place;
    const span = this.provider.getTracer('iozen').startSpan(name, options, context);
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(startedAtMs + ms);
  }

  /** Sends the spans that wait to be sent. */
  async stop(): Promise<void> {
    await this.provider?.shutdown();
  }
}

const contextOf = (place: SpanPlace) => ({ ...place, traceFlags: TraceFlags.SAMPLED, isRemote: true });

/** The place of a span that W3C's `traceparent` names; null where it names none. https://www.w3.org/TR/trace-context/ */
export function placeIn(traceparent: string | undefined): SpanPlace | null {
  const [, traceId, spanId] = traceparentForm.exec(traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? null : { traceId, spanId };
}

export const traceparentOf = ({ traceId, spanId }: SpanPlace) => `00-${traceId}-${spanId}-01`;

/** A new place, in the trace of its parent where it has one. */
export function newPlace(parent: SpanPlace | null): SpanPlace {
  return { traceId: parent?.traceId ?? randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') };
}

/**
 * The place of an event, in a trace of its own that its deliveries are part of. It is made from the event's id: whatever
 * process delivers it, days later, knows it, and nothing has to be kept of it.
 */
export function placeOfEvent(eventId: string): SpanPlace {
  const digest = hash('sha256', eventId);
  return { traceId: digest.slice(0, 32), spanId: digest.slice(32, 48) };
}

/** The place of an attempt to deliver an event. */
export function placeOfAttempt(eventId: string, deliveryId: string, number: number): SpanPlace {
  const digest = hash('sha256', `${deliveryId}/${number}`);
  return { traceId: placeOfEvent(eventId).traceId, spanId: digest.slice(0, 16) };
}
