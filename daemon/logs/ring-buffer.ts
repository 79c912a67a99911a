/** The newest items, bounded in number and in weight; the oldest make way. */
export class RingBuffer<T> {
  readonly #maxItems: number;
  readonly #maxWeight: number;
  #items: { readonly item: T; readonly weight: number }[] = [];
  /** Those before it have been dropped. */
  #start = 0;
  #weight = 0;

  constructor(maxItems: number, maxWeight = Number.POSITIVE_INFINITY) {
    this.#maxItems = maxItems;
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#items.length - this.#start;
  }

  /** The newest item is kept whatever it weighs. */
  push(item: T, weight = 0): void {
    this.#items.push({ item, weight });
    this.#weight += weight;
    while (this.size > this.#maxItems || (this.#weight > this.#maxWeight && this.size > 1)) {
      this.#weight -= this.#items[this.#start]?.weight ?? 0;
      this.#start++;
    }
    if (this.#start > 64 && this.#start > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Oldest first. */
  *oldestFirst(): Generator<T> {
    for (let index = this.#start; index < this.#items.length; index++) {
      const entry = this.#items[index];
      if (entry !== undefined) yield entry.item;
    }
  }

  *newestFirst(): Generator<T> {
    for (let index = this.#items.length - 1; index >= this.#start; index--) {
      const entry = this.#items[index];
      if (entry !== undefined) yield entry.item;
    }
  }
}
