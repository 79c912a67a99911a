/** A key, and when to look at it. */
export interface Wake {
  readonly key: string;
  /** Unix ms. */
  readonly at: number;
}

/** Keys by time, each once: a binary heap that knows where each key lies (Williams, "Algorithm 232: Heapsort", 1964). */
export class WakeQueue {
  readonly #heap: Wake[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest; of those at one time any. */
  peek(): Wake | undefined {
    return this.#heap[0];
  }

  timeOf(key: string): number | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#heap[place]?.at;
  }

  /** Replaces the key's time. */
  set(key: string, at: number): void {
    const place = this.#places.get(key) ?? this.#heap.length;
    this.#put(place, { key, at });
    this.#settle(place);
  }

  delete(key: string): boolean {
    const place = this.#places.get(key);
    if (place === undefined) return false;
    this.#places.delete(key);
    const last = this.#heap.pop();
    if (last !== undefined && last.key !== key) {
      this.#put(place, last);
      this.#settle(place);
    }
    return true;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#places.clear();
  }

  #settle(place: number): void {
    this.#sink(this.#rise(place));
  }

  #rise(from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.#isBefore(place, above)) break;
      this.#swap(place, above);
      place = above;
    }
    return place;
  }

  #sink(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const earlier = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(earlier, place)) return;
      this.#swap(place, earlier);
      place = earlier;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    return first !== undefined && second !== undefined && first.at < second.at;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#put(a, second);
    this.#put(b, first);
  }

  #put(place: number, wake: Wake): void {
    this.#heap[place] = wake;
    this.#places.set(wake.key, place);
  }
}
