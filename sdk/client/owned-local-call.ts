import {
  type CallState,
  currentCallState,
  eitherSignal,
  runInCall,
  sampleNewTrace,
} from '../call/call-context.js';
import { newTrace, type TraceContext } from '../call/trace-context.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { ComponentOwnership } from '../ownership/component-ownership.js';
import type { OwnedCall } from '../ownership/owned-call.js';
import type { RoutedMethod } from '../routing/call-hash.js';
import { isAsyncIterable } from './bounded-result.js';

/** A co-located call of a component whose keys have one owner each. */
export interface OwnedLocalCall {
  readonly target: RoutedMethod;
  readonly hash: number;
  readonly ownership: ComponentOwnership;
  /** Calls the instance in this process. */
  readonly here: () => unknown;
  /** Calls the key's owner, wherever it is, and waits for it. */
  readonly elsewhere: () => unknown;
  readonly retriable: boolean;
}

/** The outer call's, with a signal that also aborts when the key is taken from this process. */
class OwnedState implements CallState {
  readonly #outer: CallState | undefined;
  readonly trace: TraceContext;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #ended: RemoteCallError | undefined;

  constructor(outer: CallState | undefined) {
    this.#outer = outer;
    this.trace = outer?.trace ?? newTrace(sampleNewTrace());
  }

  get deadline(): number | undefined {
    return this.#outer?.deadline;
  }

  get metadata(): ReadonlyMap<string, string> | undefined {
    return this.#outer?.metadata;
  }

  get signal(): AbortSignal | undefined {
    if (this.#signal === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#controller.abort(this.#ended);
      this.#signal = eitherSignal(this.#outer?.signal, this.#controller.signal);
    }
    return this.#signal;
  }

  end(reason: RemoteCallError): void {
    this.#ended = reason;
    this.#controller?.abort(reason);
  }
}

/** Begins it here when this process owns the key now; undefined when it does not. */
function begin(
  { target, hash, ownership }: OwnedLocalCall,
  streaming: boolean,
  ended: (reason: RemoteCallError) => void,
): { readonly state: OwnedState; readonly owned: OwnedCall } | undefined {
  const state = new OwnedState(currentCallState());
  const { trace } = state;
  if (ownership.admits(hash, trace) !== 'owned') return undefined;
  const end = (why: string) => {
    const reason = lostKey(target, why);
    state.end(reason);
    ended(reason);
  };
  return { state, owned: ownership.begin({ hash, trace, streaming, end }) };
}

function lostKey({ component, method }: RoutedMethod, why: string): RemoteCallError {
  return new RemoteCallError('STALE_OWNER', why, { component, method, executed: 'unknown' });
}

const MEANWHILE = 'this replica stopped owning the key while the method ran';

/** What the key's owner answers. */
export function localResultOfOwner(call: OwnedLocalCall): unknown {
  let lost: (reason: RemoteCallError) => void = () => undefined;
  const begun = begin(call, false, (reason) => lost(reason));
  if (begun === undefined) return call.elsewhere();
  const { state, owned } = begun;
  const result = new Promise((resolve, reject) => {
    lost = reject;
    const settle = (then: () => void) => (owned.leave() ? then() : reject(lostKey(call.target, MEANWHILE)));
    Promise.resolve(calledIn(state, call.here)).then(
      (value) => settle(() => resolve(value)),
      (reason) => settle(() => reject(reason)),
    );
  });
  if (!call.retriable) return result;
  return result.catch((reason: unknown) => {
    if (reason instanceof RemoteCallError && reason.code === 'STALE_OWNER' && !owned.holds)
      return call.elsewhere();
    throw reason;
  });
}

/** As a promise, also when it throws at once: the call has begun, and must be left. */
async function calledIn(state: CallState, here: () => unknown): Promise<unknown> {
  return runInCall(state, here);
}

/** The items that the key's owner gives, from the first `next()` on. */
export async function* localItemsOfOwner(call: OwnedLocalCall): AsyncGenerator<unknown> {
  let iterator: AsyncIterator<unknown> | undefined;
  let lost: (reason: RemoteCallError) => void = () => undefined;
  let left = false;
  /** Not awaited by the reader: a generator that is suspended in an endless await would hold it for ever. */
  const leave = () => {
    if (left) return;
    left = true;
    const over = () => void begun?.owned.leave();
    Promise.resolve(iterator?.return?.()).then(over, over);
  };
  const begun = begin(call, true, (reason) => {
    lost(reason);
    leave();
  });
  if (begun === undefined) {
    const items = call.elsewhere();
    if (isAsyncIterable(items)) yield* items;
    return;
  }
  const { state, owned } = begun;
  try {
    const items = await calledIn(state, call.here);
    if (!isAsyncIterable(items)) throw new TypeError('the method does not return an AsyncIterable');
    const source = items[Symbol.asyncIterator]();
    iterator = source;
    for (;;) {
      const pulled = new Promise<IteratorResult<unknown>>((resolve, reject) => {
        lost = reject;
        runInCall(state, () => source.next()).then(resolve, reject);
      });
      const next = await pulled;
      if (next.done === true) return;
      if (!owned.holds) throw lostKey(call.target, MEANWHILE);
      yield next.value;
      if (!owned.holds) throw lostKey(call.target, MEANWHILE);
    }
  } finally {
    leave();
  }
}
