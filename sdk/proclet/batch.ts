/**
 * Collects entries and hands them on in batches, so that logs and spans cost no message each. Bounded: over `capacity` the
 * oldest are dropped and counted. What cannot be sent (no daemon) is kept for the next try.
 */
export class Batch<T> {
  #entries: T[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: {
      readonly capacity: number;
      readonly perMessage: number;
      readonly delayMs: number;
      /** False when it could not be sent. */
      readonly send: (entries: readonly T[], dropped: number) => boolean;
    },
  ) {}

  add(entry: T): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.options.capacity) {
      this.#dropped += this.#entries.length - this.options.capacity;
      this.#entries = this.#entries.slice(-this.options.capacity);
    }
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.flush(), this.options.delayMs);
      this.#timer.unref();
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { perMessage, send } = this.options;
    while (this.#entries.length > 0) {
      if (!send(this.#entries.slice(0, perMessage), this.#dropped)) return;
      this.#entries = this.#entries.slice(perMessage);
      this.#dropped = 0;
    }
  }
}
