import type { RoutingKey } from '../protocol/routing-key.js';

/** A component's token: its class, abstract or not. */
export type ComponentClass<T extends object> = abstract new (...args: never[]) => T;

/** Methods that the runtime calls, not of the interface; the last two of components with `routing: { exclusive: true }`. */
export type LifecycleMethod = 'start' | 'stop' | 'onAcquire' | 'onRelease';

type Remote = (...args: never[]) => Promise<unknown> | AsyncIterable<unknown>;

/** Names of the methods that make a component's interface: public, and returning a Promise or an AsyncIterable. */
export type MethodName<T> = {
  [K in keyof T]: K extends LifecycleMethod
    ? never
    : T[K] extends Remote
      ? K extends string
        ? K
        : never
      : never;
}[keyof T];

/** A method as its callers see it: a generator method becomes one that returns an AsyncIterable. */
export type ClientMethod<M> = M extends (...args: infer A) => infer R
  ? R extends Promise<infer V>
    ? (...args: A) => Promise<V>
    : R extends AsyncIterable<infer I>
      ? (...args: A) => AsyncIterable<I>
      : never
  : never;

export type MethodParameters<M> = M extends (...args: infer A) => unknown ? A : never;

export interface CallOptions {
  /** Deadline, ms from the call; never later than the deadline of the call being served. */
  readonly timeout?: number;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
  /** Whether this call may be sent again after it may have been executed. Overrides the component's `retry`. */
  readonly retry?: boolean;
  /** Affinity key, for a call whose key is not among its arguments. */
  readonly key?: RoutingKey;
  /** Added to the metadata of the call being served, and carried over every further hop. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A component as others see it, wherever it runs. */
export type Client<T extends object> = {
  readonly [K in MethodName<T>]: ClientMethod<T[K]>;
} & {
  /** The same client with options for the calls made through it. */
  with(options: CallOptions): Client<T>;
};
