/** What is written at the end of a turn of the event loop. */
export interface Flushable {
  flush(): void;
}

/** Work of the rest of the turn that a write waits for at the most before the next input is handled, ms. */
const MAX_DELAY_MS = 0.5;

/**
 * Writes once a turn of the event loop, after its timers and its input: answers that come due one by one in a turn (handlers
 * that waited for timers or for other connections) leave in one write. A write costs about as much as the rest of a call.
 */
export class FlushTurns {
  readonly #schedule: (turn: () => void) => void;
  #waiting: Flushable[] = [];
  #scheduled = false;
  /** When input was first handled while something waited. */
  #waitsSince: number | undefined;

  constructor(schedule: (turn: () => void) => void) {
    this.#schedule = schedule;
  }

  /** Once until it is flushed. */
  request(flushable: Flushable): void {
    this.#waiting.push(flushable);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#turn);
  }

  /** Input is about to be handled, at `now`: a turn that is busy with it does not keep what waits. */
  beforeInput(now: number): void {
    if (this.#waiting.length === 0) return;
    this.#waitsSince ??= now;
    if (now - this.#waitsSince > MAX_DELAY_MS) this.#flush();
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#flush();
  };

  #flush(): void {
    this.#waitsSince = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.flush();
  }
}

export const processFlushes = new FlushTurns(setImmediate);
