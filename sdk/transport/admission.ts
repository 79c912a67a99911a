import type { LoopWatch } from './loop-watch.js';

export interface AdmissionRules {
  /** Of a caller whose calls grow without end, those that have waited longer than this for the callee's event loop are refused, ms. */
  readonly maxDelayMs: number;
  /** So few calls, from one round of reads to the next, are no queue, however long each takes. */
  readonly lateCalls: number;
}

export const ADMISSION_RULES: Omit<AdmissionRules, 'maxDelayMs'> = { lateCalls: 8 };

/**
 * Which calls a callee refuses since they have waited too long, decided before anything is done for them: of callers whose calls in flight grow without
 * end (Backlog), those that have waited for more than a short time (after CoDel, Nichols and Jacobson, 2012, and Maurer,
 * "Fail at Scale", ACM Queue 13/8, 2015). Callers that wait for their answers wait longer the more they are, and all get them.
 *
 * On Node the queue is the event loop itself. While handlers compute, calls lie unread in the kernel, so how long they waited
 * is bounded by when their connection was last read, when the loop last had nothing to do ({@link LoopWatch}), and, within a read, by
 * their place in it: they came at an even pace.
 */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #watch: LoopWatch;
  #refused = 0;
  #round = 0;
  #roundBeganAt = 0;
  #late = 0;

  constructor(rules: AdmissionRules, watch: LoopWatch) {
    this.#rules = rules;
    this.#watch = watch;
  }

  /** Calls refused so far. */
  get refused(): number {
    return this.#refused;
  }

  /** For a connection that is opened. */
  queue(): AdmissionQueue {
    return new AdmissionQueue(this, this.#rules, this.#watch);
  }

  /** A connection is read that was last read in the given round; returns the one that it is read in. All have their turn in a round. */
  readIn(round: number, now: number): number {
    if (round === this.#round && now - this.#roundBeganAt >= this.#rules.maxDelayMs) {
      this.#round++;
      this.#roundBeganAt = now;
      this.#late = 0;
    }
    return this.#round;
  }

  /** The call has waited too long: whether it is refused. */
  refuses(): boolean {
    if (this.#late < this.#rules.lateCalls) {
      this.#late++;
      return false;
    }
    this.#refused++;
    return true;
  }
}

/** The calls of one connection, in the order they are read. */
export class AdmissionQueue {
  readonly #admission: Admission;
  readonly #rules: AdmissionRules;
  readonly #watch: LoopWatch;
  #sheds = false;
  #readAt = 0;
  /** None of what was read came before. */
  #cameFrom = 0;
  #round = 0;

  constructor(admission: Admission, rules: AdmissionRules, watch: LoopWatch) {
    this.#admission = admission;
    this.#rules = rules;
    this.#watch = watch;
  }

  /** Calls are refused now: each has to be asked for. */
  get sheds(): boolean {
    return this.#sheds;
  }

  /** The caller says whether its calls grow without end. */
  grows(grows: boolean): void {
    this.#sheds = grows;
  }

  /**
   * Bytes are read, of which none came before `unreadSince`. `polled`: since then the connection was looked at in each turn of the loop.
   */
  read(unreadSince: number, now: number, polled: boolean): void {
    this.#readAt = now;
    this.#cameFrom = now;
    if (!this.#sheds) return;
    const watch = this.#watch;
    this.#cameFrom = Math.max(unreadSince, watch.emptyAt(now), polled ? watch.notBefore : 0);
    watch.watch(now);
    this.#round = this.#admission.readIn(this.#round, now);
  }

  /** Whether a call may start while calls are refused. `place` is where it is in what was read: near 0 it came early, at 1 last. */
  admits(place: number, now: number): boolean {
    return this.#delayOf(place, now) <= this.#rules.maxDelayMs || !this.#admission.refuses();
  }

  #delayOf(place: number, now: number): number {
    return now - this.#readAt + (1 - place) * (this.#readAt - this.#cameFrom);
  }
}

/** The environment's, for servers that do not say otherwise. */
const VARIABLE = 'WEAVERD_MAX_QUEUE_DELAY_MS';
const DEFAULT_MAX_DELAY_MS = 40;
const LONGEST_DELAY_MS = 60_000;

/**
 * The admission of all connections of a server; undefined when it is off, with 0. Default: the environment's
 * WEAVERD_MAX_QUEUE_DELAY_MS, or 40. Throws RangeError for a time that cannot be meant.
 */
export function admissionFor(maxQueueDelayMs: number | undefined, watch: LoopWatch): Admission | undefined {
  const maxDelayMs = maxQueueDelayMs ?? Number(process.env[VARIABLE] ?? DEFAULT_MAX_DELAY_MS);
  if (!Number.isInteger(maxDelayMs) || maxDelayMs < 0 || maxDelayMs > LONGEST_DELAY_MS) {
    throw new RangeError(
      `the longest delay of calls (${VARIABLE}) is ${maxDelayMs} ms: give an integer from 0 (off) to ${LONGEST_DELAY_MS}`,
    );
  }
  if (maxDelayMs === 0) return undefined;
  return new Admission({ ...ADMISSION_RULES, maxDelayMs }, watch);
}
