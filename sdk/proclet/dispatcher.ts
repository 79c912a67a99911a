import { runInCall, runMethodInCall } from '../call/call-context.js';
import type { TraceContext } from '../call/trace-context.js';
import { isAsyncIterable } from '../client/bounded-result.js';
import type { CompiledMethod } from '../codec/compiled.js';
import type { NumberedMethod } from '../codec/method-table.js';
import type { Writer } from '../codec/writer.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { ThrownCodec } from '../errors/thrown.js';
import type { ComponentHost } from '../hosting/component-host.js';
import type { HostedComponent } from '../hosting/hosted-component.js';
import type { ComponentOwnership } from '../ownership/component-ownership.js';
import type { OwnedCall } from '../ownership/owned-call.js';
import type { OwnedComponents } from '../ownership/owned-components.js';
import type { Span } from '../protocol/control.js';
import type { KeyLoadMeter, KeyLoadTable } from '../telemetry/key-load.js';
import type { MethodStats, StatsTable } from '../telemetry/method-stats.js';
import { UnhurriedTime } from '../telemetry/unhurried-time.js';
import type { CallReceiver, IncomingCall } from '../transport/transport.js';
import { ServedCall } from './served-call.js';

/** One of the app's methods, with what its calls need found once. */
interface ServedMethod {
  readonly component: string;
  readonly compiled: CompiledMethod;
  readonly encodeResult: (writer: Writer, value: unknown) => void;
  hosted: HostedComponent | undefined;
  /** Undefined when its keys may have several owners, and until it is hosted. */
  ownership: ComponentOwnership | undefined;
  /** By the caller's group. */
  readonly stats: Map<string, MethodStats>;
  /** Of the component; once a call with a key has come. */
  keys: KeyLoadMeter | undefined;
  readonly unhurried: UnhurriedTime;
  /** The group that called last, nearly always the next one too. */
  lastGroup: string | undefined;
  lastStats: MethodStats | undefined;
}

export interface DispatcherParts {
  readonly host: ComponentHost;
  readonly owned: OwnedComponents;
  readonly thrown: ThrownCodec;
  readonly stats: StatsTable;
  readonly keys: KeyLoadTable;
  readonly onSpan: (span: Span) => void;
}

/** Takes the calls of other proclets to the components of this one. */
export class Dispatcher implements CallReceiver {
  readonly #methods: readonly ServedMethod[];
  readonly #encodeThrown: (writer: Writer, thrown: unknown) => void;

  constructor(
    methods: readonly NumberedMethod[],
    private readonly parts: DispatcherParts,
  ) {
    this.#encodeThrown = (writer, thrown) => parts.thrown.encode(writer, thrown);
    this.#methods = methods.map(({ component, compiled }) => ({
      component,
      compiled,
      encodeResult: (writer, value) => compiled.encodeResult(writer, value),
      hosted: undefined,
      ownership: undefined,
      stats: new Map(),
      keys: undefined,
      unhurried: new UnhurriedTime(),
      lastGroup: undefined,
      lastStats: undefined,
    }));
  }

  receive(call: IncomingCall): void {
    const method = this.#methods[call.method];
    const hosted = method === undefined ? undefined : this.#hosted(method);
    if (method === undefined || hosted === undefined) {
      call.reject(
        'NOT_FOUND',
        `this replica hosts no method ${call.method}; it hosts ${this.parts.host.names.join(', ')}`,
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
    const instance = hosted.serving;
    if (instance === undefined) void this.#onceStarted(call, method, hosted, args);
    else this.#begin(call, method, hosted, instance, args);
  }

  #hosted(method: ServedMethod): HostedComponent | undefined {
    if (method.hosted === undefined) {
      method.hosted = this.parts.host.hosted(method.component);
      method.ownership = this.parts.owned.of(method.component);
    }
    return method.hosted;
  }

  async #onceStarted(
    call: IncomingCall,
    method: ServedMethod,
    hosted: HostedComponent,
    args: unknown[],
  ): Promise<void> {
    if (hosted.state === 'starting') await Promise.allSettled([hosted.started]);
    const instance = hosted.serving;
    if (instance !== undefined) return this.#begin(call, method, hosted, instance, args);
    const why = hosted.refusal(method.compiled.name);
    call.reject('UNAVAILABLE', why?.message ?? 'the component does not serve', 'no');
  }

  #begin(
    call: IncomingCall,
    method: ServedMethod,
    hosted: HostedComponent,
    instance: object,
    args: unknown[],
  ): void {
    const { ownership } = method;
    const { keyHash, trace } = call.header;
    if (ownership === undefined || keyHash === undefined)
      return this.#serve(call, method, hosted, instance, args, undefined);
    const admission = ownership.admits(keyHash, trace);
    if (admission === 'wait') {
      void this.#onceAcquired(call, method, hosted, ownership, keyHash, args);
    } else if (admission === 'refused') {
      const { code, message } = ownership.refusal(keyHash);
      call.reject(code, message, 'no');
    } else {
      const owned = ownership.begin({
        hash: keyHash,
        trace,
        streaming: method.compiled.streaming,
        end: (why) => call.end('STALE_OWNER', why),
      });
      this.#serve(call, method, hosted, instance, args, owned);
    }
  }

  async #onceAcquired(
    call: IncomingCall,
    method: ServedMethod,
    hosted: HostedComponent,
    ownership: ComponentOwnership,
    keyHash: number,
    args: unknown[],
  ): Promise<void> {
    const { signal } = call;
    try {
      await ownership.onceAcquired(keyHash, call.header.trace);
    } catch (reason) {
      const { code, executed } = RemoteCallError.from(reason);
      return call.reject(code, messageOf(reason), executed);
    }
    const instance = hosted.serving;
    if (instance !== undefined && !signal.aborted) return this.#begin(call, method, hosted, instance, args);
    call.reject('UNAVAILABLE', 'the component is shutting down', 'no');
  }

  /**
   * Not an async function: beside the method's own promise and the one of its `then`, none is made for a call, and no
   * function but those two.
   */
  #serve(
    call: IncomingCall,
    method: ServedMethod,
    hosted: HostedComponent,
    instance: object,
    args: unknown[],
    owned: OwnedCall | undefined,
  ): void {
    const { compiled } = method;
    const stats = this.#statsOf(method, call.caller.group);
    const timed = ++stats.calls >= stats.timedFrom;
    if (timed) stats.timeNext();
    const { keyHash } = call.header;
    if (keyHash !== undefined) {
      method.keys ??= this.parts.keys.meter(method.component, performance.now());
      method.keys.count(keyHash, method.unhurried.ms);
    }
    const measured = timed || call.header.trace?.sampled === true;
    const served = new ServedCall(call, stats, measured ? performance.now() : undefined, owned);
    let result: unknown;
    try {
      result = runMethodInCall(served, hosted.method(instance, compiled.name), instance, args);
    } catch (reason) {
      this.#failed(method, served, reason);
      return;
    }
    const fail = (reason: unknown) => this.#failed(method, served, reason);
    if (compiled.streaming) {
      // A generator's body runs where its items are pulled: that is within the call, too.
      const encode = owned === undefined ? method.encodeResult : whileOwned(method.encodeResult, owned);
      runInCall(served, () => this.#stream(call, encode, result)).then(() => {
        owned?.leave();
        this.#ended(method, served, undefined);
      }, fail);
      return;
    }
    const answer = result instanceof Promise ? result : Promise.resolve(result);
    answer.then((value) => this.#succeeded(method, served, value), fail);
  }

  #succeeded(method: ServedMethod, served: ServedCall, value: unknown): void {
    if (served.owned?.leave() === false) return this.#lostKey(method, served);
    served.call.succeed(method.encodeResult, value);
    if (served.startedAt !== undefined) this.#ended(method, served, undefined);
  }

  #failed(method: ServedMethod, served: ServedCall, reason: unknown): void {
    if (served.owned?.leave() === false) return this.#lostKey(method, served);
    served.stats.errors++;
    served.call.throw(this.#encodeThrown, reason);
    this.#ended(method, served, errorName(reason));
  }

  /** While the method ran others may have acted for its key: what it gave may be stale, and what it did lost. */
  #lostKey(method: ServedMethod, served: ServedCall): void {
    served.stats.errors++;
    served.call.reject('STALE_OWNER', LOST_KEY, 'unknown');
    this.#ended(method, served, 'STALE_OWNER');
  }

  #statsOf(method: ServedMethod, group: string): MethodStats {
    if (method.lastGroup === group && method.lastStats !== undefined) return method.lastStats;
    let stats = method.stats.get(group);
    if (stats === undefined) {
      stats = this.parts.stats.row(method.component, method.compiled.name, group, true);
      method.stats.set(group, stats);
    }
    method.lastGroup = group;
    method.lastStats = stats;
    return stats;
  }

  async #stream(
    call: IncomingCall,
    encode: (writer: Writer, item: unknown) => void,
    result: unknown,
  ): Promise<void> {
    const items = result instanceof Promise ? ((await result) as unknown) : result;
    if (!isAsyncIterable(items)) throw new TypeError('the method does not return an AsyncIterable');
    await call.stream(items, encode, this.#encodeThrown);
  }

  /** Reports a call that was measured. */
  #ended(
    { component, compiled, unhurried }: ServedMethod,
    served: ServedCall,
    error: string | undefined,
  ): void {
    const { startedAt } = served;
    if (startedAt === undefined) return;
    const durationMs = performance.now() - startedAt;
    served.stats.timed(durationMs);
    unhurried.took(durationMs);
    const { trace, parent } = served;
    if (trace?.sampled !== true) return;
    this.parts.onSpan(span(component, compiled.name, trace, parent, startedAt, durationMs, error));
  }
}

const LOST_KEY = 'this replica stopped owning the key while the method ran';

/** Items that come when the key is no longer owned end the stream. */
function whileOwned(
  encode: (writer: Writer, item: unknown) => void,
  owned: OwnedCall,
): (writer: Writer, item: unknown) => void {
  return (writer, item) => {
    if (!owned.holds) throw new RemoteCallError('STALE_OWNER', LOST_KEY, { executed: 'unknown' });
    encode(writer, item);
  };
}

function errorName(reason: unknown): string {
  if (reason instanceof RemoteCallError) return reason.code;
  return reason instanceof Error ? reason.name : typeof reason;
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
