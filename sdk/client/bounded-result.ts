import type { CallState } from '../call/call-context.js';
import { RemoteCallError } from '../errors/remote-call-error.js';

/** What an error should name. */
export interface CallName {
  readonly component: string;
  readonly method: string;
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/**
 * The result of a co-located call, given up at the deadline or when the signal aborts, as a remote one would be. The
 * method itself goes on until it notices.
 */
export function boundedResult(result: unknown, state: CallState, name: CallName): unknown {
  if (state.deadline === undefined && state.signal === undefined) return result;
  return isAsyncIterable(result)
    ? boundedItems(result, state, name)
    : bounded(Promise.resolve(result), state, name);
}

async function* boundedItems(
  items: AsyncIterable<unknown>,
  state: CallState,
  name: CallName,
): AsyncGenerator<unknown> {
  const iterator = items[Symbol.asyncIterator]();
  let over = false;
  try {
    for (;;) {
      const next = await bounded(iterator.next(), state, name);
      if (next.done === true) {
        over = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Not awaited: a generator that is suspended in an endless await would hold its caller for ever.
    if (!over) iterator.return?.()?.catch(() => {});
  }
}

function bounded<T>(result: Promise<T>, { deadline, signal }: CallState, name: CallName): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer =
      deadline === undefined
        ? undefined
        : setTimeout(() => {
            settle();
            reject(
              new RemoteCallError('DEADLINE_EXCEEDED', 'no answer before the deadline', {
                ...name,
                executed: 'unknown',
              }),
            );
          }, deadline - performance.now());
    const onAbort = () => {
      settle();
      reject(
        new RemoteCallError('CANCELLED', 'cancelled by the caller', {
          ...name,
          executed: 'unknown',
          cause: signal?.reason,
        }),
      );
    };
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    result.then(
      (value) => {
        settle();
        resolve(value);
      },
      (reason) => {
        settle();
        reject(reason);
      },
    );
  });
}
