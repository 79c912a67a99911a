/**
 * Bounds retries to a share of the calls, so that they cannot multiply an overload (Finagle's RetryBudget): each call
 * earns `earnedPerCall`, each retry costs 1, and at most `capacity` is saved up. It begins full.
 */
export class RetryBudget {
  #saved: number;

  constructor(
    readonly capacity: number = 128,
    readonly earnedPerCall: number = 0.2,
  ) {
    this.#saved = capacity;
  }

  onCall(): void {
    if (this.#saved < this.capacity) this.#saved = Math.min(this.capacity, this.#saved + this.earnedPerCall);
  }

  /** Takes one retry from the budget; false when it is used up. */
  tryRetry(): boolean {
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
