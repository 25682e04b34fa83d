import { context, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';

export interface TracingOptions {
  /** OTLP/HTTP endpoint that takes traces: `http://collector:4318/v1/traces`. */
  readonly url: string;
  readonly service: string;
}

/** Looks up a header of a request or call; undefined when it is not there. */
type Header = (name: string) => string | undefined;

/** A message of the feed, as far as a trace is concerned. */
interface Traced {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Spans are sent at this pace; a process that ends sends the rest. */
const SEND_EVERY_MS = 1_000;
/** A collector that is away keeps nobody waiting at the end. */
const SEND_WITHIN_MS = 2_000;
const OK = 0;
/** Statuses of calls that are the callee's fault: UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const FAULTS: ReadonlySet<number> = new Set([2, 4, 13, 14, 15]);

/**
 * Spans of requests, calls between services and batches of the feed, by the W3C Trace Context that arrives with them. Names
 * and attributes come from fixed sets (operations, methods, topics, codes) and the request's correlation id: never a URL, a
 * caller, a value or a token. `OTEL_TRACES_SAMPLER` and its kin are the SDK's own.
 */
export class Tracing {
  readonly #provider: NodeTracerProvider;
  readonly #tracer;

  constructor({ url, service }: TracingOptions) {
    const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: SEND_WITHIN_MS }), {
      scheduledDelayMillis: SEND_EVERY_MS,
    });
    this.#provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: `coffer-${service}` }),
      spanProcessors: [processor],
    });
    this.#provider.register();
    this.#tracer = this.#provider.getTracer('coffer');
  }

  /** Sends what is left. */
  async close(): Promise<void> {
    await this.#provider.shutdown();
  }

  /** A request has arrived: everything that is done for it goes through `within`. */
  readonly request = (operation: string, method: string, header: Header) => {
    const { span, active } = this.#begin(operation, SpanKind.SERVER, header, { 'http.request.method': method });
    return {
      traceparent: carrierOf(active)['traceparent'],
      within: <T>(work: () => T): T => context.with(active, work),
      end: (status: number, correlationId: string): void => {
        span.setAttributes({ 'http.response.status_code': status, 'coffer.correlation_id': correlationId });
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  };

  /** Shaped as the observer of calls. */
  readonly calls = {
    leaves: (method: string) => {
      const { span, active } = this.#begin(method.slice(1), SpanKind.CLIENT, undefined, { 'rpc.system': 'grpc' });
      return { headers: carrierOf(active), end: endCall(span) };
    },
    arrives: (method: string, header: Header) => {
      const { span, active } = this.#begin(method.slice(1), SpanKind.SERVER, header, { 'rpc.system': 'grpc' });
      return {
        within: (work: () => void): void => {
          context.with(active, work);
        },
        end: endCall(span),
      };
    },
  };

  /**
   * Shaped as the observer of the feed. A batch has messages of many traces: each of them gets a span for the batch's time.
   */
  readonly feed = {
    within: async <T>(
      step: 'publish' | 'process',
      topic: string,
      messages: readonly Traced[],
      work: () => Promise<T>,
    ): Promise<T> => {
      const kind = step === 'publish' ? SpanKind.PRODUCER : SpanKind.CONSUMER;
      const spans = [...parentsOf(messages)].map(([parent, count]) => {
        const attributes = { 'messaging.system': 'kafka', 'messaging.batch.message_count': count };
        return this.#begin(`${step} ${topic}`, kind, () => parent, attributes).span;
      });
      try {
        return await work();
      } catch (error) {
        for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        for (const span of spans) span.end();
      }
    },
  };

  #begin(name: string, kind: SpanKind, header: Header | undefined, attributes: Attributes) {
    const parent = header === undefined ? context.active() : parentOf(header);
    const span = this.#tracer.startSpan(name, { kind, attributes }, parent);
    return { span, active: trace.setSpan(parent, span) };
  }
}

/** The traces of a batch's messages, with how many messages each has. */
function parentsOf(messages: readonly Traced[]): Map<string, number> {
  const parents = new Map<string, number>();
  for (const { headers } of messages) {
    const parent = headers?.['traceparent'];
    if (parent !== undefined) parents.set(parent, (parents.get(parent) ?? 0) + 1);
  }
  return parents;
}

function parentOf(header: Header): Context {
  const carrier = { traceparent: header('traceparent'), tracestate: header('tracestate') };
  return propagation.extract(ROOT_CONTEXT, carrier);
}

function carrierOf(active: Context): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  return carrier;
}

function endCall(span: Span): (code: number) => void {
  return (code) => {
    span.setAttribute('rpc.grpc.status_code', code);
    if (code !== OK && FAULTS.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}
