import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** A span that has ended: when it began (Unix milliseconds), how long it took, and how it ended. */
export interface Span {
  name: string;
  kind: 'server' | 'client';
  startedAtMs: number;
  ms: number;
  failed: boolean;
  /** The caller's W3C `traceparent`, so that the span joins the caller's trace. */
  traceparent?: string | undefined;
  attributes: Attributes;
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT };
const traceparentForm = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say more, or otherwise. */
const ours = defaultResource().merge(resourceFromAttributes({ 'service.name': 'iozen' }));

/**
 * Sends spans over OTLP/HTTP; without an endpoint it records nothing. The libraries read OpenTelemetry's own variables:
 * headers, timeout and compression of the exporter, the sampler, sizes of batches.
 */
export class Tracing {
  private readonly provider: BasicTracerProvider | null;

  /** @param endpoint where spans go, `url`; null: nowhere */
  constructor(endpoint: { url: string } | null) {
    this.provider =
      endpoint === null
        ? null
        : new BasicTracerProvider({
            resource: ours.merge(detectResources({ detectors: [envDetector] })),
            spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(endpoint))],
          });
  }

  /** Whether spans are sent: where there are many, a caller makes them only then. */
  get isOn(): boolean {
    return this.provider !== null;
  }

  record({ name, kind, startedAtMs, ms, failed, traceparent, attributes }: Span): void {
    if (this.provider === null) return;
    const options = { kind: kinds[kind], startTime: startedAtMs, attributes };
    const span = this.provider.getTracer('iozen').startSpan(name, options, parentOf(traceparent));
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(startedAtMs + ms);
  }

  /** Sends the spans that wait to be sent. */
  async stop(): Promise<void> {
    await this.provider?.shutdown();
  }
}

function parentOf(traceparent: string | undefined) {
  const [, traceId, spanId, flags] = traceparentForm.exec(traceparent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: parseInt(flags ?? '0', 16),
    isRemote: true,
  });
}
