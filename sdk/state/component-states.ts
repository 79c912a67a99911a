import type { StateDriver, StateStore } from './driver.js';
import { KeyedState, type OpenedState } from './keyed-state.js';
import type { StateOptions, WakeHandler, WakingState } from './state.js';
import { StateError } from './state-error.js';
import type { ValueCodec } from './value-codec.js';
import { ValueReader } from './value-reader.js';
import { systemWakeClock, type WakeClock } from './wakes/wake-clock.js';
import { Wakes } from './wakes/wakes.js';

/** How a component's reminders run. */
export interface WakeOptions {
  /** Hears of handlers that throw. */
  readonly onProblem: (message: string, reason: unknown) => void;
  /** The system's by default. */
  readonly clock?: WakeClock;
}

interface Known {
  readonly state: KeyedState;
  readonly source: { open(): Promise<OpenedState> };
  readonly onWake: WakeHandler | undefined;
  readonly wakes: Wakes | undefined;
}

/**
 * The states of one component, all in one store. It is opened when it is first needed, so that a new version can start beside
 * the one that has it, and may wait for that to end.
 */
export class ComponentStates {
  readonly #component: string;
  readonly #driver: StateDriver;
  readonly #codec: (component: string, state: string) => ValueCodec;
  readonly #waking: WakeOptions;
  readonly #states = new Map<string, Known>();
  #store: Promise<StateStore> | undefined;
  #hasBegun = false;
  readonly #closing = new AbortController();

  constructor(
    component: string,
    driver: StateDriver,
    codec: (component: string, state: string) => ValueCodec,
    waking: WakeOptions,
  ) {
    this.#component = component;
    this.#driver = driver;
    this.#codec = codec;
    this.#waking = waking;
  }

  /** The same for the same name. Throws when the build does not know the name. */
  state<T>(name: string, options: StateOptions = {}): WakingState<T> {
    const known = this.#states.get(name) ?? this.#made(name);
    const { state } = known;
    const { onWake } = options;
    if (onWake !== undefined && onWake !== known.onWake) {
      if (known.onWake !== undefined)
        throw new Error(`the state ${name} of ${this.#component} has an onWake already; give it once`);
      const wakes = this.#wakes(name, known, onWake);
      state.wakeBy(wakes);
      this.#states.set(name, { ...known, onWake, wakes });
      if (this.#hasBegun) wakes.begin();
    }
    return state as WakingState<T>;
  }

  /** The component has started: its reminders may come from now on. */
  begin(): void {
    this.#hasBegun = true;
    for (const { wakes } of this.#states.values()) wakes?.begin();
  }

  /** No further reminder comes; resolves when those that run have ended, or after `graceMs`. */
  async quiesce(graceMs: number): Promise<void> {
    await Promise.all([...this.#states.values()].map(({ wakes }) => wakes?.stop(graceMs)));
  }

  /** Finishes what was asked for, and gives the store to the next. */
  async close(): Promise<void> {
    await this.quiesce(0);
    this.#closing.abort();
    let store: StateStore | undefined;
    try {
      store = await this.#store;
    } catch {
      return; // it was never opened, and whoever needed it has heard why
    }
    await store?.close();
  }

  #made(name: string): Known {
    if (!/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(name))
      throw new StateError(
        'KEY_INVALID',
        `${JSON.stringify(name)} is no name for a state: letters, digits, _ and -, a letter first, 64 at most`,
      );
    const codec = this.#codec(this.#component, name);
    const source = this.#source(name, codec);
    const known = { state: new KeyedState(name, source, codec), source, onWake: undefined, wakes: undefined };
    this.#states.set(name, known);
    return known;
  }

  #wakes(state: string, { source }: Known, handler: WakeHandler): Wakes {
    const { clock = systemWakeClock, onProblem } = this.#waking;
    return new Wakes({
      state,
      open: async () => (await source.open()).store,
      handler,
      owns: () => true,
      clock,
      random: Math.random,
      onProblem,
    });
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
