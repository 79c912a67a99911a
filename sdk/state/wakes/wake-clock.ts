/** Time as reminders see it. */
export interface WakeClock {
  /** Unix ms. */
  now(): number;
  /** Calls once after `ms`, which `setTimeout` can hold, unless it is cancelled; does not keep the process alive. */
  after(ms: number, act: () => void): () => void;
}

export const systemWakeClock: WakeClock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
