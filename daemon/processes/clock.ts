/** Time as the daemon's parts take it, so that tests may hold it. */
export interface Clock {
  /** Unix time, ms. */
  now(): number;
  /** Ms since some fixed moment; never jumps. For deadlines. */
  monotonic(): number;
  /** Returns the function that cancels. The timer alone does not keep the process running. */
  after(delayMs: number, run: () => void): () => void;
}

/** CLOCK_MONOTONIC, ms: the same for all processes of this machine. */
export function machineMonotonic(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    if (delayMs <= 0) return atOnce(run); // setTimeout would take more than 1 ms
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

function atOnce(run: () => void): () => void {
  const immediate = setImmediate(run);
  immediate.unref();
  return () => clearImmediate(immediate);
}
