import type { ProcletPhase } from '../../sdk/protocol/control.js';
import {
  crashed,
  type EnvelopeEffect,
  type EnvelopeEvent,
  type EnvelopePhase,
  type EnvelopePolicy,
  type EnvelopeState,
  type Transition,
} from './envelope-state.js';
import { restartDelayMs } from './restart-backoff.js';

/** The next state. An event that means nothing in this state changes nothing. */
export function transition(
  state: EnvelopeState,
  event: EnvelopeEvent,
  graceMs: number,
  policy: EnvelopePolicy,
): Transition {
  switch (event.kind) {
    case 'wanted':
      return stay({ ...state, wanted: state.phase.kind !== 'gone' });
    case 'replaced':
      return replace({ ...state, wanted: state.phase.kind !== 'gone' }, event.at, graceMs, policy);
    case 'unwanted':
      return stop({ ...state, wanted: false }, event.at, graceMs, policy);
    case 'launched':
      return launched({ ...state, generation: event.generation, launchFailures: 0 }, event.at, policy);
    case 'launch-failed':
      return launchFailed(state, event, policy);
    case 'registered':
      return registered({ ...state, connected: true }, event, graceMs, policy);
    case 'health':
      return alive(state, event.phase, event.at, graceMs, policy);
    case 'disconnected':
      return stay({ ...state, connected: false });
    case 'exited':
      return exited(state, event, policy);
    case 'deadline':
      return overdue(state, event, policy);
  }
}

function stay(state: EnvelopeState, ...effects: EnvelopeEffect[]): Transition {
  return { state, effects };
}

function to(state: EnvelopeState, phase: EnvelopePhase, ...effects: EnvelopeEffect[]): Transition {
  return { state: { ...state, phase }, effects };
}

function note(name: string, message: string): EnvelopeEffect {
  return { kind: 'event', name, message };
}

function launch(state: EnvelopeState): Transition {
  return to({ ...state, connected: false }, { kind: 'launching' }, { kind: 'launch' });
}

function gone(state: EnvelopeState): Transition {
  return to({ ...state, connected: false }, { kind: 'gone' }, { kind: 'record-ended' });
}

function launched(state: EnvelopeState, at: number, policy: EnvelopePolicy): Transition {
  if (state.phase.kind !== 'launching') return stay(state);
  const started = to(
    state,
    { kind: 'starting', startBy: at + policy.startTimeoutMs, aliveUntil: undefined },
    note('replica-started', `generation ${state.generation}`),
  );
  if (state.wanted) return started;
  const stopped = terminate(started.state, at, undefined, policy);
  return { state: stopped.state, effects: [...started.effects, ...stopped.effects] };
}

function launchFailed(
  state: EnvelopeState,
  event: { readonly at: number; readonly reason: string; readonly jitter: number },
  policy: EnvelopePolicy,
): Transition {
  if (state.phase.kind !== 'launching') return stay(state);
  if (!state.wanted) return gone(state);
  const launchFailures = Math.min(state.launchFailures + 1, 1000);
  // No process was harmed: the wait has no short end, lest a full disk be hammered.
  const wait = restartDelayMs(launchFailures, (1 + event.jitter) / 2, policy.backoff);
  return to(
    { ...state, launchFailures, lastFailure: event.reason },
    { kind: 'waiting', until: event.at + wait },
    ...(event.reason === state.lastFailure ? [] : [note('replica-not-started', event.reason)]),
  );
}

/** Begins a drain, as far as the process can hear of it. */
function drain(
  state: EnvelopeState,
  at: number,
  failure: string | undefined,
  graceMs: number,
  policy: EnvelopePolicy,
): Transition {
  const until = at + graceMs + policy.terminateMs;
  return to(
    state,
    { kind: 'draining', step: 'asked', until, failure, servedMs: servedMs(state, at) },
    ...(state.connected && failure === undefined ? [{ kind: 'shutdown' as const, graceMs }] : []),
  );
}

function terminate(
  state: EnvelopeState,
  at: number,
  failure: string | undefined,
  policy: EnvelopePolicy,
): Transition {
  return to(
    state,
    {
      kind: 'draining',
      step: 'terminated',
      until: at + policy.terminateMs,
      failure,
      servedMs: servedMs(state, at),
    },
    { kind: 'signal', signal: 'SIGTERM' },
  );
}

function kill(state: EnvelopeState, at: number, failure: string, policy: EnvelopePolicy): Transition {
  return to(
    state,
    {
      kind: 'draining',
      step: 'killed',
      until: at + policy.signOfLifeMs,
      failure,
      servedMs: servedMs(state, at),
    },
    { kind: 'signal', signal: 'SIGKILL' },
    note('replica-killed', failure),
  );
}

function servedMs(state: EnvelopeState, at: number): number {
  if (state.phase.kind === 'serving') return at - state.phase.since;
  return state.phase.kind === 'draining' ? state.phase.servedMs : 0;
}

function stop(state: EnvelopeState, at: number, graceMs: number, policy: EnvelopePolicy): Transition {
  switch (state.phase.kind) {
    case 'waiting':
      return gone(state);
    case 'completed':
      return state.phase.running ? drain(state, at, undefined, graceMs, policy) : gone(state);
    case 'starting':
      return state.phase.aliveUntil === undefined
        ? terminate(state, at, undefined, policy)
        : drain(state, at, undefined, graceMs, policy);
    case 'adopting':
    case 'serving':
      return drain(state, at, undefined, graceMs, policy);
    case 'launching':
    case 'draining':
    case 'gone':
      return stay(state);
  }
}

function replace(state: EnvelopeState, at: number, graceMs: number, policy: EnvelopePolicy): Transition {
  switch (state.phase.kind) {
    case 'waiting':
      return launch({ ...state, crashes: 0, launchFailures: 0 });
    case 'completed':
      return state.phase.running ? drain(state, at, undefined, graceMs, policy) : launch(state);
    case 'launching': // the caller replaces again once it is launched
    case 'draining':
    case 'gone':
      return stay(state);
    case 'starting':
    case 'adopting':
    case 'serving':
      return stop(state, at, graceMs, policy);
  }
}

function registered(
  state: EnvelopeState,
  event: { readonly at: number; readonly phase: ProcletPhase },
  graceMs: number,
  policy: EnvelopePolicy,
): Transition {
  const { phase } = state;
  if (phase.kind === 'draining' && phase.step === 'asked' && phase.failure === undefined) {
    const left = Math.max(0, phase.until - event.at - policy.terminateMs);
    return stay(state, { kind: 'shutdown', graceMs: left });
  }
  const next = alive(state, event.phase, event.at, graceMs, policy);
  if (phase.kind !== 'adopting') return next;
  return {
    state: next.state,
    effects: [note('replica-adopted', `generation ${state.generation}`), ...next.effects],
  };
}

function alive(
  state: EnvelopeState,
  told: ProcletPhase,
  at: number,
  graceMs: number,
  policy: EnvelopePolicy,
): Transition {
  const { phase } = state;
  if (phase.kind === 'completed') return stay(state, { kind: 'record-completed' });
  if (phase.kind !== 'starting' && phase.kind !== 'adopting' && phase.kind !== 'serving') return stay(state);
  const aliveUntil = at + policy.signOfLifeMs;
  switch (told) {
    case 'starting': {
      if (phase.kind === 'serving') return to(state, { ...phase, aliveUntil });
      const startBy = phase.kind === 'starting' ? phase.startBy : at + policy.startTimeoutMs;
      return to(state, { kind: 'starting', startBy, aliveUntil });
    }
    case 'serving':
      if (phase.kind === 'serving') return to(state, { ...phase, aliveUntil });
      return to(
        state,
        { kind: 'serving', since: at, aliveUntil },
        note('replica-serving', `generation ${state.generation}`),
      );
    case 'draining':
      return drain(state, at, 'it shut down without being asked to', graceMs, policy);
    case 'completed':
      return to(
        state,
        { kind: 'completed', running: true },
        { kind: 'record-completed' },
        note('replica-completed', 'main returned and nothing else is served'),
      );
  }
}

function exited(
  state: EnvelopeState,
  event: { readonly at: number; readonly reason: string; readonly jitter: number },
  policy: EnvelopePolicy,
): Transition {
  const { phase } = state;
  const ended = { ...state, connected: false };
  switch (phase.kind) {
    case 'starting':
    case 'adopting':
    case 'serving':
      return crashed(ended, servedMs(state, event.at), event, policy);
    case 'draining': {
      if (!state.wanted) return gone(ended);
      if (phase.failure === undefined) return launch({ ...ended, crashes: 0 });
      const reason = phase.step === 'killed' ? phase.failure : `${phase.failure}: ${event.reason}`;
      return crashed(ended, phase.servedMs, { ...event, reason }, policy);
    }
    case 'completed':
      return state.wanted ? to(ended, { kind: 'completed', running: false }) : gone(ended);
    case 'waiting':
    case 'launching':
    case 'gone':
      return stay(state);
  }
}

function overdue(
  state: EnvelopeState,
  event: { readonly at: number; readonly lateMs: number },
  policy: EnvelopePolicy,
): Transition {
  const { phase } = state;
  const { at } = event;
  // The daemon stood still, and maybe the whole host with it: the silence says nothing of the process.
  const stalled = event.lateMs > policy.stallMs;
  switch (phase.kind) {
    case 'waiting':
      return launch(state);
    case 'adopting':
      if (stalled) return to(state, { kind: 'adopting', until: at + policy.adoptTimeoutMs });
      return kill(
        state,
        at,
        `it did not register within ${seconds(policy.adoptTimeoutMs)} after the daemon's restart`,
        policy,
      );
    case 'starting': {
      if (stalled) {
        const aliveUntil = phase.aliveUntil === undefined ? undefined : at + policy.signOfLifeMs;
        return to(state, {
          kind: 'starting',
          startBy: Math.max(phase.startBy + event.lateMs, at + 1),
          aliveUntil,
        });
      }
      if (phase.aliveUntil !== undefined && phase.aliveUntil <= at)
        return kill(state, at, silence(policy), policy);
      return kill(
        state,
        at,
        `it did not begin to serve within ${seconds(policy.startTimeoutMs)} of its start; does a start() never resolve?`,
        policy,
      );
    }
    case 'serving':
      if (stalled) return to(state, { ...phase, aliveUntil: at + policy.signOfLifeMs });
      return kill(state, at, silence(policy), policy);
    case 'draining':
      if (phase.step === 'asked') {
        return to(
          state,
          { ...phase, step: 'terminated', until: at + policy.terminateMs },
          { kind: 'signal', signal: 'SIGTERM' },
          note('replica-terminated', 'it did not end within its time to drain'),
        );
      }
      // Again and again: a process in an uninterruptible wait ends when that does.
      return to(
        state,
        { ...phase, step: 'killed', until: at + policy.signOfLifeMs },
        { kind: 'signal', signal: 'SIGKILL' },
      );
    case 'launching':
    case 'completed':
    case 'gone':
      return stay(state);
  }
}

function silence(policy: EnvelopePolicy): string {
  return `no sign of life for ${seconds(policy.signOfLifeMs)}; does its code block the event loop?`;
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
