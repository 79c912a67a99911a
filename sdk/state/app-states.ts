import { registeredCompiledApp, registeredStates } from '../codec/compiled.js';
import { ComponentStates, type StatesOptions } from './component-states.js';
import type { DeskStore } from './desk/desk-store.js';
import type { Durability, StateDriver } from './driver.js';
import { FileDriver } from './file/file-driver.js';
import type { StateOptions, WakingState } from './state.js';
import { StateError } from './state-error.js';
import { compiledCodec, unbuiltCodec, type ValueCodec } from './value-codec.js';

/** The states of all components of a process. */
export class AppStates {
  readonly #driver: StateDriver;
  readonly #options: (component: string) => StatesOptions;
  readonly #components = new Map<string, ComponentStates>();
  #hasBegun = false;

  constructor(driver: StateDriver, options: (component: string) => StatesOptions) {
    this.#driver = driver;
    this.#options = options;
  }

  state(owner: string, name: string, options: StateOptions | undefined): WakingState<unknown> {
    return this.#of(owner).state(name, options);
  }

  /** What the component has stored, for an operator. Rejects with a StateError. */
  async deskStore(owner: string): Promise<DeskStore> {
    const schemas = registeredStates()?.schemas[owner];
    if (schemas === undefined) throw new StateError('NO_STORE', `${owner} has no state`);
    return this.#of(owner).deskStore(schemas);
  }

  #of(owner: string): ComponentStates {
    let states = this.#components.get(owner);
    if (states === undefined) {
      states = new ComponentStates(owner, this.#driver, codecOf, this.#options(owner));
      this.#components.set(owner, states);
      if (this.#hasBegun) states.begin();
    }
    return states;
  }

  /** The components have started: reminders may come from now on. */
  begin(): void {
    this.#hasBegun = true;
    for (const states of this.#components.values()) states.begin();
  }

  /** No further reminder comes; resolves when those that run have ended, or after `graceMs`. */
  async quiesce(graceMs: number): Promise<void> {
    await Promise.all([...this.#components.values()].map((states) => states.quiesce(graceMs)));
  }

  /** Finishes what was asked for and gives the stores up. Rejects with the first failure, when all are closed. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled([...this.#components.values()].map((states) => states.close()));
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason;
  }
}

export interface EmbeddedOptions {
  /** Called when the first store is opened. */
  readonly folder: () => string | Promise<string>;
  readonly durability: Durability;
  readonly onProblem: (message: string, reason?: unknown) => void;
}

/** The `file` driver, whose folder is asked for when the first store is opened. */
export function embeddedDriver({ folder, durability, onProblem }: EmbeddedOptions): StateDriver {
  return {
    async open(component, fence, signal) {
      const driver = new FileDriver({ folder: await folder(), durability, onProblem });
      return driver.open(component, fence, signal);
    },
  };
}

/** Of a process that has nowhere to keep state. */
export function noDriver(why: string): StateDriver {
  return {
    open: (component) => Promise.reject(new StateError('NO_STORE', `${component} has no state here: ${why}`)),
  };
}

function codecOf(component: string, state: string): ValueCodec {
  if (registeredCompiledApp() === undefined) return unbuiltCodec;
  const { app, schemas } = registeredStates() ?? {};
  const compiled = app?.components
    .find(({ name }) => name === component)
    ?.methods.find(({ name }) => name === state);
  const schema = schemas?.[component]?.[state];
  if (compiled === undefined || schema === undefined)
    throw new StateError(
      'NO_STORE',
      `the build found no state ${JSON.stringify(state)} of ${component}; write ctx.state<T>('${state}') in its class, with the name as a literal`,
    );
  return compiledCodec(compiled, schema);
}
