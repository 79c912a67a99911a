/** Time as the transport sees it: monotonic, in milliseconds. */
export interface Clock {
  now(): number;
  /** Runs the task once, no earlier than `delayMs` from now; does not keep the process alive. Returns how to cancel it. */
  schedule(delayMs: number, task: () => void): () => void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
