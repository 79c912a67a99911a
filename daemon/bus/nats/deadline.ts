import { BusError } from '../bus.js';

/** The time that one call has, over all that it does on the way. */
export class Deadline {
  readonly #ms: number;
  readonly #at: number;

  constructor(ms: number) {
    this.#ms = ms;
    this.#at = performance.now() + ms;
  }

  /** At least 1. */
  get remainingMs(): number {
    return Math.max(1, Math.ceil(this.#at - performance.now()));
  }

  get isOver(): boolean {
    return performance.now() >= this.#at;
  }

  /** Rejects with TIMEOUT when time is up first; what was begun goes on unheard, so it must do no harm then. */
  async race<T>(what: string, begun: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new BusError('TIMEOUT', `${what}: NATS did not answer within ${this.#ms} ms`)),
        this.remainingMs,
      );
    });
    try {
      return await Promise.race([begun, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }
}
