import { type DeskStore, restoreOutcome } from './desk/desk-store.js';
import type { StateDriver, StateFence, StateStore } from './driver.js';
import { type KeyFence, OWNS_ALL } from './key-fence.js';
import { KeyedState, type OpenedState } from './keyed-state.js';
import type { StateOptions, WakeHandler, WakingState } from './state.js';
import { StateError } from './state-error.js';
import type { ValueCodec } from './value-codec.js';
import { ValueReader } from './value-reader.js';
import { systemWakeClock, type WakeClock } from './wakes/wake-clock.js';
import { decodeWake, WAKE_SCHEMA, wakesOf } from './wakes/wake-record.js';
import { Wakes } from './wakes/wakes.js';

export interface StatesOptions {
  /** Hears of handlers of reminders that throw. */
  readonly onProblem: (message: string, reason: unknown) => void;
  /** What this process owns; all by default. */
  readonly fence?: KeyFence;
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
  readonly #options: StatesOptions;
  readonly #owners = new Map<string, (key: string) => string>();
  readonly #fence: StateFence;
  readonly #states = new Map<string, Known>();
  #store: Promise<StateStore> | undefined;
  #hasBegun = false;
  readonly #closing = new AbortController();

  constructor(
    component: string,
    driver: StateDriver,
    codec: (component: string, state: string) => ValueCodec,
    options: StatesOptions,
  ) {
    this.#component = component;
    this.#driver = driver;
    this.#codec = codec;
    this.#options = options;
    const fence = options.fence ?? OWNS_ALL;
    this.#fence = {
      epochOf: (state, key) => fence.epochOf(this.#ownerOf(state, key)),
      onChange: (listener) => fence.onChange(listener),
    };
  }

  /** The same for the same name. Throws when the build does not know the name. */
  state<T>(name: string, options: StateOptions = {}): WakingState<T> {
    const known = this.#states.get(name) ?? this.#made(name);
    const { state } = known;
    const { onWake, owner } = options;
    if (owner !== undefined) for (const each of [name, wakesOf(name)]) this.#owners.set(each, owner);
    if (onWake !== undefined && onWake !== known.onWake) {
      if (known.onWake !== undefined)
        throw new Error(`the state ${name} of ${this.#component} has an onWake already; give it once`);
      const wakes = this.#wakes(name, known, onWake);
      state.wakeBy(wakes);
      this.#states.set(name, { ...known, onWake, wakes });
      this.#fence.onChange(() => wakes.reload());
      if (this.#hasBegun) wakes.begin();
    }
    return state as WakingState<T>;
  }

  /** What is stored, for an operator. `schemas` are those that the build knows, by state. */
  async deskStore(schemas: Readonly<Record<string, string>>): Promise<DeskStore> {
    const store = await this.#opened();
    const refuseOthers = (state: string, key: string): void => {
      if (this.#fence.epochOf(state, key) === undefined)
        throw new StateError('STALE_OWNER', `another replica has the key ${JSON.stringify(key)} of ${state}`);
    };
    return {
      states: () =>
        Object.entries(schemas).flatMap(([state, schema]) => {
          const hasWakes = this.#states.get(state)?.wakes !== undefined;
          return [{ state, schema }, ...(hasWakes ? [{ state: wakesOf(state), schema: WAKE_SCHEMA }] : [])];
        }),
      list: async (state, prefix, after, limit) => store.list(state, prefix, after, limit),
      get: async (state, key) => {
        refuseOthers(state, key);
        return store.get(state, key);
      },
      restore: async (state, key, value, overwrite) => {
        refuseOthers(state, key);
        if (state in schemas) {
          const known = this.#states.get(state) ?? this.#made(state);
          return known.state.restore(key, value, overwrite);
        }
        const reminded = [...this.#states].find(([name]) => wakesOf(name) === state)?.[1];
        if (reminded?.wakes === undefined)
          throw new StateError('NO_STORE', `${this.#component} has no state ${state}`);
        const outcome = restoreOutcome(await store.latest(state, key), value, overwrite);
        if (outcome === 'written') await reminded.wakes.wakeAt(key, decodeWake(value));
        return outcome;
      },
    };
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
    const { clock = systemWakeClock, onProblem } = this.#options;
    return new Wakes({
      state,
      open: async () => (await source.open()).store,
      handler,
      owns: (key) => this.#fence.epochOf(state, key) !== undefined,
      hold: (key, end) => (this.#options.fence ?? OWNS_ALL).hold(this.#ownerOf(state, key), end),
      clock,
      random: Math.random,
      onProblem,
    });
  }

  /** Throws KEY_INVALID when the app's function throws, or gives no string. */
  #ownerOf(state: string, key: string): string {
    const owner = this.#owners.get(state);
    if (owner === undefined) return key;
    const refuse = (did: string, cause?: unknown): never => {
      throw new StateError(
        'KEY_INVALID',
        `the owner function of the state ${state} ${did} for the key ${JSON.stringify(key)}; let it give the routing key, a string, for every key`,
        { cause },
      );
    };
    let found: unknown;
    try {
      found = owner(key);
    } catch (reason) {
      return refuse(`threw ${reason instanceof Error ? reason.message : String(reason)}`, reason);
    }
    if (typeof found === 'string') return found;
    return refuse(`gave ${Number.isNaN(found) ? 'NaN' : found === null ? 'null' : typeof found}`);
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
    const store = await this.#opened();
    return { store, reader: await ValueReader.of(name, codec, await store.schemas(name)) };
  }

  async #opened(): Promise<StateStore> {
    if (this.#closing.signal.aborted)
      throw new StateError('CLOSED', `the state of ${this.#component} is closed: it is shutting down`);
    this.#store ??= this.#driver.open(this.#component, this.#fence, this.#closing.signal);
    const opening = this.#store;
    try {
      return await opening;
    } catch (reason) {
      if (this.#store === opening) this.#store = undefined;
      throw reason;
    }
  }
}
