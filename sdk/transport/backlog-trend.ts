/** A rise: so many times as many calls in flight as ever before, and a few. */
const RISE = 1.25;
const A_FEW = 4;
/** It comes before all calls in flight were answered so many times, or what there is does not grow. */
const WITHIN_BACKLOGS = 4;

export interface GrowthRule {
  /** So many rises in a row are growth that does not end by itself. */
  readonly rises: number;
  /** If they took so long, ms: calls that come for a shorter time only are worked off. */
  readonly forMs: number;
}

/**
 * Tells calls that come whether or not earlier ones are answered, faster than they can be (an open loop), from callers that wait for
 * their answers (closed loops), by the number of calls in flight. In an open loop at r times the rate that can be handled, there are r times as
 * many when all that were in flight are answered: from r = 1.06 on, a quarter more when that has happened four times. In closed loops
 * there are never more than there are callers, however slow the callee is, its pauses or its other work. It looks in rounds of some answers
 * and counts one rise in each: callers that begin together are one. Pure.
 */
export class BacklogTrend {
  readonly #rule: GrowthRule;
  /** Undefined until a first round is over. */
  #highest: number | undefined;
  #beganAt = 0;
  #rises = 0;
  /** In this round. */
  #risen = false;
  /** Since the last rise. */
  #highestSince = 0;
  /** With this answer it is too late for the next rise. */
  #risesBefore = 0;

  constructor(rule: GrowthRule) {
    this.#rule = rule;
  }

  /** What comes is not to be compared with what was: all was answered. */
  reset(): void {
    this.#highest = undefined;
    this.#rises = 0;
  }

  get rising(): boolean {
    return this.#rises > 0;
  }

  /** So many calls in flight are to be looked at before the round is over. */
  get riseAt(): number {
    if (this.#highest === undefined) return Number.POSITIVE_INFINITY;
    return this.#risen ? 0 : RISE * this.#highest + A_FEW;
  }

  /**
   * In the course of a round. `overflowed`: there were so many calls in flight that further ones could not be made. Returns whether their number
   * grows without end.
   */
  during(inFlight: number, overflowed: boolean, now: number): boolean {
    if (this.#highest === undefined) return false;
    if (!this.#risen && (overflowed || inFlight >= this.riseAt)) {
      this.#risen = true;
      this.#rises++;
    }
    return this.#risen && this.#rises >= this.#rule.rises && now - this.#beganAt >= this.#rule.forMs;
  }

  /** A round is over in which there were at the most so many calls in flight, with so many answers so far; returns what `during` does. */
  round(most: number, overflowed: boolean, answered: number, now: number): boolean {
    const grows = this.during(most, overflowed, now);
    if (this.#highest === undefined) this.#begin(most, answered, now);
    else if (this.#risen) this.#since(Math.max(this.#highest, most), answered);
    else {
      this.#highestSince = Math.max(this.#highestSince, most);
      if (answered >= this.#risesBefore) this.#begin(this.#highestSince, answered, now);
    }
    return grows;
  }

  #begin(highest: number, answered: number, now: number): void {
    this.#rises = 0;
    this.#beganAt = now;
    this.#since(highest, answered);
  }

  #since(highest: number, answered: number): void {
    this.#highest = highest;
    this.#highestSince = 0;
    this.#risen = false;
    this.#risesBefore = answered + WITHIN_BACKLOGS * highest;
  }
}
