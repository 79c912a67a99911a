import { currentCallState, narrowed, runInCall } from '../call/call-context.js';
import type { CallOptions } from '../component/component-class.js';
import type { HostedComponent } from '../hosting/hosted-component.js';
import type { MethodStats, StatsTable } from '../telemetry/method-stats.js';
import { boundedResult, isAsyncIterable } from './bounded-result.js';
import type { DirectMethod, Invoke, Invoker } from './invoker.js';

/** What an instance is taken for once its method was found. */
type With<M extends string> = { readonly [K in M]: DirectMethod };

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
    const stats = this.#row(method);
    return (args, options) => {
      const instance = this.#hosted.serving;
      if (instance !== undefined && options === undefined)
        return counted(this.#hosted, instance, method, args, stats);
      return this.#indirect(method, args, options, stats);
    };
  }

  /**
   * What nearly every co-located call is. Parameters instead of an array of them: to make one costs a fifth of the call. The
   * number given is kept, since a method may have defaults, a rest parameter, or look at its `arguments`.
   */
  direct<M extends string>(method: M): DirectMethod {
    const hosted = this.#hosted;
    const stats = this.#row(method);
    const indirect = (args: readonly unknown[]) => this.#indirect(method, args, undefined, stats);
    // biome-ignore-start lint/complexity/noArguments: a rest parameter is the array that this is here to avoid
    return function (a, b, c, d) {
      const instance = hosted.serving;
      if (instance === undefined) return indirect([...arguments]);
      if (++stats.calls >= stats.timedFrom) return timed(hosted, instance, method, [...arguments], stats);
      const target = instance as With<M>;
      switch (arguments.length) {
        case 0:
          return target[method]();
        case 1:
          return target[method](a);
        case 2:
          return target[method](a, b);
        case 3:
          return target[method](a, b, c);
        case 4:
          return target[method](a, b, c, d);
        default:
          return target[method](...arguments);
      }
    };
    // biome-ignore-end lint/complexity/noArguments: see above
  }

  #row(method: string): MethodStats {
    return this.#stats.row(this.#hosted.name, method, this.#caller, false);
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
        runInCall(state, () => counted(hosted, instance, method, args, stats)),
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
        runInCall(state, () => counted(hosted, started, method, args, stats)),
        state,
        name,
      );
    };
    return promiseOrItems(call());
  }
}

function counted(
  hosted: HostedComponent,
  instance: object,
  method: string,
  args: readonly unknown[],
  stats: MethodStats,
): unknown {
  if (++stats.calls >= stats.timedFrom) return timed(hosted, instance, method, args, stats);
  return hosted.method(instance, method).apply(instance, args as unknown[]);
}

function timed(
  hosted: HostedComponent,
  instance: object,
  method: string,
  args: readonly unknown[],
  stats: MethodStats,
): unknown {
  const target = methodOf(hosted, instance, method, stats);
  const standsFor = stats.timeNext();
  const before = performance.now();
  const result = target.apply(instance, args as unknown[]);
  if (result instanceof Promise) {
    result.then(
      () => stats.timed(performance.now() - before),
      () => {
        stats.errors += standsFor;
        stats.timed(performance.now() - before);
      },
    );
  }
  return result;
}

/** A call of a method that is not there is not counted, so that the next one comes here as well. */
function methodOf(
  hosted: HostedComponent,
  instance: object,
  method: string,
  stats: MethodStats,
): DirectMethod {
  try {
    return hosted.method(instance, method);
  } catch (reason) {
    stats.calls--;
    throw reason;
  }
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
