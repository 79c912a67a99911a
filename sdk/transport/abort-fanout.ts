export interface AbortListener {
  /** Must not throw. */
  onAbort(signal: AbortSignal): void;
}

const listenersOf = new WeakMap<AbortSignal, Set<AbortListener>>();

/**
 * One listener on the signal for all calls that share it: a request's signal is passed to every call it makes, and
 * adding and removing an event listener for each would cost more than the call, and warn of a leak at the eleventh.
 */
export function listenForAbort(signal: AbortSignal, listener: AbortListener): void {
  const known = listenersOf.get(signal);
  if (known !== undefined) {
    known.add(listener);
    return;
  }
  const listeners = new Set([listener]);
  listenersOf.set(signal, listeners);
  const notify = (): void => {
    for (const each of [...listeners]) each.onAbort(signal);
    listeners.clear();
  };
  signal.addEventListener('abort', notify, { once: true });
}

export function stopListening(signal: AbortSignal, listener: AbortListener): void {
  listenersOf.get(signal)?.delete(listener);
}
