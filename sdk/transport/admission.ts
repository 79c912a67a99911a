import { DelayTrend } from './delay-trend.js';
import type { LoopWatch } from './loop-watch.js';

export interface AdmissionRules {
  /** While calls are refused, those that have waited longer than this for the callee's event loop are, ms. */
  readonly maxDelayMs: number;
  /** Nothing more is refused when nothing was for this long, ms. */
  readonly calmMs: number;
  /** Or when the loop has had nothing to do for this long since the last refusal, ms. */
  readonly restMs: number;
  /** So few calls, from one round of reads to the next, are no queue, however long each takes. */
  readonly lateCalls: number;
  /** So many calls of a connection in one turn are about all that its caller may have in flight. */
  readonly fullCalls: number;
}

export const ADMISSION_RULES: Omit<AdmissionRules, 'maxDelayMs' | 'fullCalls'> = {
  calmMs: 500,
  restMs: 50,
  lateCalls: 8,
};

/** From this delay on, it is looked at whether the loop had nothing to do, and how long turns are, ms. */
const LOOK_MS = 1;

/**
 * Which calls a callee refuses since they have waited too long, decided before anything is done for them. Refusing begins when
 * delays grow without end ({@link DelayTrend}), and not because they are long: callers that wait for their answers wait longer the more
 * they are, and all get them. Then calls are refused that have waited for more than a short time (after CoDel, Nichols and
 * Jacobson, 2012, and Maurer, "Fail at Scale", ACM Queue 13/8, 2015), until there are none.
 *
 * On Node the queue is the event loop itself. While handlers compute, calls lie unread in the kernel, so how long they waited
 * is bounded by when their connection was last read, when the loop last had nothing to do ({@link LoopWatch}), and, within a read, by
 * their place in it: they came at an even pace.
 */
export class Admission {
  readonly #rules: AdmissionRules;
  readonly #watch: LoopWatch;
  readonly #trend = new DelayTrend();
  #shedding = false;
  #refusedAt = 0;
  #refused = 0;
  /** As of the last look at whether refusals are over. */
  #refusedBefore = 0;
  #idleBefore = 0;
  #round = 0;
  #roundBeganAt = 0;
  #late = 0;

  constructor(rules: AdmissionRules, watch: LoopWatch) {
    this.#rules = rules;
    this.#watch = watch;
    watch.onTurn = (lastedMs, rested, now) => {
      if (this.#shedding) return;
      if (rested) this.#trend.reset();
      else if (this.#trend.turn(lastedMs, now)) this.#shed(lastedMs, now);
    };
  }

  /** Calls refused so far. */
  get refused(): number {
    return this.#refused;
  }

  get shedding(): boolean {
    return this.#shedding;
  }

  /** For a connection that is opened: its calls make turns longer, and that is no growth. */
  queue(): AdmissionQueue {
    this.#trend.reset();
    return new AdmissionQueue(this, this.#rules, this.#watch);
  }

  /** Turns are counted from here on; the one before lasted no longer than `atMostMs`. */
  begin(atMostMs: number, now: number): void {
    this.#trend.reset();
    this.#trend.turn(atMostMs, now);
  }

  /** The loop had nothing to do in this turn. */
  rested(): void {
    this.#trend.reset();
  }

  /** In the course of a turn: a queue that grows is not read to its end. `full` as for {@link DelayTrend.during}. */
  look(full: boolean, now: number): void {
    const elapsedMs = now - this.#watch.turnBeganAt;
    if (!this.#shedding && this.#trend.during(elapsedMs, full, now)) this.#shed(elapsedMs, now);
  }

  #shed(delayMs: number, now: number): void {
    if (delayMs <= this.#rules.maxDelayMs) return;
    this.#shedding = true;
    this.#trend.reset();
    this.#refusedAt = now;
    this.#idleBefore = this.#watch.idleMs;
  }

  /** A connection was read: ends what is over. */
  calm(now: number): void {
    const { idleMs } = this.#watch;
    if (this.#refused > this.#refusedBefore) {
      this.#refusedBefore = this.#refused;
      this.#idleBefore = idleMs;
    }
    const { calmMs, restMs } = this.#rules;
    if (now - this.#refusedAt > calmMs || idleMs - this.#idleBefore > restMs) this.#shedding = false;
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
  #round = 0;
  #turn = 0;
  /** Calls that had come before this turn. */
  #callsBefore = 0;

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
    if (now - unreadSince < LOOK_MS && !admission.shedding) return;
    const emptyAt = watch.emptyAt(now);
    if (emptyAt > watch.turnBeganAt) admission.rested();
    this.#cameFrom = Math.max(unreadSince, emptyAt, polled ? watch.notBefore : 0);
    if (emptyAt <= unreadSince || admission.shedding) {
      if (!watch.watching) admission.begin(now - unreadSince, now);
      watch.watch(now);
    }
    if (!admission.shedding) return;
    admission.calm(now);
    this.#round = admission.readIn(this.#round, now);
  }

  /** Now and then, when a call starts. `calls`: how many have come. */
  look(calls: number, now: number): void {
    const { turns } = this.#watch;
    if (turns !== this.#turn) {
      this.#turn = turns;
      this.#callsBefore = calls;
    }
    this.#admission.look(calls - this.#callsBefore >= this.#rules.fullCalls, now);
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
const DEFAULT_MAX_DELAY_MS = 40;
const LONGEST_DELAY_MS = 60_000;
/** Of the calls that a caller may have in flight on a connection. */
const FULL = 7 / 8;

/**
 * The admission of all connections of a server; undefined when it is off, with 0. Default: the environment's
 * WEAVERD_MAX_QUEUE_DELAY_MS, or 40. Throws RangeError for a time that cannot be meant.
 */
export function admissionFor(
  maxQueueDelayMs: number | undefined,
  maxCallsInFlight: number,
  watch: LoopWatch,
): Admission | undefined {
  const maxDelayMs = maxQueueDelayMs ?? Number(process.env[VARIABLE] ?? DEFAULT_MAX_DELAY_MS);
  if (!Number.isInteger(maxDelayMs) || maxDelayMs < 0 || maxDelayMs > LONGEST_DELAY_MS) {
    throw new RangeError(
      `the longest delay of calls (${VARIABLE}) is ${maxDelayMs} ms: give an integer from 0 (off) to ${LONGEST_DELAY_MS}`,
    );
  }
  if (maxDelayMs === 0) return undefined;
  return new Admission({ ...ADMISSION_RULES, maxDelayMs, fullCalls: FULL * maxCallsInFlight }, watch);
}
