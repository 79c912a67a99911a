import type { Logger } from 'pino';
import type { Client, ComponentClass } from '../component/component-class.js';
import type { State, StateOptions, WakeHandler, WakingState } from '../state/state.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * Options for `server.listen`: `node:http`, Express, Fastify and Koa take them as they are. Deployed, it is a Unix socket
 * that the daemon's ingress serves at the public address; in one process it is that address itself.
 */
export type ListenOptions = { readonly path: string } | { readonly host: string; readonly port: number };

/** What a component, or the main function, has of the runtime. */
export interface Context {
  /** A client of another component, wherever it runs. Never fails: a component that is not there is found out by calling. */
  get<T extends object>(component: ComponentClass<T>): Client<T>;
  /** The component's config from the manifest, validated. Throws a ConfigError that names each wrong key. */
  config<Output>(schema: StandardSchema<Output>): Output;
  readonly log: Logger;
  /** Aborts when the proclet begins to shut down. */
  readonly signal: AbortSignal;
  /** Opens the named listener: `server.listen(await ctx.listener('shop'))`. */
  listener(name: string): Promise<ListenOptions>;
  /**
   * Durable values of type `T` by key, of this component alone: `ctx.state<Cart>('carts')`. The same for the same name. Opens
   * when it is first used; see docs/state.md.
   */
  state<T>(name: string, options: StateOptions & { readonly onWake: WakeHandler }): WakingState<T>;
  state<T>(name: string, options?: StateOptions): State<T>;
  readonly app: string;
  /** The app's version; `dev` when it runs unbuilt. */
  readonly version: string;
  /** This replica's id, such as `Cart-0`; `local` in one process. */
  readonly replica: string;
}
