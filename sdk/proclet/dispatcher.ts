import { type CallState, runInCall } from '../call/call-context.js';
import { childSpan, type TraceContext } from '../call/trace-context.js';
import { isAsyncIterable } from '../client/bounded-result.js';
import type { NumberedMethod } from '../codec/method-table.js';
import type { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { ThrownCodec } from '../errors/thrown.js';
import type { ComponentHost } from '../hosting/component-host.js';
import type { HostedComponent } from '../hosting/hosted-component.js';
import type { Span } from '../protocol/control.js';
import type { StatsTable } from '../telemetry/method-stats.js';
import type { CallReceiver, IncomingCall } from '../transport/transport.js';

/** Takes the calls of other proclets to the components of this one. */
export class Dispatcher implements CallReceiver {
  constructor(
    private readonly methods: readonly NumberedMethod[],
    private readonly host: ComponentHost,
    private readonly thrown: ThrownCodec,
    private readonly stats: StatsTable,
    private readonly onSpan: (span: Span) => void,
  ) {}

  receive(call: IncomingCall): void {
    const method = this.methods[call.method];
    const hosted = method === undefined ? undefined : this.host.hosted(method.component);
    if (method === undefined || hosted === undefined) {
      call.reject(
        'NOT_FOUND',
        `this replica hosts no method ${call.method}; it hosts ${this.host.names.join(', ')}`,
        'no',
      );
      return;
    }
    let args: unknown[];
    try {
      args = method.compiled.decodeArguments(call.arguments);
      call.arguments.finish();
    } catch (reason) {
      call.reject('PROTOCOL_ERROR', `the arguments cannot be read: ${messageOf(reason)}`, 'no');
      return;
    }
    void this.#serve(call, method, hosted, args);
  }

  async #serve(
    call: IncomingCall,
    { component, compiled }: NumberedMethod,
    hosted: HostedComponent,
    args: unknown[],
  ): Promise<void> {
    const instance = hosted.serving ?? (await this.#onceStarted(hosted));
    if (instance === undefined) {
      const why = hosted.refusal(compiled.name);
      call.reject('UNAVAILABLE', why?.message ?? 'the component does not serve', 'no');
      return;
    }
    const { header } = call;
    const trace = header.trace === undefined ? undefined : childSpan(header.trace);
    const stats = this.stats.row(component, compiled.name, call.caller.group, true);
    const timed = ++stats.calls >= stats.timedFrom;
    if (timed) stats.timeNext();
    const measured = timed || trace?.sampled === true;
    const startedAt = measured ? performance.now() : 0;
    let error: string | undefined;
    try {
      const method = hosted.method(instance, compiled.name);
      const result = runInCall(callState(call, trace), () => method.apply(instance, args));
      if (compiled.streaming) await this.#stream(call, compiled.encodeResult, result);
      else {
        const value = await result;
        call.succeed((writer) => compiled.encodeResult(writer, value));
      }
    } catch (reason) {
      error =
        reason instanceof RemoteCallError
          ? reason.code
          : reason instanceof Error
            ? reason.name
            : typeof reason;
      stats.errors++;
      call.throw((writer) => this.thrown.encode(writer, reason));
    }
    if (!measured) return;
    const durationMs = performance.now() - startedAt;
    stats.timed(durationMs);
    if (trace?.sampled === true) {
      this.onSpan(span(component, compiled.name, trace, header.trace, startedAt, durationMs, error));
    }
  }

  async #stream(
    call: IncomingCall,
    encode: (writer: Writer, item: unknown) => void,
    result: unknown,
  ): Promise<void> {
    const items = result instanceof Promise ? ((await result) as unknown) : result;
    if (!isAsyncIterable(items)) throw new TypeError('the method does not return an AsyncIterable');
    await call.stream(items, encode, (writer, thrown) => this.thrown.encode(writer, thrown));
  }

  /** Undefined when the component failed to start or is shutting down. */
  async #onceStarted(hosted: HostedComponent): Promise<object | undefined> {
    if (hosted.state === 'starting') await Promise.allSettled([hosted.started]);
    return hosted.serving;
  }
}

function callState(call: IncomingCall, trace: TraceContext | undefined): CallState {
  const { timeoutMs, metadata } = call.header;
  return {
    deadline: timeoutMs === undefined ? undefined : performance.now() + timeoutMs,
    trace,
    metadata,
    get signal() {
      return call.signal;
    },
  };
}

function span(
  component: string,
  method: string,
  trace: TraceContext,
  parent: TraceContext | undefined,
  startedAt: number,
  durationMs: number,
  error: string | undefined,
): Span {
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentSpanId: parent?.spanId,
    component,
    method,
    kind: 'server',
    start: performance.timeOrigin + startedAt,
    durationMs,
    error,
  };
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
