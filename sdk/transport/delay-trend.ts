/** A rise: a delay that is so many times the highest before it. */
const RISE = 1.25;
/** It comes within so many turns of the rise before, or what there is does not grow. */
const WITHIN_TURNS = 4;
/** So many rises in a row are growth that does not end by itself. */
const RISES = 3;
/** If they took so long, ms: a burst that is read in several parts does not. */
const GROWS_FOR_MS = 500;

/**
 * Tells a queue that grows without end from a long one. When the event loop never rests, what it reads in a turn is what came
 * during the turn before: calls wait as long as turns are. With callers that wait for answers before they call again (closed loops), a turn is
 * at the most as long as all their calls take together; with calls that come regardless (an open loop) at r times the rate
 * that can be handled, each turn is r times as long as the one before, so that delays grow by (r - 1) / r seconds a second: from r = 1.06
 * on they rise by a quarter in four turns. Pure: it is told how long turns were.
 */
export class DelayTrend {
  /** Undefined until a first turn is over. */
  #highest: number | undefined;
  /** Of the turns since the last rise. */
  #highestSince = 0;
  #turnsSince = 0;
  #rises = 0;
  #risen = false;
  #beganAt = 0;

  /** What comes is not to be compared with what was: the loop rested, or a connection was opened. */
  reset(): void {
    this.#highest = undefined;
  }

  /**
   * A turn has lasted for `elapsedMs` so far. `full`: it handles about as many calls of one connection as its caller may have in
   * flight, so it cannot get longer. Returns whether the queue grows without end.
   */
  during(elapsedMs: number, full: boolean, now: number): boolean {
    if (this.#highest === undefined) return false;
    if (!this.#risen && (full || elapsedMs >= RISE * this.#highest)) {
      this.#risen = true;
      this.#rises++;
    }
    return this.#risen && this.#rises >= RISES && now - this.#beganAt >= GROWS_FOR_MS;
  }

  /** A turn is over; returns what `during` does. */
  turn(lastedMs: number, now: number): boolean {
    const grows = this.during(lastedMs, false, now);
    if (this.#highest === undefined) this.#begin(lastedMs, now);
    else if (this.#risen) {
      this.#highest = Math.max(this.#highest, lastedMs);
      this.#since();
    } else {
      this.#highestSince = Math.max(this.#highestSince, lastedMs);
      if (++this.#turnsSince >= WITHIN_TURNS) this.#begin(this.#highestSince, now);
    }
    return grows;
  }

  #begin(highest: number, now: number): void {
    this.#highest = highest;
    this.#rises = 0;
    this.#beganAt = now;
    this.#since();
  }

  #since(): void {
    this.#risen = false;
    this.#highestSince = 0;
    this.#turnsSince = 0;
  }
}
