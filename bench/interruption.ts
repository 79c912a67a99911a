/** Something with processes of its own. */
export interface Running {
  stop(): Promise<void>;
}

const running = new Set<Running>();

/**
 * Proclets outlive a daemon that is interrupted: what runs must not outlive the bench. An interrupt stops all that was named
 * here and ends the bench with 130. Returns how to undo it, for what was stopped.
 */
export function stopWhenInterrupted(one: Running): () => void {
  if (running.size === 0) process.on('SIGINT', stopAll).on('SIGTERM', stopAll);
  running.add(one);
  return () => {
    running.delete(one);
    if (running.size === 0) process.off('SIGINT', stopAll).off('SIGTERM', stopAll);
  };
}

function stopAll(): void {
  void Promise.allSettled([...running].map((one) => one.stop())).then(() => process.exit(130));
}
