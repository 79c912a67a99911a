import { messageOf } from '../bus/keyed-log.js';
import type { Clock } from '../processes/clock.js';

export const TICK_MS = 5000;
const FIRST_RETRY_MS = 100;

export interface ReconcilerOptions {
  /** Brings things a step nearer to what is desired; tells when to look again though nothing changes. */
  readonly step: () => Promise<{ readonly wakeAt: number | undefined }>;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  /** The last step failed; undefined when one went through again. */
  readonly onProblem: (problem: string | undefined) => void;
}

/**
 * Runs the step when something changed, one at a time, and at least every {@link TICK_MS}. Changes during a step cause
 * one more. A step that fails is repeated with jittered back-off up to the tick.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #running: Promise<void> | undefined;
  #isDue = false;
  #failures = 0;
  #cancelTimer: (() => void) | undefined;
  #stopped = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  trigger(): void {
    if (this.#stopped) return;
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Resolves when the running step has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what else changes in this turn belongs to the same step
    let delay = TICK_MS;
    while (this.#isDue && !this.#stopped) {
      this.#isDue = false;
      delay = await this.#step();
    }
    this.#running = undefined;
    if (this.#stopped) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.after(delay, () => this.trigger());
  }

  /** How long to wait for the next, ms. */
  async #step(): Promise<number> {
    const { step, clock, random, onProblem } = this.#options;
    try {
      const { wakeAt } = await step();
      this.#failures = 0;
      onProblem(undefined);
      return Math.min(TICK_MS, Math.max(1, (wakeAt ?? Number.POSITIVE_INFINITY) - clock.now()));
    } catch (reason) {
      onProblem(messageOf(reason));
      const bound = Math.min(TICK_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      return bound * (0.5 + random() / 2);
    }
  }
}
