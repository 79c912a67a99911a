import type { ProcletPhase } from '../../sdk/protocol/control.js';
import type { ReplicaState } from '../api/api-types.js';
import { type BackoffPolicy, crashesInARow, isCrashLoop, restartDelayMs } from './restart-backoff.js';

/**
 * What an envelope does next: a pure state machine. Times are on the monotonic clock, ms. The caller runs the effects in
 * order, arms one timer for {@link deadlineOf}, and reports what happened as the next event.
 */
export interface EnvelopeState {
  /** False: once the process has gone, so is the envelope. */
  readonly wanted: boolean;
  readonly generation: number;
  readonly restarts: number;
  readonly crashes: number;
  readonly launchFailures: number;
  /** A registered control connection is open. */
  readonly connected: boolean;
  readonly lastFailure: string | undefined;
  readonly phase: EnvelopePhase;
}

export type EnvelopePhase =
  | { readonly kind: 'waiting'; readonly until: number }
  /** Records are written and the process is being started. */
  | { readonly kind: 'launching' }
  /** `aliveUntil`: undefined until it registered. */
  | { readonly kind: 'starting'; readonly startBy: number; readonly aliveUntil: number | undefined }
  /** Runs since before this daemon did; not registered yet. */
  | { readonly kind: 'adopting'; readonly until: number }
  | { readonly kind: 'serving'; readonly since: number; readonly aliveUntil: number }
  /** `failure`: why it is being ended, if that counts as a crash. `servedMs`: for the back-off after it. */
  | {
      readonly kind: 'draining';
      readonly step: 'asked' | 'terminated' | 'killed';
      readonly until: number;
      readonly failure: string | undefined;
      readonly servedMs: number;
    }
  /** Main returned and there is nothing to serve: not started again. */
  | { readonly kind: 'completed'; readonly running: boolean }
  /** For good: a replica wanted again has a new envelope. */
  | { readonly kind: 'gone' };

export type EnvelopeEvent = { readonly at: number } & (
  | { readonly kind: 'wanted' }
  /** The spec has changed: start anew with it. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'launched'; readonly generation: number }
  | { readonly kind: 'launch-failed'; readonly reason: string; readonly jitter: number }
  | { readonly kind: 'registered'; readonly phase: ProcletPhase }
  | { readonly kind: 'health'; readonly phase: ProcletPhase }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'exited'; readonly reason: string; readonly jitter: number }
  /** The deadline has passed; `lateMs` ago, if this daemon stalled. */
  | { readonly kind: 'deadline'; readonly lateMs: number }
);

export type EnvelopeEffect =
  | { readonly kind: 'launch' }
  | { readonly kind: 'shutdown'; readonly graceMs: number }
  | { readonly kind: 'signal'; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'record-completed' }
  | { readonly kind: 'record-ended' }
  | { readonly kind: 'event'; readonly name: string; readonly message: string };

export interface EnvelopePolicy {
  readonly backoff: BackoffPolicy;
  readonly startTimeoutMs: number;
  readonly adoptTimeoutMs: number;
  /** A registered process without any Health for so long is hung. */
  readonly signOfLifeMs: number;
  /** From SIGTERM to SIGKILL, and beyond the grace to SIGTERM. */
  readonly terminateMs: number;
  /** A timer later than this says that the daemon itself stood still. */
  readonly stallMs: number;
}

export const DEFAULT_POLICY: Omit<EnvelopePolicy, 'backoff'> = {
  startTimeoutMs: 60_000,
  adoptTimeoutMs: 15_000,
  signOfLifeMs: 10_000,
  terminateMs: 1000,
  stallMs: 1000,
};

export interface Transition {
  readonly state: EnvelopeState;
  readonly effects: readonly EnvelopeEffect[];
}

export function deadlineOf(state: EnvelopeState): number | undefined {
  const { phase } = state;
  switch (phase.kind) {
    case 'waiting':
    case 'adopting':
    case 'draining':
      return phase.until;
    case 'starting':
      return Math.min(phase.startBy, phase.aliveUntil ?? phase.startBy);
    case 'serving':
      return phase.aliveUntil;
    case 'launching':
    case 'completed':
    case 'gone':
      return undefined;
  }
}

/** What the status shows. */
export function shownState(state: EnvelopeState, policy: EnvelopePolicy): ReplicaState {
  switch (state.phase.kind) {
    case 'waiting':
      return isCrashLoop(state.crashes, policy.backoff) ? 'crash-loop' : 'waiting';
    case 'launching':
      return 'starting';
    case 'gone':
      return 'stopped';
    default:
      return state.phase.kind;
  }
}

export type EnvelopeBeginning =
  | { readonly kind: 'new' }
  | { readonly kind: 'running'; readonly generation: number; readonly restarts: number }
  | { readonly kind: 'died'; readonly generation: number; readonly restarts: number; readonly reason: string }
  | {
      readonly kind: 'completed';
      readonly generation: number;
      readonly restarts: number;
      readonly running: boolean;
    };

/** Events follow: a new or died one waits for its deadline, which is now. */
export function beginEnvelope(from: EnvelopeBeginning, at: number, policy: EnvelopePolicy): EnvelopeState {
  const blank: EnvelopeState = {
    wanted: true,
    generation: from.kind === 'new' ? 0 : from.generation,
    restarts: from.kind === 'new' ? 0 : from.restarts,
    crashes: 0,
    launchFailures: 0,
    connected: false,
    lastFailure: undefined,
    phase: { kind: 'waiting', until: at },
  };
  switch (from.kind) {
    case 'new':
      return blank;
    case 'running':
      return { ...blank, phase: { kind: 'adopting', until: at + policy.adoptTimeoutMs } };
    case 'died':
      return { ...blank, restarts: from.restarts + 1, lastFailure: from.reason };
    case 'completed':
      return { ...blank, phase: { kind: 'completed', running: from.running } };
  }
}

/** After an exit that was not asked for. */
export function crashed(
  state: EnvelopeState,
  servedMs: number,
  event: { readonly at: number; readonly reason: string; readonly jitter: number },
  policy: EnvelopePolicy,
): Transition {
  const crashes = crashesInARow(state.crashes, servedMs, policy.backoff);
  const next: EnvelopeState = {
    ...state,
    connected: false,
    crashes,
    restarts: state.restarts + 1,
    lastFailure: event.reason,
    phase: { kind: 'waiting', until: event.at + restartDelayMs(crashes, event.jitter, policy.backoff) },
  };
  const loops = crashes === policy.backoff.crashLoopAfter;
  const effects: EnvelopeEffect[] = [{ kind: 'event', name: 'replica-exited', message: event.reason }];
  if (loops) {
    effects.push({
      kind: 'event',
      name: 'replica-crash-loop',
      message: `${crashes} crashes in a row, the last: ${event.reason}. It is still tried, at most every ${policy.backoff.capMs} ms`,
    });
  }
  return { state: next, effects };
}
