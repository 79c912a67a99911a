import { AsyncLocalStorage } from 'node:async_hooks';
import { formatTraceparent, newTrace, parseTraceparent, type TraceContext } from './trace-context.js';
import { TraceSampler } from './trace-sampler.js';

/** What goes with the call being served, and with every call it makes in turn. */
export interface CallState {
  /** On the clock of `performance.now()`, ms. */
  readonly deadline: number | undefined;
  readonly trace: TraceContext | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  /** A getter: most calls never ask, and an AbortController is not free. */
  readonly signal: AbortSignal | undefined;
}

/** The call being served, as the app sees it. */
export interface CurrentCall {
  /** Milliseconds until the deadline, not below 0; undefined without a deadline. */
  readonly timeLeft: number | undefined;
  /** Aborts when the caller cancels or leaves, and at the deadline. */
  readonly signal: AbortSignal | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** W3C `traceparent` header for calls that leave the app. */
  readonly traceparent: string | undefined;
}

export interface WithCallOptions {
  /** A W3C `traceparent` header, as it came; an invalid one starts a new trace. */
  readonly traceparent?: string | undefined;
  /** Milliseconds; never extends an enclosing deadline. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Added to the enclosing call's. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

const storage = new AsyncLocalStorage<CallState>();
const NO_METADATA: ReadonlyMap<string, string> = new Map();

/**
 * Whether the state follows a call across its awaits. In Node 20 AsyncLocalStorage costs every promise of the process some
 * hundred nanoseconds from its first use on, so it is not used where nobody reads the state.
 */
let follows = true;
/** While it does not follow: the state of the call whose method has not come to its first await. */
let entered: CallState | undefined;

/**
 * No code in this process reads the state: the build has shown it. Should it be read nevertheless (by a function that was
 * handed to a component from elsewhere), it follows all calls that begin after that.
 */
export function callStateIsUnread(): void {
  follows = false;
}

export function currentCallState(): CallState | undefined {
  if (follows) return storage.getStore();
  follows = true;
  return entered;
}

export function runInCall<R>(state: CallState, body: () => R): R {
  return follows ? storage.run(state, body) : runEntered(state, body);
}

function runEntered<R>(state: CallState, body: () => R): R {
  const outer = entered;
  entered = state;
  try {
    return body();
  } finally {
    entered = outer;
  }
}

/** The same for a method and its arguments: no closure a call. */
export function runMethodInCall(
  state: CallState,
  method: (...args: readonly unknown[]) => unknown,
  instance: object,
  args: unknown[],
): unknown {
  if (follows) return storage.run(state, applyMethod, method, instance, args);
  const outer = entered;
  entered = state;
  try {
    return method.apply(instance, args);
  } finally {
    entered = outer;
  }
}

/** Runs `body` such that what it begins is part of no call: no deadline and no trace go with it. */
export function outsideOfCalls<R>(body: () => R): R {
  if (follows) return storage.exit(body);
  const outer = entered;
  entered = undefined;
  try {
    return body();
  } finally {
    entered = outer;
  }
}

function applyMethod(
  method: (...args: readonly unknown[]) => unknown,
  instance: object,
  args: unknown[],
): unknown {
  return method.apply(instance, args);
}

/** The call being served; undefined outside of any. */
export function currentCall(): CurrentCall | undefined {
  const state = currentCallState();
  if (state === undefined) return undefined;
  return {
    timeLeft: state.deadline === undefined ? undefined : Math.max(0, state.deadline - performance.now()),
    get signal() {
      return state.signal;
    },
    metadata: state.metadata ?? NO_METADATA,
    traceparent: state.trace === undefined ? undefined : formatTraceparent(state.trace),
  };
}

/**
 * Runs `body` so that the calls it makes carry the given deadline, signal, metadata and trace: for the edge of the app,
 * where a request comes in over HTTP or from a queue.
 */
export function withCall<R>(options: WithCallOptions, body: () => R): R {
  const outer = currentCallState();
  const given = options.traceparent === undefined ? undefined : parseTraceparent(options.traceparent);
  return storage.run(
    narrowed(outer, {
      timeout: options.timeout,
      signal: options.signal,
      metadata: options.metadata,
      trace: given ?? outer?.trace ?? newTrace(sampleNewTrace()),
    }),
    body,
  );
}

/** The outer state with what is given on top: the earlier deadline, both signals, metadata of both. */
export function narrowed(
  outer: CallState | undefined,
  given: {
    readonly timeout: number | undefined;
    readonly signal: AbortSignal | undefined;
    readonly metadata: Readonly<Record<string, string>> | undefined;
    readonly trace: TraceContext | undefined;
  },
): CallState {
  const deadline = given.timeout === undefined ? undefined : performance.now() + given.timeout;
  return {
    deadline: earlier(outer?.deadline, deadline),
    trace: given.trace,
    metadata:
      given.metadata === undefined
        ? outer?.metadata
        : new Map([...(outer?.metadata ?? []), ...Object.entries(given.metadata)]),
    signal: eitherSignal(outer?.signal, given.signal),
  };
}

export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined || a < b ? a : b;
}

export function eitherSignal(
  a: AbortSignal | undefined,
  b: AbortSignal | undefined,
): AbortSignal | undefined {
  if (a === undefined) return b;
  return b === undefined || a === b ? a : AbortSignal.any([a, b]);
}

const sampler = new TraceSampler(Math.random, () => performance.now());

/** Whether a trace that begins here is recorded. */
export function sampleNewTrace(): boolean {
  return sampler.sample();
}
