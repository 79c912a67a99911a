import { currentCallState, narrowed, runInCall } from '../call/call-context.js';
import type { CallOptions } from '../component/component-class.js';
import type { HostedComponent } from '../hosting/hosted-component.js';
import type { MethodStats, StatsTable } from '../telemetry/method-stats.js';
import { boundedResult, isAsyncIterable } from './bounded-result.js';
import type { Invoke, Invoker } from './invoker.js';

/** Calls within the process: the method itself, once the component serves. */
export class LocalInvoker implements Invoker {
  readonly #hosted: HostedComponent;
  readonly #caller: string;
  readonly #stats: StatsTable;

  constructor(hosted: HostedComponent, caller: string, stats: StatsTable) {
    this.#hosted = hosted;
    this.#caller = caller;
    this.#stats = stats;
  }

  get methods(): readonly string[] {
    return this.#hosted.registered.methods;
  }

  get openEnded(): boolean {
    return this.#hosted.registered.openEnded;
  }

  bind(method: string): Invoke {
    const hosted = this.#hosted;
    const stats = this.#stats.row(hosted.name, method, this.#caller, false);
    return (args, options) => {
      const instance = hosted.serving;
      if (instance !== undefined && options === undefined)
        return direct(hosted, instance, method, args, stats);
      return this.#indirect(method, args, options, stats);
    };
  }

  /** With options, or before the component serves. */
  #indirect(
    method: string,
    args: readonly unknown[],
    options: CallOptions | undefined,
    stats: MethodStats,
  ): unknown {
    const hosted = this.#hosted;
    const state = withOptions(options);
    const name = { component: hosted.name, method };
    const instance = hosted.serving;
    if (instance !== undefined) {
      return boundedResult(
        runInCall(state, () => direct(hosted, instance, method, args, stats)),
        state,
        name,
      );
    }
    const call = async () => {
      const refusal = hosted.refusal(method);
      if (refusal !== undefined) throw refusal;
      await boundedResult(hosted.started, state, name);
      const started = hosted.serving;
      if (started === undefined) throw hosted.refusal(method);
      return boundedResult(
        runInCall(state, () => direct(hosted, started, method, args, stats)),
        state,
        name,
      );
    };
    return promiseOrItems(call());
  }
}

function direct(
  hosted: HostedComponent,
  instance: object,
  method: string,
  args: readonly unknown[],
  stats: MethodStats,
): unknown {
  if (!stats.begin()) return hosted.method(instance, method).apply(instance, args as unknown[]);
  const before = performance.now();
  const result = hosted.method(instance, method).apply(instance, args as unknown[]);
  if (result instanceof Promise) {
    result.then(
      () => stats.timed(performance.now() - before),
      () => {
        stats.errors++;
        stats.timed(performance.now() - before);
      },
    );
  }
  return result;
}

function withOptions(options: CallOptions | undefined) {
  const outer = currentCallState();
  return narrowed(outer, {
    timeout: options?.timeout,
    signal: options?.signal,
    metadata: options?.metadata,
    trace: outer?.trace,
  });
}

/**
 * Before the component exists nobody knows whether the method streams, so the answer can be awaited and iterated.
 */
function promiseOrItems(result: Promise<unknown>): Promise<unknown> & AsyncIterable<unknown> {
  return Object.assign(result, {
    async *[Symbol.asyncIterator]() {
      const items = await result;
      if (isAsyncIterable(items)) yield* items;
      else throw new TypeError('the method does not return an AsyncIterable');
    },
  });
}
