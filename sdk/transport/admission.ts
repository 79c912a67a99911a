import type { LoopWatch } from './loop-watch.js';

export interface AdmissionRules {
  /** A call that waits longer than this for the callee's event loop is in a queue, not in a burst, ms. */
  readonly maxDelayMs: number;
  /** Delays must have been longer than allowed for this long before anything is refused, ms. */
  readonly sustainedMs: number;
  /** Nothing more is refused when nothing was for this long, ms; or when the loop comes to rest. */
  readonly calmMs: number;
  /** So long after that, too long a delay is believed at once, ms. */
  readonly waryMs: number;
  /** So few calls, from one read of a connection to the next, are no queue, however long each takes. */
  readonly lateCalls: number;
}

export const ADMISSION_RULES: Omit<AdmissionRules, 'maxDelayMs'> = {
  sustainedMs: 100,
  calmMs: 500,
  waryMs: 1_000,
  lateCalls: 8,
};

/** Delays that have fallen to this share are those of a queue that gets shorter by itself. */
const FALLING = 0.9;
/** And those that have risen to this many times it, of one that will not. */
const RISING = 1.5;
/** From this delay on, it is looked at whether the loop had nothing to do, ms. */
const LOOK_MS = 1;

/**
 * Which calls a callee refuses since they have waited too long, decided before anything is done for them. The rule is that of
 * Maurer, "Fail at Scale" (ACM Queue 13/8, 2015), after CoDel (Nichols and Jacobson, 2012): a queue that is empty now and then may be
 * long at times, but in one that is never empty calls may wait only for a short time; the 20 ms are those of DAGOR (Zhou et al., SoCC
 * 2018). It works on delays alone: nothing has to be known of how much the handlers do or wait.
 *
 * On Node the queue is the event loop itself. While handlers compute, calls lie unread in the kernel, so how long they waited
 * is bounded by when their connection was last read, when the loop last had nothing to do ({@link LoopWatch}), and, within a read, by
 * their place in it: they came at an even pace. One long pause is no overload (garbage collection, a start): only delays
 * that stay too long, read after read, without falling, while the loop never waits.
 */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #watch: LoopWatch;
  #shedding = false;
  #shedAt = Number.NEGATIVE_INFINITY;
  #refusedAt = 0;
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

  get shedding(): boolean {
    return this.#shedding;
  }

  /** For one connection. */
  queue(): AdmissionQueue {
    return new AdmissionQueue(this, this.#rules, this.#watch);
  }

  /** Delays were too long lately. */
  wary(now: number): boolean {
    return now - this.#shedAt < this.#rules.waryMs;
  }

  shed(now: number): void {
    this.#shedding = true;
    this.#refusedAt = now;
  }

  /** A connection was read: ends what is over. `rested`: the loop had nothing to do since it was read before. */
  calm(now: number, rested: boolean): void {
    this.#shedAt = now;
    if (rested || now - this.#refusedAt > this.#rules.calmMs) this.#shedding = false;
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
  refuses(now: number): boolean {
    if (this.#late < this.#rules.lateCalls) {
      this.#late++;
      return false;
    }
    this.#refusedAt = now;
    this.#refused++;
    return true;
  }
}

/** The calls of one connection, in the order they are read. */
export class AdmissionQueue {
  readonly #admission: Admission;
  readonly #rules: AdmissionRules;
  readonly #watch: LoopWatch;
  #readAt = 0;
  /** None of what was read came before. */
  #cameFrom = 0;
  /** Since when delays are too long and do not fall, and the first of them. */
  #slow: { readonly since: number; readonly delayMs: number } | undefined;
  #round = 0;

  constructor(admission: Admission, rules: AdmissionRules, watch: LoopWatch) {
    this.#admission = admission;
    this.#rules = rules;
    this.#watch = watch;
  }

  /** Calls are refused now: each has to be asked for. */
  get sheds(): boolean {
    return this.#admission.shedding;
  }

  /**
   * Bytes are read, of which none came before `unreadSince`. `polled`: since then the connection was looked at in each turn of the loop.
   */
  read(unreadSince: number, now: number, polled: boolean): void {
    const admission = this.#admission;
    const watch = this.#watch;
    this.#readAt = now;
    this.#cameFrom = unreadSince;
    if (now - unreadSince < LOOK_MS && !admission.shedding) {
      this.#slow = undefined;
      return;
    }
    const emptyAt = watch.emptyAt(now);
    const rested = emptyAt > unreadSince;
    this.#cameFrom = Math.max(unreadSince, emptyAt, polled ? watch.notBefore : 0);
    if (admission.shedding) {
      admission.calm(now, rested);
      this.#round = admission.readIn(this.#round, now);
      watch.watch(now);
    } else if (rested) this.#slow = undefined;
    else this.#judge(now - this.#cameFrom, now);
  }

  #judge(delayMs: number, now: number): void {
    if (delayMs <= this.#rules.maxDelayMs) {
      this.#slow = undefined;
      return;
    }
    const watch = this.#watch;
    // What was measured while turns were not counted may be far too much.
    const known = watch.watching;
    watch.watch(now);
    if (known && this.#admission.wary(now)) this.#admission.shed(now);
    // The first may be due to one pause: what follows is compared with what follows it.
    else if (!known || this.#slow === undefined)
      this.#slow = { since: now, delayMs: Number.POSITIVE_INFINITY };
    else if (delayMs < FALLING * this.#slow.delayMs) this.#slow = { since: now, delayMs };
    else if (now - this.#slow.since >= this.#rules.sustainedMs) this.#admission.shed(now);
  }

  /** Now and then, when a call starts: a queue that grows all the time is not read to its end. `place` as for {@link admits}. */
  look(place: number, now: number): void {
    const slow = this.#slow;
    if (slow === undefined || now - slow.since < this.#rules.sustainedMs) return;
    if (this.#delayOf(place, now) > RISING * slow.delayMs) this.#admission.shed(now);
  }

  /** Whether a call may start while calls are refused. `place` is where it is in what was read: near 0 it came early, at 1 last. */
  admits(place: number, now: number): boolean {
    return this.#delayOf(place, now) <= this.#rules.maxDelayMs || !this.#admission.refuses(now);
  }

  #delayOf(place: number, now: number): number {
    return now - this.#readAt + (1 - place) * (this.#readAt - this.#cameFrom);
  }
}

/** The environment's, for servers that do not say otherwise. */
const VARIABLE = 'WEAVERD_MAX_QUEUE_DELAY_MS';
const DEFAULT_MAX_DELAY_MS = 30;
const LONGEST_DELAY_MS = 60_000;

/**
 * The admission of all connections of a server; undefined when it is off, with 0. Default: the environment's
 * WEAVERD_MAX_QUEUE_DELAY_MS, or 30. Throws RangeError for a time that cannot be meant.
 */
export function admissionFor(maxQueueDelayMs: number | undefined, watch: LoopWatch): Admission | undefined {
  const maxDelayMs = maxQueueDelayMs ?? Number(process.env[VARIABLE] ?? DEFAULT_MAX_DELAY_MS);
  if (!Number.isInteger(maxDelayMs) || maxDelayMs < 0 || maxDelayMs > LONGEST_DELAY_MS) {
    throw new RangeError(
      `the longest delay of calls (${VARIABLE}) is ${maxDelayMs} ms: give an integer from 0 (off) to ${LONGEST_DELAY_MS}`,
    );
  }
  return maxDelayMs === 0 ? undefined : new Admission({ ...ADMISSION_RULES, maxDelayMs }, watch);
}
