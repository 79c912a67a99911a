import type { StateDriver, StateStore } from './driver.js';
import { KeyedState, type OpenedState } from './keyed-state.js';
import type { State } from './state.js';
import { StateError } from './state-error.js';
import type { ValueCodec } from './value-codec.js';
import { ValueReader } from './value-reader.js';

/**
 * The states of one component, all in one store. It is opened when it is first needed, so that a new version can start beside
 * the one that has it, and may wait for that to end.
 */
export class ComponentStates {
  readonly #component: string;
  readonly #driver: StateDriver;
  readonly #codec: (component: string, state: string) => ValueCodec;
  readonly #states = new Map<string, KeyedState>();
  #store: Promise<StateStore> | undefined;
  readonly #closing = new AbortController();

  constructor(
    component: string,
    driver: StateDriver,
    codec: (component: string, state: string) => ValueCodec,
  ) {
    this.#component = component;
    this.#driver = driver;
    this.#codec = codec;
  }

  /** The same for the same name. Throws when the build does not know the name. */
  state<T>(name: string): State<T> {
    let state = this.#states.get(name);
    if (state === undefined) {
      if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name))
        throw new StateError(
          'KEY_INVALID',
          `${JSON.stringify(name)} is no name for a state: letters, digits, _ and -, a letter first, 64 at most`,
        );
      const codec = this.#codec(this.#component, name);
      state = new KeyedState(name, this.#source(name, codec), codec);
      this.#states.set(name, state);
    }
    return state as State<T>;
  }

  /** Finishes what was asked for, and gives the store to the next. */
  async close(): Promise<void> {
    this.#closing.abort();
    let store: StateStore | undefined;
    try {
      store = await this.#store;
    } catch {
      return; // it was never opened, and whoever needed it has heard why
    }
    await store?.close();
  }

  #source(name: string, codec: ValueCodec) {
    let opening: Promise<OpenedState> | undefined;
    const source = {
      opened: undefined as OpenedState | undefined,
      open: (): Promise<OpenedState> => {
        opening ??= this.#open(name, codec).then(
          (opened) => {
            source.opened = opened;
            return opened;
          },
          (reason: unknown) => {
            opening = undefined;
            throw reason;
          },
        );
        return opening;
      },
    };
    return source;
  }

  async #open(name: string, codec: ValueCodec): Promise<OpenedState> {
    if (this.#closing.signal.aborted)
      throw new StateError('CLOSED', `the state of ${this.#component} is closed: it is shutting down`);
    this.#store ??= this.#driver.open(this.#component, this.#closing.signal);
    const opening = this.#store;
    let store: StateStore;
    try {
      store = await opening;
    } catch (reason) {
      if (this.#store === opening) this.#store = undefined;
      throw reason;
    }
    return { store, reader: await ValueReader.of(name, codec, await store.schemas(name)) };
  }
}
