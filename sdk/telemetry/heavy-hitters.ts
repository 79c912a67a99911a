/**
 * The keys that come most, by their hashes: the Space-Saving sketch (Metwally, Agrawal, El Abbadi 2005) of a fixed number
 * of counters. A key that is not counted takes the place, and the count, of the one that has least; how much of its count
 * may not be its own is kept beside it.
 */
export class HeavyHitters {
  readonly #hashes: Uint32Array;
  readonly #counts: Float64Array;
  readonly #errors: Float64Array;
  readonly #places = new Map<number, number>();

  constructor(capacity: number) {
    this.#hashes = new Uint32Array(capacity);
    this.#counts = new Float64Array(capacity);
    this.#errors = new Float64Array(capacity);
  }

  add(hash: number, weight: number): void {
    const place = this.#places.get(hash) ?? this.#take(hash);
    this.#counts[place] = (this.#counts[place] ?? 0) + weight;
  }

  scale(factor: number): void {
    for (let place = 0; place < this.#counts.length; place++) {
      this.#counts[place] = (this.#counts[place] ?? 0) * factor;
      this.#errors[place] = (this.#errors[place] ?? 0) * factor;
    }
  }

  /** Those that certainly have that much, the heaviest first, each with what it certainly has. */
  above(weight: number): readonly { readonly hash: number; readonly weight: number }[] {
    return [...this.#places]
      .map(([hash, place]) => ({
        hash,
        weight: (this.#counts[place] ?? 0) - (this.#errors[place] ?? 0),
      }))
      .filter((each) => each.weight > weight)
      .sort((a, b) => b.weight - a.weight || a.hash - b.hash);
  }

  /** The place for a key that has none. */
  #take(hash: number): number {
    let place = this.#places.size;
    if (place >= this.#counts.length) {
      place = 0;
      for (let other = 1; other < this.#counts.length; other++)
        if ((this.#counts[other] ?? 0) < (this.#counts[place] ?? 0)) place = other;
      this.#places.delete(this.#hashes[place] ?? 0);
      this.#errors[place] = this.#counts[place] ?? 0;
    }
    this.#hashes[place] = hash;
    this.#places.set(hash, place);
    return place;
  }
}
