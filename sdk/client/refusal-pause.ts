/** ms */
const PAUSE_MS = 10;

let pause: Promise<void> | undefined;

/**
 * Resolves in the next {@link PAUSE_MS}, for all who wait at once. A refusal may be known at once: a caller that calls again as soon as it
 * hears of it would spin, and keep the event loop from the answers that it waits for.
 */
export function refusalPause(): Promise<void> {
  pause ??= new Promise((resolve) => {
    setTimeout(() => {
      pause = undefined;
      resolve();
    }, PAUSE_MS);
  });
  return pause;
}
