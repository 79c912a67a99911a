/** Latency mode: costs a core while there is traffic, and saves the wake-up, which is most of a lone call's time. */
export interface LatencyOptions {
  /** Polls for so long after each write, microseconds; 0, the default, is off; 50 is usual, 1000 the most. */
  readonly busyPollMicros: number;
}

/** What a poller needs of the process. */
export interface PollHost {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Runs the task in the next turn of the event loop, which looks for input before and does not sleep. */
  nextTurn(task: () => void): void;
  /** How often the system has taken the processor from this process, so far. */
  involuntaryContextSwitches(): number;
}

export interface BusyPollCounters {
  /** Times that polling has begun. */
  readonly periods: number;
  /** Turns of the event loop that did not sleep for it. */
  readonly turns: number;
  /** Times that it was stopped since others want the processor. */
  readonly suspensions: number;
}

const MAX_MICROS = 1_000;
const LOOK_INTERVAL_MS = 1;
/** So many involuntary switches are no contention: other work of the system. */
const TOLERATED_PER_MS = 0.02;
const CONTENTION = 2;
const FIRST_SUSPENSION_MS = 100;
const MAX_SUSPENSION_MS = 10_000;

/**
 * Keeps the event loop awake for a while after traffic. Beside others that want the processor this would make everything
 * slower, so it is suspended, ever longer, when the system keeps taking the processor away.
 */
export class BusyPoller {
  readonly #host: PollHost;
  #until = 0;
  #polling = false;
  #lookAt = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #switches = 0;
  /** Involuntary switches beyond the tolerated, a leaking sum. */
  #contention = 0;
  #suspendedUntil = Number.NEGATIVE_INFINITY;
  #suspensionMs = 0;
  /** Since the last suspension: time that was polled, not time that has passed. */
  #looks = 0;
  #periods = 0;
  #turns = 0;
  #suspensions = 0;

  constructor(host: PollHost) {
    this.#host = host;
  }

  get counters(): BusyPollCounters {
    return { periods: this.#periods, turns: this.#turns, suspensions: this.#suspensions };
  }

  /** There was traffic: polls for `micros` from now. */
  extend(micros: number): void {
    const now = this.#host.now();
    if (now < this.#suspendedUntil) return;
    this.#until = Math.max(this.#until, now + micros / 1_000);
    if (this.#polling) return;
    this.#polling = true;
    this.#periods++;
    this.#host.nextTurn(this.#turn);
  }

  readonly #turn = (): void => {
    const now = this.#host.now();
    this.#turns++;
    if (now >= this.#lookAt) this.#look(now);
    this.#polling = now < this.#until && now >= this.#suspendedUntil;
    if (this.#polling) this.#host.nextTurn(this.#turn);
  };

  #look(now: number): void {
    this.#lookAt = now + LOOK_INTERVAL_MS;
    this.#looks++;
    const switches = this.#host.involuntaryContextSwitches();
    const since = now - this.#lookedAt;
    // What happened before the first look is of no concern.
    const added = since === Number.POSITIVE_INFINITY ? 0 : switches - this.#switches;
    this.#contention = Math.max(0, this.#contention + added - since * TOLERATED_PER_MS);
    this.#switches = switches;
    this.#lookedAt = now;
    if (this.#contention < CONTENTION) return;
    this.#suspend(now);
  }

  #suspend(now: number): void {
    const again = this.#looks * LOOK_INTERVAL_MS < this.#suspensionMs;
    this.#looks = 0;
    this.#suspensionMs = again ? Math.min(2 * this.#suspensionMs, MAX_SUSPENSION_MS) : FIRST_SUSPENSION_MS;
    this.#suspendedUntil = now + this.#suspensionMs;
    this.#until = now;
    this.#contention = 0;
    // Switches while it is suspended say nothing of polling.
    this.#lookedAt = Number.NEGATIVE_INFINITY;
    this.#suspensions++;
  }
}

/** All connections of a process poll together: there is one event loop. */
const processPoller = new BusyPoller({
  now: () => performance.now(),
  nextTurn: setImmediate,
  involuntaryContextSwitches: () => process.resourceUsage().involuntaryContextSwitches,
});

export function busyPollCounters(): BusyPollCounters {
  return processPoller.counters;
}

/** What to call after each write; undefined when the mode is off. Throws RangeError for a time that cannot be meant. */
export function pollAfterWrites(latency: LatencyOptions | undefined): (() => void) | undefined {
  const { busyPollMicros: micros } = latency ?? fromEnvironment();
  if (!Number.isInteger(micros) || micros < 0 || micros > MAX_MICROS) {
    throw new RangeError(`busyPollMicros is ${micros}: give an integer from 0 to ${MAX_MICROS}`);
  }
  return micros === 0 ? undefined : () => processPoller.extend(micros);
}

/** For all connections of a process that do not say otherwise. */
const VARIABLE = 'WEAVERD_BUSY_POLL_MICROS';

function fromEnvironment(): LatencyOptions {
  return { busyPollMicros: Number(process.env[VARIABLE] ?? 0) };
}
