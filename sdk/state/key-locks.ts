import { StateError } from './state-error.js';

const MAX_WAITING = 10_000;
const MAX_WAIT_MS = 10_000;

/** Lets one act at a time for each key, in the order in which they came. */
export class KeyLocks {
  readonly #queues = new Map<string, { done: Promise<void>; length: number }>();
  readonly #maxWaitMs: number;

  /** @param maxWaitMs how long one waits for those before it; 10,000 by default */
  constructor(maxWaitMs: number = MAX_WAIT_MS) {
    this.#maxWaitMs = maxWaitMs;
  }

  isHeld(key: string): boolean {
    return this.#queues.has(key);
  }

  /** Rejects with BUSY, without having acted, when those before do not end in time; with OVERLOADED when they are too many. */
  run<R>(key: string, act: () => Promise<R>): Promise<R> {
    const queue = this.#queues.get(key) ?? { done: Promise.resolve(), length: 0 };
    if (queue.length > MAX_WAITING)
      return Promise.reject(
        new StateError('OVERLOADED', `${MAX_WAITING} writes of the key ${JSON.stringify(key)} are waiting`),
      );
    const before = queue.done;
    const acted = queue.length === 0 ? act() : this.#turn(key, before).then(act);
    queue.length++;
    // The next may begin when this one has ended, and not before the earlier ones have, even if this one gave up waiting.
    queue.done = Promise.allSettled([acted, before]).then(() => {
      if (--queue.length === 0) this.#queues.delete(key);
    });
    this.#queues.set(key, queue);
    return acted;
  }

  async #turn(key: string, before: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new StateError(
              'BUSY',
              `an update of the key ${JSON.stringify(key)} has run for ${this.#maxWaitMs} ms; let its function be short, and not write the same key itself`,
            ),
          ),
        this.#maxWaitMs,
      );
    });
    try {
      await Promise.race([before, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}
