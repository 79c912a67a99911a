import type { AppendInput, AppendOutput } from '../linearizability/models/append.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';
import { SAMPLED_KEYS, type SimOwner } from './sim-owner.js';
import type { SimStateStore } from './sim-state-store.js';

export type Answer =
  | { readonly kind: 'ok'; readonly output: AppendOutput }
  /** It was not executed: another has the key. */
  | { readonly kind: 'stale' }
  /** The key was lost while it ran. */
  | { readonly kind: 'unknown' };

/** What may be wrong with keepers of state, for tests of the tests. */
export type KeeperBug = 'answers-past-its-lease';

/**
 * What one owner of keys does with their state: claims it before it loads it, answers reads from memory while it acts under the same
 * epoch, one operation a key at a time.
 */
export class SimKeeper {
  readonly #owner: SimOwner;
  readonly #store: SimStateStore;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #bug: KeeperBug | undefined;
  readonly #known = new Map<string, { readonly epoch: number; readonly list: readonly string[] }>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(
    owner: SimOwner,
    store: SimStateStore,
    scheduler: Scheduler,
    random: Random,
    bug: KeeperBug | undefined,
  ) {
    this.#owner = owner;
    this.#store = store;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#bug = bug;
  }

  serve(component: string, key: number, input: AppendInput, answer: (answer: Answer) => void): void {
    const name = `${component}/${SAMPLED_KEYS[key]}`;
    const end = (given: Answer) => {
      answer(given);
      const next = this.#waiting.get(name)?.shift();
      if (next === undefined) this.#waiting.delete(name);
      else next();
    };
    const begin = () => this.#begin(name, () => this.#epochOf(component, key), input, end);
    this.#owner.hear(() => {
      const before = this.#waiting.get(name);
      if (before !== undefined) return void before.push(begin);
      this.#waiting.set(name, []);
      begin();
    });
  }

  #begin(name: string, epochNow: () => number, input: AppendInput, end: (answer: Answer) => void): void {
    const epoch = epochNow();
    if (epoch === 0) return end({ kind: 'stale' });
    const known = this.#known.get(name);
    if (known?.epoch !== epoch) {
      this.#ask(
        () => this.#store.claim(name, epoch),
        (list) => {
          if (list === undefined || epochNow() !== epoch) return end({ kind: 'stale' });
          this.#known.set(name, { epoch, list });
          this.#begin(name, epochNow, input, end);
        },
      );
      return;
    }
    if (input.kind === 'read') return end({ kind: 'ok', output: known.list });
    const list = [...known.list, input.element];
    this.#ask(
      () => this.#store.write(name, epoch, list),
      (isWritten) => {
        if (!isWritten) {
          this.#known.delete(name);
          return end({ kind: 'stale' });
        }
        if (epochNow() !== epoch) return end({ kind: 'unknown' });
        this.#known.set(name, { epoch, list });
        end({ kind: 'ok', output: list });
      },
    );
  }

  /** There and back takes time, in which it may stand still; now and then so long that another has the key meanwhile. */
  #ask<T>(act: () => T, then: (result: T) => void): void {
    const wayMs = this.#random.chance(0.02) ? this.#random.between(0, 30_000) : this.#random.between(0, 10);
    this.#scheduler.after(wayMs, () => {
      const result = act();
      this.#owner.hear(() => then(result));
    });
  }

  #epochOf(component: string, key: number): number {
    return this.#bug === 'answers-past-its-lease'
      ? this.#owner.believesAt(component, key)
      : this.#owner.actsAt(component, key);
  }
}
