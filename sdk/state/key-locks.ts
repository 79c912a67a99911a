import { StateError } from './state-error.js';

const MAX_WAITING = 10_000;
const MAX_WAIT_MS = 10_000;

/** Those that act on a key, or wait to. */
interface Queue {
  done: Promise<void>;
  length: number;
}

const FREE = Promise.resolve();

/** Lets one act at a time for each key, in the order in which they came. */
export class KeyLocks {
  readonly #queues = new Map<string, Queue>();
  readonly #maxWaitMs: number;

  /** @param maxWaitMs how long one waits for those before it; 10,000 by default */
  constructor(maxWaitMs: number = MAX_WAIT_MS) {
    this.#maxWaitMs = maxWaitMs;
  }

  isHeld(key: string): boolean {
    return this.#queues.has(key);
  }

  /**
   * Acts at once when the key is free, and a quick act has ended when this returns. Rejects with BUSY, without having acted, when
   * those before do not end in time; with OVERLOADED when they are too many.
   */
  run<R>(key: string, act: () => R | Promise<R>): R | Promise<R> {
    const queue = this.#queues.get(key);
    if (queue === undefined) return this.#actNow(key, act);
    if (queue.length > MAX_WAITING)
      return Promise.reject(
        new StateError('OVERLOADED', `${MAX_WAITING} writes of the key ${JSON.stringify(key)} are waiting`),
      );
    queue.length++;
    return this.#endWith(key, queue, this.#turn(key, queue.done).then(act));
  }

  #actNow<R>(key: string, act: () => R | Promise<R>): R | Promise<R> {
    const queue = { done: FREE, length: 1 };
    this.#queues.set(key, queue);
    let acted: R | Promise<R>;
    try {
      acted = act();
    } catch (reason) {
      this.#end(key, queue);
      throw reason;
    }
    if (acted instanceof Promise) return this.#endWith(key, queue, acted);
    this.#end(key, queue);
    return acted;
  }

  /** The next may begin when this one has ended, and not before the earlier ones have, even if this one gave up waiting. */
  #endWith<R>(key: string, queue: Queue, acted: Promise<R>): Promise<R> {
    queue.done = Promise.allSettled([acted, queue.done]).then(() => this.#end(key, queue));
    return acted;
  }

  #end(key: string, queue: Queue): void {
    if (--queue.length === 0) this.#queues.delete(key);
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
