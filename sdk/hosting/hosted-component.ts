import { deferred } from '../call/deferred.js';
import type { LifecycleMethod } from '../component/component-class.js';
import type { RegisteredComponent } from '../component/registry.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { KeySlice } from '../ownership/key-slice.js';

type State =
  /** Being constructed, or its `start` has not resolved: calls wait. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving'; readonly instance: object }
  /** Calls are refused as not executed. */
  | { readonly kind: 'stopping'; readonly instance: object }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly reason: unknown };

type Method = (...args: readonly unknown[]) => unknown;

/** A component that lives in this process: its one instance, and its life. */
export class HostedComponent {
  readonly #started = deferred<void>();
  #state: State = { kind: 'starting' };
  #serving: object | undefined;
  #owned: KeySlice | undefined;

  constructor(readonly registered: RegisteredComponent) {
    // Nobody may be waiting when it fails; the host reports that.
    this.#started.promise.catch(() => {});
  }

  get name(): string {
    return this.registered.name;
  }

  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** Resolves when `start` has; rejects with why it never will. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * Runs the instance's `start` and begins to serve. `owned`: what this process owns from then until it stops, when nobody
   * else tells it. Rejects with what was thrown.
   */
  async start(create: () => object | Promise<object>, owned?: KeySlice): Promise<void> {
    try {
      const instance = await create();
      await lifecycle(instance, 'start');
      if (owned !== undefined && this.registered.exclusive) {
        await lifecycle(instance, 'onAcquire', owned);
        this.#owned = owned;
      }
      this.#state = { kind: 'serving', instance };
      this.#serving = instance;
      this.#started.resolve();
    } catch (reason) {
      this.#state = { kind: 'failed', reason };
      this.#started.reject(
        new RemoteCallError('UNAVAILABLE', 'the component failed to start', {
          component: this.name,
          executed: 'no',
          cause: reason,
        }),
      );
      throw reason;
    }
  }

  /** Refuses calls from now on; those running go on. */
  refuse(): void {
    this.#serving = undefined;
    if (this.#state.kind === 'serving') this.#state = { kind: 'stopping', instance: this.#state.instance };
  }

  async stop(): Promise<void> {
    const { instance } =
      this.#state.kind === 'serving' || this.#state.kind === 'stopping'
        ? this.#state
        : { instance: undefined };
    this.#state = { kind: 'stopped' };
    this.#serving = undefined;
    if (instance === undefined) return;
    try {
      if (this.#owned !== undefined) await lifecycle(instance, 'onRelease', this.#owned);
    } finally {
      await lifecycle(instance, 'stop');
    }
  }

  /** Whether `start` has resolved and the instance has no such hook. */
  lacks(hook: 'onAcquire' | 'onRelease'): boolean {
    return this.#serving !== undefined && !(hook in this.#serving);
  }

  /** Tells the instance, once it has started, what it owns from now on or no longer. Rejects with what the hook throws. */
  async tell(hook: 'onAcquire' | 'onRelease', slice: KeySlice): Promise<void> {
    await this.#started.promise;
    const state = this.#state;
    if (state.kind === 'serving' || state.kind === 'stopping') await lifecycle(state.instance, hook, slice);
  }

  /** The instance when it serves, else undefined: all that a call looks at, so kept in a field of its own. */
  get serving(): object | undefined {
    return this.#serving;
  }

  /** The method to call on {@link serving}; throws NOT_FOUND when the instance has none of that name. */
  method(instance: object, name: string): Method {
    const method: unknown = (instance as Record<string, unknown>)[name];
    if (typeof method === 'function') return method as Method;
    throw new RemoteCallError('NOT_FOUND', 'the component has no such method', {
      component: this.name,
      method: name,
      executed: 'no',
    });
  }

  /** Why a call is not taken; undefined while starting or serving. */
  refusal(method: string): RemoteCallError | undefined {
    switch (this.#state.kind) {
      case 'starting':
      case 'serving':
        return undefined;
      case 'failed':
        return new RemoteCallError('UNAVAILABLE', 'the component failed to start', {
          component: this.name,
          method,
          executed: 'no',
          cause: this.#state.reason,
        });
      case 'stopping':
      case 'stopped':
        return new RemoteCallError('UNAVAILABLE', 'the component is shutting down', {
          component: this.name,
          method,
          executed: 'no',
        });
    }
  }
}

async function lifecycle(
  instance: object,
  hook: LifecycleMethod,
  ...args: readonly unknown[]
): Promise<void> {
  const method: unknown = (instance as Record<string, unknown>)[hook];
  if (typeof method === 'function') await method.call(instance, ...args);
}
