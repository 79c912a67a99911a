import type { ProbeAnswer } from './probe-train.js';

const MAX_MICROS = 2 ** 32 - 1;

/** Milliseconds in which this process's event loop had nothing to do, since it was started. */
export function eventLoopIdleMs(): number {
  return performance.eventLoopUtilization().idle;
}

/** The receiver's side of probes: when they come, and whether it waited for them. */
export class ProbeResponder {
  readonly #idleMs: () => number;
  #atMs = 0;
  #idleAtMs = 0;

  constructor(idleMs: () => number = eventLoopIdleMs) {
    this.#idleMs = idleMs;
  }

  /** Of a probe that arrived at `arrivedMs`. */
  answer(number: number, arrivedMs: number): ProbeAnswer {
    const idleMs = this.#idleMs();
    const answer = {
      number,
      elapsedMicros: micros(arrivedMs - this.#atMs),
      idleMicros: micros(idleMs - this.#idleAtMs),
    };
    this.#atMs = arrivedMs;
    this.#idleAtMs = idleMs;
    return answer;
  }
}

function micros(ms: number): number {
  return Math.min(Math.max(Math.round(ms * 1000), 0), MAX_MICROS);
}
