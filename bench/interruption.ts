/** Something with processes of its own. */
export interface Running {
  stop(): Promise<void>;
}

/** Proclets outlive a daemon that is interrupted: what runs must not outlive the bench. Returns how to undo it. */
export function onceInterrupted(running: readonly Running[]): () => void {
  const onSignal = () => {
    Promise.allSettled(running.map((each) => each.stop())).finally(() => process.exit(130));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}
