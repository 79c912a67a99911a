import { outsideOfCalls } from '../../call/call-context.js';
import { type Backoff, backoffMs } from '../../routing/backoff.js';
import type { StateStore } from '../driver.js';
import type { KeyFence } from '../key-fence.js';
import type { WakeHandler } from '../state.js';
import { StateError } from '../state-error.js';
import type { WakeClock } from './wake-clock.js';
import { WakeQueue } from './wake-queue.js';
import { decodeWake, encodeWake, wakesOf } from './wake-record.js';

export interface WakesOptions {
  readonly state: string;
  /** The component's store; after a failure, tries again. */
  readonly open: () => Promise<StateStore>;
  readonly handler: WakeHandler;
  /** Whether this process acts for the key now. */
  readonly owns: (key: string) => boolean;
  /** See KeyFence. */
  readonly hold: KeyFence['hold'];
  readonly clock: WakeClock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** Hears of handlers that throw, and of a store that cannot be read: both are tried again. */
  readonly onProblem: (message: string, reason: unknown) => void;
}

/** A handler that runs. */
interface Run {
  readonly abort: AbortController;
  /** Its reminder was set or cancelled meanwhile. */
  isTouched: boolean;
  /** To be looked at when it has ended. */
  again: number | undefined;
  done: Promise<void>;
}

/** Handlers of one state that run at a time. */
export const MAX_HANDLERS = 32;
/** Reminders of one state that a process takes. */
export const MAX_WAKES = 1_000_000;
const PAGE = 1000;
const RETRY: Backoff = { firstMs: 1000, capMs: 300_000 };
/** Also that soon after the system's clock was set does a reminder notice; `setTimeout` holds 24.8 days. */
const MAX_SLEEP_MS = 60_000;
/** Until a key may be acted for that is being taken over, or given up. */
const HOLD_RETRY_MS = 500;
const MAX_TIME = 8.64e15;

/**
 * The durable reminders of one state. What is stored is the truth; the queue only says when to look at a key, at the
 * latest: before a handler runs its reminder is read, and after it the reminder is deleted unless it was set anew.
 */
export class Wakes {
  readonly #options: WakesOptions;
  readonly #stored: string;
  readonly #queue = new WakeQueue();
  readonly #runs = new Map<string, Run>();
  /** Of the reminder for that time. */
  readonly #failures = new Map<string, { readonly at: number; readonly count: number }>();
  #phase: 'idle' | 'active' | 'stopped' = 'idle';
  #loads = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: WakesOptions) {
    this.#options = options;
    this.#stored = wakesOf(options.state);
  }

  /** Replaces the key's reminder. Rejects with a StateError, or a RangeError for what is no time. */
  async wakeAt(key: string, time: number | Date): Promise<void> {
    const at = Math.ceil(Number(time));
    if (!(Math.abs(at) <= MAX_TIME))
      throw new RangeError(
        `a reminder's time is a Date or Unix ms up to ${MAX_TIME} (the year 275760), not ${time}`,
      );
    const store = await this.#options.open();
    if (this.#queue.size >= MAX_WAKES && this.#queue.timeOf(key) === undefined)
      throw new StateError(
        'STATE_FULL',
        `the state ${this.#options.state} has ${MAX_WAKES} reminders; let one remind of several keys`,
      );
    this.#touch(key);
    const written = store.write({ kind: 'set', state: this.#stored, key, value: encodeWake(at) });
    await written.finally(() => this.#lookAt(key, at)); // one that failed may be stored nevertheless
  }

  /** Resolves with whether there was one. */
  async cancel(key: string): Promise<boolean> {
    const store = await this.#options.open();
    const before = await store.latest(this.#stored, key);
    if (before === undefined) return false;
    this.#touch(key);
    await store.write({ kind: 'delete', state: this.#stored, key });
    return true;
  }

  /** Handlers may run from now on: reads what is stored. */
  begin(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'active';
    this.reload();
  }

  /** To be called when keys have come or gone: reads what is stored, and leaves to others what is theirs. */
  reload(): void {
    if (this.#phase !== 'active') return;
    for (const [key, run] of this.#runs) if (!this.#options.owns(key)) run.abort.abort();
    const load = ++this.#loads;
    outsideOfCalls(() => void this.#load(load, 1));
  }

  /** No further handler runs; resolves when those that do have ended, whose signals abort after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#phase = 'stopped';
    this.#loads++;
    this.#cancelTimer();
    this.#queue.clear();
    const runs = [...this.#runs.values()];
    if (runs.length === 0) return;
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(graceMs, resolve);
    });
    await Promise.race([late, Promise.all(runs.map(({ done }) => done))]);
    cancel();
    for (const { abort } of runs) abort.abort();
  }

  async #load(load: number, attempt: number): Promise<void> {
    const { open, owns, clock, random, onProblem, state } = this.#options;
    try {
      const store = await open();
      let after: string | undefined;
      do {
        const page = await store.list(this.#stored, '', after, PAGE);
        if (load !== this.#loads) return;
        for (const { key, value } of page) if (owns(key)) this.#lookAt(key, decodeWake(value));
        after = page.length < PAGE ? undefined : page.at(-1)?.key;
      } while (after !== undefined);
    } catch (reason) {
      if (load !== this.#loads) return;
      const waitMs = backoffMs(RETRY, attempt, random);
      onProblem(
        `the reminders of the state ${state} cannot be read; again in ${Math.ceil(waitMs)} ms`,
        reason,
      );
      clock.after(waitMs, () => {
        if (load === this.#loads) void this.#load(load, attempt + 1);
      });
    }
  }

  #touch(key: string): void {
    const run = this.#runs.get(key);
    if (run !== undefined) run.isTouched = true;
  }

  /** At that time, or before: what is queued already may be nearer the truth, and looking too early costs little. */
  #lookAt(key: string, at: number): void {
    if (this.#phase === 'stopped') return;
    const run = this.#runs.get(key);
    if (run !== undefined) {
      run.again = Math.min(at, run.again ?? at);
      return;
    }
    const queued = this.#queue.timeOf(key);
    if (queued === undefined || at < queued) this.#queue.set(key, at);
    if (this.#queue.peek()?.key === key) this.#act();
  }

  /** Runs what is due, as far as there may run more, and sets the timer for the next. */
  #act(): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    if (this.#phase !== 'active') return;
    const now = this.#options.clock.now();
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (this.#runs.size >= MAX_HANDLERS) return; // the end of one acts again
      if (next.at > now) {
        const waitMs = Math.min(next.at - now, MAX_SLEEP_MS);
        outsideOfCalls(() => {
          this.#cancelTimer = this.#options.clock.after(waitMs, () => this.#act());
        });
        return;
      }
      const { key } = next;
      this.#queue.delete(key);
      outsideOfCalls(() => this.#run(key));
    }
  }

  #run(key: string): void {
    const run: Run = {
      abort: new AbortController(),
      isTouched: false,
      again: undefined,
      done: Promise.resolve(),
    };
    this.#runs.set(key, run);
    run.done = this.#handle(key, run).then(
      (at) => this.#ended(key, at === undefined ? run.again : Math.min(at, run.again ?? at)),
      (reason: unknown) => this.#failed(key, run, reason),
    );
  }

  /** When to look at the key again, if so. */
  async #handle(key: string, run: Run): Promise<number | undefined> {
    const { open, owns, hold, clock } = this.#options;
    const store = await open();
    const held = hold(key, () => run.abort.abort());
    if (held === undefined) return owns(key) ? clock.now() + HOLD_RETRY_MS : undefined;
    try {
      return await this.#handleHeld(store, key, run);
    } finally {
      held.leave();
    }
  }

  async #handleHeld(store: StateStore, key: string, run: Run): Promise<number | undefined> {
    const { owns, handler, clock } = this.#options;
    const stored = owns(key) ? await store.get(this.#stored, key) : undefined;
    if (stored === undefined) {
      this.#failures.delete(key);
      return undefined;
    }
    const at = decodeWake(stored);
    if (at > clock.now()) return at;
    if (this.#failures.get(key)?.at !== at) this.#failures.set(key, { at, count: 0 });
    await handler(key, at, run.abort.signal);
    this.#failures.delete(key);
    // Set again, most likely: what is stored then says for when.
    if (run.isTouched) return clock.now();
    await store.write({ kind: 'delete', state: this.#stored, key });
    return undefined;
  }

  #ended(key: string, at: number | undefined): void {
    this.#runs.delete(key);
    if (at !== undefined) this.#lookAt(key, at);
    this.#act();
  }

  #failed(key: string, run: Run, reason: unknown): void {
    const { owns, clock, random, onProblem, state } = this.#options;
    if (this.#phase === 'stopped' || !owns(key)) {
      this.#failures.delete(key); // what is stored wakes the next that acts for the key
      return this.#ended(key, undefined);
    }
    const { at, count } = this.#failures.get(key) ?? { at: clock.now(), count: 0 };
    this.#failures.set(key, { at, count: count + 1 });
    const waitMs = backoffMs(RETRY, count + 1, random);
    onProblem(
      `the reminder of ${state}[${JSON.stringify(key)}] for ${new Date(at).toISOString()} failed ${count + 1} times; again in ${Math.ceil(waitMs)} ms`,
      reason,
    );
    this.#ended(key, run.isTouched ? clock.now() : clock.now() + waitMs);
  }
}
