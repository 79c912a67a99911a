import type { NumberedMethod } from '../codec/method-table.js';
import type { CallOptions } from '../component/component-class.js';
import type { RegisteredComponent } from '../component/registry.js';
import type { ComponentOwnership } from '../ownership/component-ownership.js';
import type { Self } from '../ownership/slice-ranges.js';
import { hashOfCall, type RoutedMethod } from '../routing/call-hash.js';
import type { ReplicaSet } from '../routing/replica-set.js';
import type { KeyLoadTable } from '../telemetry/key-load.js';
import { UnhurriedTime } from '../telemetry/unhurried-time.js';
import type { DirectMethod, Invoke, Invoker } from './invoker.js';
import type { LocalInvoker } from './local-invoker.js';
import { localItemsOfOwner, localResultOfOwner } from './owned-local-call.js';

/** One call in so many is timed, to know what the calls of a key weigh. */
const TIMED_EVERY = 32;

export interface RoutedInvokerParts {
  readonly component: RegisteredComponent;
  readonly self: Self;
  /** To the instance in this process. */
  readonly local: LocalInvoker;
  /** To whichever replica a key belongs to. */
  readonly remote: Invoker;
  readonly replicas: ReplicaSet;
  /** Undefined when its keys may have several owners. */
  readonly ownership: ComponentOwnership | undefined;
  readonly methods: readonly NumberedMethod[];
  readonly keys: KeyLoadTable;
}

/**
 * Calls of a component with routing that is hosted here, too: those with a key go to the replica that it belongs to, which
 * may be this one; those without one stay in the process.
 */
export class RoutedInvoker implements Invoker {
  readonly #parts: RoutedInvokerParts;

  constructor(parts: RoutedInvokerParts) {
    this.#parts = parts;
  }

  get methods(): readonly string[] {
    return this.#parts.local.methods;
  }

  get openEnded(): boolean {
    return this.#parts.local.openEnded;
  }

  bind(method: string): Invoke {
    const { component, local, remote, methods, ownership } = this.#parts;
    const here = local.bind(method);
    const compiled = methods.find(
      (each) => each.component === component.name && each.compiled.name === method,
    );
    if (compiled === undefined) return here; // not of the interface: nobody else can call it
    const { streaming } = compiled.compiled;
    const elsewhere = remote.bind(method);
    const routing = component.routing.get(method);
    const target: RoutedMethod = { component: component.name, method, routing };
    const keyed =
      ownership === undefined
        ? this.#shared(here, elsewhere)
        : this.#owned(target, streaming, here, elsewhere, ownership);
    return (args, options) => {
      if (routing === undefined && options?.key === undefined) return here(args, options);
      let hash: number;
      try {
        hash = hashOfCall(target, args, options?.key);
      } catch (reason) {
        if (streaming) throw reason;
        return Promise.reject(reason);
      }
      return keyed(hash, args, options);
    };
  }

  direct(method: string): DirectMethod {
    if (!this.#parts.component.routing.has(method)) return this.#parts.local.direct(method);
    const invoke = this.bind(method);
    return (...args) => invoke(args, undefined);
  }

  #shared(here: Invoke, elsewhere: Invoke): KeyedInvoke {
    const { replicas, self } = this.#parts;
    const counted = this.#counted(here);
    return (hash, args, options) =>
      replicas.serves(self, hash) ? counted(hash, args, options) : elsewhere(args, options);
  }

  #owned(
    target: RoutedMethod,
    streaming: boolean,
    here: Invoke,
    elsewhere: Invoke,
    ownership: ComponentOwnership,
  ): KeyedInvoke {
    const { component } = this.#parts;
    const counted = this.#counted(here);
    const mayRetry = component.mayRetry(target.method);
    return (hash, args, options) => {
      const call = {
        target,
        hash,
        ownership,
        here: () => counted(hash, args, options),
        elsewhere: () => elsewhere(args, options),
        retriable: options?.retry ?? mayRetry,
      };
      return streaming ? localItemsOfOwner(call) : localResultOfOwner(call);
    };
  }

  /** With what the manager balances by, as the dispatcher counts the calls of others. */
  #counted(here: Invoke): KeyedInvoke {
    const { component, keys } = this.#parts;
    const unhurried = new UnhurriedTime();
    let meter: ReturnType<KeyLoadTable['meter']> | undefined;
    let calls = 0;
    return (hash, args, options) => {
      meter ??= keys.meter(component.name, performance.now());
      meter.count(hash, unhurried.ms);
      if (calls++ % TIMED_EVERY !== 0) return here(args, options);
      const startedAt = performance.now();
      const result = here(args, options);
      const took = () => unhurried.took(performance.now() - startedAt);
      if (result instanceof Promise) result.then(took, took);
      return result;
    };
  }
}

type KeyedInvoke = (hash: number, args: readonly unknown[], options: CallOptions | undefined) => unknown;
