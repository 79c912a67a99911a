/** What the transport asks of the event loop it runs on. */
export interface EventLoop {
  /** Time spent waiting for something to do, so far, ms. It does not grow while there is always something. */
  idleMs(): number;
  /** Runs the task once when the reads of this turn are done; does not keep the loop from waiting. */
  afterReads(task: () => void): void;
}

export const systemLoop: EventLoop = {
  idleMs: () => performance.nodeTiming.idleTime,
  afterReads: (task) => {
    setImmediate(task).unref();
  },
};
