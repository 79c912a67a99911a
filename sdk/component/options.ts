import type { Context } from '../context/context.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import type { ComponentClass, MethodName, MethodParameters } from './component-class.js';

/** A class whose constructor takes the Context, or nothing. */
export type ConstructibleClass<T extends object> = new (context: Context) => T;

export interface ComponentOptions<T extends object> {
  /** Registered name; the class's own by default. Unique in the app. */
  readonly name?: string;
  /**
   * Affinity key of each routed method, from its arguments: calls with one key go to one replica. It must be quick and
   * always give the same for the same arguments.
   *
   * With `exclusive: true` at most one replica acts for a key at a time. While a key is handed over its calls wait. The
   * class may have `onAcquire(slice: KeySlice)` and `onRelease(slice: KeySlice)`.
   */
  readonly routing?: {
    readonly [K in Exclude<MethodName<T>, 'exclusive'>]?: (...args: MethodParameters<T[K]>) => RoutingKey;
  } & { readonly exclusive?: boolean };
  /**
   * Methods that may be executed twice, and so are sent again when the outcome of a call is unknown. Without it a
   * call is repeated only when it certainly was not executed.
   */
  readonly retry?: boolean | { readonly [K in MethodName<T>]?: boolean };
  /**
   * The class that implements an abstract token; or several by name, of which `[components.X] implementation` in the
   * manifest chooses one (the first by default).
   */
  readonly implementation?: ConstructibleClass<T> | Readonly<Record<string, ConstructibleClass<T>>>;
  /** Makes the instance, for a class with a constructor of its own. */
  readonly create?: (context: Context) => T | Promise<T>;
}

/** Options of a class that the runtime cannot construct by itself: one of `create` and `implementation` is needed. */
export type CreatingOptions<T extends object> = ComponentOptions<T> &
  (
    | { readonly create: (context: Context) => T | Promise<T> }
    | { readonly implementation: ConstructibleClass<T> | Readonly<Record<string, ConstructibleClass<T>>> }
  );

export type AnyComponentClass = ComponentClass<object>;
