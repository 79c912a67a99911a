import { BacklogTrend, type GrowthRule } from './backlog-trend.js';

/** Most spikes are over by then. */
const GROWS: GrowthRule = { rises: 3, forMs: 200 };
/** Of a backlog that grew a short time ago. */
const GROWS_AGAIN: GrowthRule = { rises: 2, forMs: 0 };
/** So long after it grew it is a short time ago, ms. */
const RECENTLY_MS = 2_000;
/** Answers in a round; more after a backlog that grew, so that callers which begin anew have all begun. */
const ROUND = 8;
const ROUND_AGAIN = 32;
/** What has fallen so far before the callee could refuse any did not grow without end. */
const FALLEN = 0.9;
/** It is over when no call was refused for so long, ms. */
const CALM_MS = 500;
/** After so long it is looked at anew whether it grows: while calls are refused, it does not, and callers that try again at once look alike, ms. */
const LOOK_ANEW_MS = 60_000;

/**
 * Whether the calls in flight of one connection grow without end ({@link BacklogTrend}), at the caller, who knows how many there are. Then,
 * and only then, may the callee refuse those that wait too long. It ends when all are answered or none is refused.
 */
export class Backlog {
  readonly #onChange: (grows: boolean) => void;
  #trend = new BacklogTrend(GROWS);
  #grows = false;
  /** Calls in flight when it began, and the answer with which the callee knows of it. */
  #begunWith = 0;
  #knownWith = 0;
  #isKnown = false;
  /** When the callee knew, or when that ended. */
  #since = 0;
  #recently = false;
  #refusedAt = 0;
  #overflowed = false;
  /** Calls in flight, in this round. */
  #most = 0;
  /** The round ends with this answer. */
  #roundEnds = ROUND;
  #riseAt = Number.POSITIVE_INFINITY;

  /** `onChange` is told when they begin to grow, and when that is over. */
  constructor(onChange: (grows: boolean) => void) {
    this.#onChange = onChange;
  }

  get grows(): boolean {
    return this.#grows;
  }

  /** Wants to know when all calls are answered. */
  get awaitsEnd(): boolean {
    return this.#grows || this.#recently || this.#trend.rising;
  }

  /** Answers have come. `inFlight`: with those that they are for; `answered`: without them, so far. */
  look(inFlight: number, answered: number, now: number): void {
    if (inFlight > this.#most) this.#most = inFlight;
    if (answered >= this.#roundEnds) this.#endRound(inFlight, answered, now);
    else if (inFlight >= this.#riseAt && this.#trend.during(inFlight, false, now)) {
      this.#begin(inFlight, answered);
      this.#beginRound(inFlight, answered);
    }
  }

  /** A call could not be made: too many are in flight. */
  overflowed(): void {
    this.#overflowed = true;
  }

  /** A call was refused. */
  refused(now: number): void {
    this.#refusedAt = now;
  }

  /** All calls are answered: what comes is not to be compared with what was. */
  ended(answered: number, now: number): void {
    if (this.#grows) this.#end(now);
    this.#trend.reset();
    this.#beginRound(0, answered);
  }

  #endRound(inFlight: number, answered: number, now: number): void {
    const most = this.#most;
    const overflowed = this.#overflowed;
    if (this.#grows) {
      if (!this.#isKnown) this.#awaitKnown(inFlight, answered, now);
      else if (now - this.#refusedAt > CALM_MS || now - this.#since > LOOK_ANEW_MS) this.#end(now);
    } else {
      if (this.#recently && now - this.#since > RECENTLY_MS) {
        this.#recently = false;
        this.#trend = new BacklogTrend(GROWS);
      }
      if (this.#trend.round(most, overflowed, answered, now)) this.#begin(inFlight, answered);
    }
    this.#beginRound(inFlight, answered);
  }

  /** The callee reads of it when it has answered all that were in flight when it was told. */
  #awaitKnown(inFlight: number, answered: number, now: number): void {
    if (inFlight < FALLEN * this.#begunWith) this.#end(now);
    else if (answered >= this.#knownWith) {
      this.#isKnown = true;
      this.#since = now;
      this.#refusedAt = now;
    }
  }

  #beginRound(inFlight: number, answered: number): void {
    this.#most = inFlight;
    this.#overflowed = false;
    this.#roundEnds = answered + (this.#recently ? ROUND_AGAIN : ROUND);
    this.#riseAt = this.#grows ? Number.POSITIVE_INFINITY : this.#trend.riseAt;
  }

  #begin(inFlight: number, answered: number): void {
    this.#grows = true;
    this.#isKnown = false;
    this.#begunWith = inFlight;
    this.#knownWith = answered + inFlight;
    this.#recently = false;
    this.#onChange(true);
  }

  #end(now: number): void {
    this.#grows = false;
    this.#recently = true;
    this.#since = now;
    this.#trend = new BacklogTrend(GROWS_AGAIN);
    this.#onChange(false);
  }
}
