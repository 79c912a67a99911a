import type { Loaded, LoadHeap } from './load-heap.js';

/**
 * Takes from a heap of zones or hosts those first that have the fewest replicas of one group, and among these the least
 * loaded. What has more is set aside until all have as many, so that placing m replicas of a group that has s takes
 * O((m + s) log n), however large the fleet.
 */
export class FewestFirst<T extends Loaded> {
  readonly #heap: LoadHeap<T>;
  readonly #countOf: (item: T) => number;
  readonly #aside = new Map<number, T[]>();
  #level = 0;

  constructor(heap: LoadHeap<T>, countOf: (item: T) => number) {
    this.#heap = heap;
    this.#countOf = countOf;
  }

  /** Some were passed over since they have more of the group. */
  get passedOver(): boolean {
    return this.#aside.size > 0;
  }

  /** Out of the heap, until it is given back. */
  take(): T | undefined {
    for (;;) {
      const item = this.#heap.pop();
      if (item === undefined) {
        if (!this.#raiseLevel()) return undefined;
      } else if (this.#countOf(item) <= this.#level) {
        return item;
      } else {
        this.giveBack(item);
      }
    }
  }

  giveBack(item: T): void {
    const count = this.#countOf(item);
    if (count <= this.#level) {
      this.#heap.push(item);
      return;
    }
    const aside = this.#aside.get(count);
    if (aside === undefined) this.#aside.set(count, [item]);
    else aside.push(item);
  }

  /** All that is set aside goes back: the group is done. */
  end(): void {
    for (const items of this.#aside.values()) for (const item of items) this.#heap.push(item);
    this.#aside.clear();
  }

  #raiseLevel(): boolean {
    if (this.#aside.size === 0) return false;
    this.#level = Math.min(...this.#aside.keys());
    const items = this.#aside.get(this.#level) ?? [];
    this.#aside.delete(this.#level);
    for (const item of items) this.#heap.push(item);
    return true;
  }
}
