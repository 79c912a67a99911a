import type { Clock } from '../../daemon/processes/clock.js';
import type { Scheduler } from './scheduler.js';

/** Unix ms at which every simulation begins. */
const BEGINNING = 1_700_000_000_000;

export interface ClockFaults {
  /** Of the monotonic clock; 1: as fast as virtual time. */
  readonly rate: number;
  /** By which its wall clock is ahead, ms. */
  readonly wallAheadMs: number;
}

/** One process of a daemon: it can be stopped, continued and killed, and its clocks are its own. */
export class SimProcess implements Clock {
  readonly #scheduler: Scheduler;
  readonly #clock: ClockFaults;
  #state: 'running' | 'paused' | 'dead' = 'running';
  /** What came while it was paused. */
  #backlog: (() => void)[] = [];

  constructor(scheduler: Scheduler, clock: ClockFaults) {
    this.#scheduler = scheduler;
    this.#clock = clock;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  now(): number {
    return BEGINNING + this.#scheduler.now + this.#clock.wallAheadMs;
  }

  monotonic(): number {
    return this.#scheduler.now * this.#clock.rate;
  }

  /** Virtual ms at which its monotonic clock shows that. */
  virtual(monotonic: number): number {
    return monotonic / this.#clock.rate;
  }

  after(delayMs: number, run: () => void): () => void {
    let isCancelled = false;
    const cancel = this.#scheduler.after(delayMs / this.#clock.rate, () =>
      this.enter(() => {
        if (!isCancelled) run();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  /** Runs it in this process: now, or when it goes on, or never. */
  enter(run: () => void): void {
    if (this.#state === 'running') run();
    else if (this.#state === 'paused') this.#backlog.push(run);
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const backlog = this.#backlog;
    this.#backlog = [];
    // One after the other, in an order that the seed decides, as between timers and sockets.
    for (const run of backlog) this.#scheduler.after(0, () => this.enter(run));
  }

  kill(): void {
    this.#state = 'dead';
    this.#backlog = [];
  }
}
