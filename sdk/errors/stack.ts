/**
 * Adds where the call was made to an error that came from another process. Called in an async function that awaited the
 * call, so that V8's async stack trace holds the caller's frames; costs nothing while calls succeed.
 */
export function withCallerStack<E>(error: E): E {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return error;
  const here: { stack?: string } = {};
  Error.captureStackTrace(here, withCallerStack);
  const frames = (here.stack ?? '')
    .split('\n')
    .slice(1)
    .filter((frame) => !isRuntimeFrame(frame));
  if (frames.length === 0) return error;
  Object.defineProperty(error, 'stack', {
    value: `${error.stack}\n    --- called from ---\n${frames.join('\n')}`,
    writable: true,
    configurable: true,
  });
  return error;
}

/** Frames of the runtime's own call path tell an app's author nothing. */
function isRuntimeFrame(frame: string): boolean {
  return /Remote(Call|Stream)\.|\/sdk\/client\//.test(frame) || frame.includes('node:internal');
}
