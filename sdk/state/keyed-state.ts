import { type RestoreOutcome, restoreOutcome } from './desk/desk-store.js';
import type { StateStore, StoredValue } from './driver.js';
import { KeyLocks } from './key-locks.js';
import {
  type ListOptions,
  MAX_KEY_BYTES,
  type SetOptions,
  type StateEntry,
  type WakingState,
} from './state.js';
import { StateError } from './state-error.js';
import type { ValueCodec } from './value-codec.js';
import type { ValueReader } from './value-reader.js';
import type { Wakes } from './wakes/wakes.js';

/** What a state needs of its component. */
export interface StateSource {
  /** The component's store, when it is open and the state's schemas were found to be readable. */
  readonly opened: OpenedState | undefined;
  /** Opens it; after a failure, tries again. */
  open(): Promise<OpenedState>;
}

export interface OpenedState {
  readonly store: StateStore;
  readonly reader: ValueReader;
}

/** A write that was asked for. */
interface Written<R> {
  readonly written: Promise<void> | undefined;
  readonly result?: R;
}

const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;

/** One state of a component, on its store. */
export class KeyedState implements WakingState<unknown> {
  readonly #name: string;
  readonly #source: StateSource;
  readonly #codec: ValueCodec;
  readonly #now: () => number;
  readonly #locks = new KeyLocks();
  #wakes: Wakes | undefined;

  constructor(name: string, source: StateSource, codec: ValueCodec, now: () => number = Date.now) {
    this.#name = name;
    this.#source = source;
    this.#codec = codec;
    this.#now = now;
  }

  async get(key: string): Promise<unknown> {
    this.#checkKey(key);
    const { store, reader } = this.#source.opened ?? (await this.#source.open());
    const found = store.get(this.#name, key);
    const value = found instanceof Promise ? await found : found;
    return value === undefined ? undefined : reader.read(value);
  }

  async set(key: string, value: unknown, options?: SetOptions): Promise<void> {
    this.#checkKey(key);
    const { store } = this.#source.opened ?? (await this.#source.open());
    const stored = this.#stored(key, value, options);
    const write = () => store.write({ kind: 'set', state: this.#name, key, value: stored });
    await (this.#locks.isHeld(key) ? this.#inTurn(key, async () => ({ written: write() })) : write());
  }

  async update<R>(key: string, change: (value: unknown) => R | Promise<R>, options?: SetOptions): Promise<R> {
    this.#checkKey(key);
    const { store, reader } = this.#source.opened ?? (await this.#source.open());
    const state = this.#name;
    const replace = (before: StoredValue | undefined, result: R): Written<R> => {
      if (result !== undefined) {
        const value = this.#stored(key, result, options);
        return { written: store.write({ kind: 'set', state, key, value }), result };
      }
      const written = before === undefined ? undefined : store.write({ kind: 'delete', state, key });
      return { written, result };
    };
    return this.#inTurn(key, () =>
      now(store.latest(state, key), (before) =>
        now(before === undefined ? undefined : reader.read(before), (value) =>
          now(change(value), (result) => replace(before, result)),
        ),
      ),
    );
  }

  async delete(key: string): Promise<boolean> {
    this.#checkKey(key);
    const { store } = this.#source.opened ?? (await this.#source.open());
    const state = this.#name;
    return this.#inTurn(key, async () => {
      const result = (await store.latest(state, key)) !== undefined;
      return { written: result ? store.write({ kind: 'delete', state, key }) : undefined, result };
    });
  }

  async list(
    prefix = '',
    { limit = DEFAULT_LIMIT, after }: ListOptions = {},
  ): Promise<readonly StateEntry<unknown>[]> {
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
      throw new RangeError(`the limit of a list is a whole number from 1 to ${MAX_LIMIT}, not ${limit}`);
    const { store, reader } = this.#source.opened ?? (await this.#source.open());
    if (prefix.length > MAX_KEY_BYTES) return []; // no key begins so
    const entries = await store.list(this.#name, prefix, after, limit);
    return Promise.all(entries.map(async ({ key, value }) => ({ key, value: await reader.read(value) })));
  }

  /** Stores bytes that were stored once, as they are, unless there are others and it is not to `overwrite`. */
  async restore(key: string, value: StoredValue, overwrite: boolean): Promise<RestoreOutcome> {
    this.#checkKey(key);
    const state = this.#name;
    if (value.schema !== this.#codec.schema)
      throw new StateError('SCHEMA_INCOMPATIBLE', `the state ${state} is not written in that schema now`);
    try {
      this.#codec.decode(value.bytes);
    } catch (cause) {
      const message = `${state}[${JSON.stringify(key)}] is not of the state's type`;
      throw new StateError('VALUE_INVALID', message, { cause });
    }
    const { store } = this.#source.opened ?? (await this.#source.open());
    return this.#inTurn(key, async () => {
      const result = restoreOutcome(await store.latest(state, key), value, overwrite);
      const written = result === 'written' ? store.write({ kind: 'set', state, key, value }) : undefined;
      return { written, result };
    });
  }

  /** From now on its keys have reminders. */
  wakeBy(wakes: Wakes): void {
    this.#wakes = wakes;
  }

  async wakeAt(key: string, time: number | Date): Promise<void> {
    this.#checkKey(key);
    await this.#waking().wakeAt(key, time);
  }

  async cancelWake(key: string): Promise<boolean> {
    this.#checkKey(key);
    return this.#waking().cancel(key);
  }

  #waking(): Wakes {
    if (this.#wakes !== undefined) return this.#wakes;
    throw new StateError(
      'NO_HANDLER',
      `nobody would hear a reminder of the state ${this.#name}; give it a handler: ctx.state<T>('${this.#name}', { onWake: (key, dueAt) => … })`,
    );
  }

  /** The key is free again as soon as the write was asked for: the next builds on it, and fails with it. */
  async #inTurn<R>(key: string, act: () => Written<R> | Promise<Written<R>>): Promise<R> {
    const acted = this.#locks.run(key, act);
    const { written, result } = acted instanceof Promise ? await acted : acted;
    await written;
    return result as R;
  }

  #stored(key: string, value: unknown, options: SetOptions | undefined): StoredValue {
    const about = `${this.#name}[${JSON.stringify(key)}]`;
    if (value === undefined)
      throw new StateError('VALUE_INVALID', `${about} is undefined; call delete() to remove it`);
    const { schema } = this.#codec;
    return { bytes: this.#codec.encode(value, about), schema, expiresAt: this.#expiry(options) };
  }

  #expiry({ ttl }: SetOptions = {}): number {
    if (ttl === undefined) return 0;
    if (!Number.isFinite(ttl) || ttl <= 0)
      throw new RangeError(`a ttl is a number of milliseconds above 0, not ${ttl}`);
    return Math.min(Math.ceil(this.#now() + ttl), Number.MAX_SAFE_INTEGER);
  }

  #checkKey(key: string): void {
    const invalid = keyProblem(key);
    if (invalid !== undefined)
      throw new StateError('KEY_INVALID', `a key of the state ${this.#name} ${invalid}`);
  }
}

/** UTF-8 takes so many bytes of a UTF-16 unit at most. */
const MAX_UNIT_BYTES = 3;

function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return `is of type ${typeof key}; keys are strings`;
  if (key.length * MAX_UNIT_BYTES > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
    return `takes more than ${MAX_KEY_BYTES} bytes; use a shorter one, such as a hash of it`;
  if (/\p{Surrogate}/u.test(key)) return 'is no well-formed Unicode: half of a surrogate pair is missing';
  return undefined;
}

/** `then` at once when the value is there, as it is in memory: without a turn of its own, keys stay free. */
function now<A, B>(value: A | PromiseLike<A>, then: (value: A) => B | Promise<B>): B | Promise<B> {
  return isPromiseLike(value) ? Promise.resolve(value).then(then) : then(value);
}

function isPromiseLike<A>(value: A | PromiseLike<A>): value is PromiseLike<A> {
  return (
    value instanceof Promise || typeof (value as { readonly then?: unknown } | undefined)?.then === 'function'
  );
}
