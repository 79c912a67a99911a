import type { Logger } from 'pino';
import { makeClient } from '../client/client.js';
import type { Invoker } from '../client/invoker.js';
import type { Client, ComponentClass } from '../component/component-class.js';
import { componentOf, type RegisteredComponent } from '../component/registry.js';
import { validatedConfig } from '../context/config.js';
import type { Context, ListenOptions } from '../context/context.js';
import type { StandardSchema } from '../context/standard-schema.js';
import type { StateOptions, WakingState } from '../state/state.js';

/** What a process gives to each of its components. */
export interface ContextSource {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
  readonly signal: AbortSignal;
  /** The way from `caller` to the component. */
  invoker(component: RegisteredComponent, caller: string): Invoker;
  config(owner: string): unknown;
  log(owner: string): Logger;
  listener(name: string, owner: string): Promise<ListenOptions>;
  state(owner: string, name: string, options: StateOptions | undefined): WakingState<unknown>;
}

/** The Context of one component, or of main. */
export class ComponentContext implements Context {
  readonly #owner: string;
  readonly #source: ContextSource;
  readonly #clients = new Map<string, object>();
  #log: Logger | undefined;

  constructor(owner: string, source: ContextSource) {
    this.#owner = owner;
    this.#source = source;
  }

  get<T extends object>(token: ComponentClass<T>): Client<T> {
    const registered = componentOf(token);
    let client = this.#clients.get(registered.name);
    if (client === undefined) {
      client = makeClient(registered.name, this.#source.invoker(registered, this.#owner));
      this.#clients.set(registered.name, client);
    }
    return client as Client<T>;
  }

  config<Output>(schema: StandardSchema<Output>): Output {
    return validatedConfig(this.#owner, this.#source.config(this.#owner), schema);
  }

  get log(): Logger {
    this.#log ??= this.#source.log(this.#owner);
    return this.#log;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  listener(name: string): Promise<ListenOptions> {
    return this.#source.listener(name, this.#owner);
  }

  state<T>(name: string, options?: StateOptions): WakingState<T> {
    // The build made the state's codec of this very T.
    return this.#source.state(this.#owner, name, options) as WakingState<T>;
  }

  get app(): string {
    return this.#source.app;
  }

  get version(): string {
    return this.#source.version;
  }

  get replica(): string {
    return this.#source.replica;
  }
}
