import { type LeaseRecord, readLease } from './lease-record.js';
import type {
  Attempt,
  Candidate,
  Common,
  Following,
  Leading,
  LeaseCommand,
  LeaseEvent,
  LeaseInput,
  LeaseSettings,
  LeaseState,
  LeaseStep,
  Resigning,
  Seen,
  Stopped,
} from './lease-state.js';

const MAX_UNSETTLED = 8;
const MAX_RELEASE_TRIES = 10;

/**
 * The rules of the leader's lease, without I/O (after Gray and Cheriton, "Leases", 1989). A leader counts its time from
 * before it sent a renewal that was acknowledged; a follower from when it first saw that renewal. So on clocks of about
 * one rate the leader's time is over before a follower's compare-and-set can succeed. What a timed-out write did is not
 * known: it is looked for by its attempt id, and until found it counts for nothing.
 */
export function step(
  state: LeaseState,
  event: LeaseEvent,
  input: LeaseInput,
  settings: LeaseSettings,
): LeaseStep {
  switch (state.kind) {
    case 'follower':
    case 'unknown':
      return following(state, event, input, settings);
    case 'candidate':
      return candidate(state, event, input, settings);
    case 'leading':
      return leading(state, event, input, settings);
    case 'resigning':
      return resigning(state, event, input, settings);
    case 'stopped':
      return stay(state);
  }
}

export function begin(): LeaseStep {
  const none: Common = { highestIncarnation: 0, attempts: 0, unsettled: [] };
  return follow(none, 0);
}

/** When the next tick is due, monotonic ms; undefined while only an answer is waited for. */
export function wakeAt(state: LeaseState): number | undefined {
  if (state.kind === 'follower' || state.kind === 'unknown') return state.readAt;
  if (state.kind === 'leading')
    return state.renewal.kind === 'due' ? Math.min(state.renewal.at, state.validUntil) : state.validUntil;
  return state.kind === 'resigning' ? state.until : undefined;
}

export function isValid(state: LeaseState, now: number): state is Leading {
  return state.kind === 'leading' && now < state.validUntil;
}

function following(
  state: Following,
  event: LeaseEvent,
  input: LeaseInput,
  settings: LeaseSettings,
): LeaseStep {
  const { now } = input;
  switch (event.kind) {
    case 'tick':
      return state.readAt !== undefined && now >= state.readAt ? read(state) : stay(state);
    case 'hint':
      return state.readAt !== undefined ? read(state) : stay(state);
    case 'read-failed':
      return stay({ ...state, readAt: now + pollMs(input, settings) });
    case 'observed':
      return look(state, see(state.seen, event, input, settings), input, settings);
    case 'raise':
      return stay(raised(state, event.incarnation));
    case 'stalled':
      return stay({ ...state, unsettled: [], mineUntil: 0 });
    case 'resign':
      if (state.attempts > 0) return resign(state, 0, input, settings); // the lease may be this one's
      return stay({ ...common(state), kind: 'stopped' });
    default:
      return stay(state); // of a write that was given up
  }
}

/** Decides on what was read: this daemon's own write, found at last; a lease to be taken; or another's time. */
function look(state: Following, seen: Seen, input: LeaseInput, settings: LeaseSettings): LeaseStep {
  const { now } = input;
  const own = state.unsettled.find(({ id }) => id === seen.record?.attempt);
  if (own !== undefined && seen.olderSince === undefined)
    return gained(state, own, seen.revision, input, settings);
  const next = { ...raised(state, seen.record?.incarnation ?? 0), seen };
  const takeAt = Math.max(takableAt(next, seen, input, settings), state.pauseUntil);
  const isOver = now >= takeAt;
  // Only what was read just now is replaced: a revision may have been given again since an older read.
  if (isOver && seen.olderSince === undefined) return takeOver(next, seen, input, settings);
  const readAt = isOver ? now + pollMs(input, settings) / 4 : Math.min(takeAt, now + pollMs(input, settings));
  return stay({ ...next, kind: 'follower', readAt });
}

/**
 * A lower revision than one seen is a stale read; when there is nothing else for the time of a lease, the store has lost
 * the newer one, and counts on from there. A bucket rebuilt from nothing shows itself by no record.
 */
function see(
  seen: Seen | undefined,
  { revision, value }: { readonly revision: number; readonly value: unknown },
  { now, jitter }: LeaseInput,
  { ttlMs }: LeaseSettings,
): Seen {
  const record = revision === 0 ? undefined : readLease(value);
  if (seen !== undefined) {
    if (revision === seen.revision && record?.attempt === seen.record?.attempt)
      return seen.olderSince === undefined ? seen : { ...seen, olderSince: undefined };
    const olderSince = seen.olderSince ?? now;
    if (revision > 0 && revision < seen.revision && now - olderSince < ttlMs) return { ...seen, olderSince };
  }
  return { revision, record, firstSeenAt: now, olderSince: undefined, jitter };
}

function takableAt(state: Following, seen: Seen, input: LeaseInput, settings: LeaseSettings): number {
  const { record, revision, firstSeenAt } = seen;
  // Not all at once; yet the one that led before, which asks again for its own, comes first.
  const spread = (seen.jitter * settings.ttlMs) / 10;
  if (revision === 0) {
    const isNew = Math.max(state.highestIncarnation, input.highestSeen) === 0;
    if (isNew || input.now < state.mineUntil) return firstSeenAt;
    return firstSeenAt + settings.ttlMs + spread; // emptied below us: its leader may go on for a while
  }
  if (record === undefined) return firstSeenAt + settings.ttlMs + spread;
  if (isOwn(record, settings) || record.ttlMs === 0) return firstSeenAt;
  const { host, generation } = record.holder;
  const { self, replacesPredecessor } = settings;
  if (replacesPredecessor && host === self.host && generation < self.generation) return firstSeenAt;
  return firstSeenAt + record.ttlMs + spread;
}

function takeOver(state: Following, seen: Seen, input: LeaseInput, settings: LeaseSettings): LeaseStep {
  const incarnation = Math.max(state.highestIncarnation, input.highestSeen) + 1;
  const [attempt, write] = writeOf(state, incarnation, seen.revision, settings.ttlMs, input, settings);
  const { mineUntil } = state;
  const next = { ...common(state), attempts: state.attempts + 1, seen, mineUntil };
  return { state: { ...next, kind: 'candidate', attempt }, command: write };
}

function candidate(
  state: Candidate,
  event: LeaseEvent,
  input: LeaseInput,
  settings: LeaseSettings,
): LeaseStep {
  const { attempt, seen, mineUntil } = state;
  switch (event.kind) {
    case 'acknowledged':
      return gained(state, attempt, event.revision, input, settings);
    case 'conflict': {
      // Soon, not at once: stale reads would make it a storm.
      const readAt = input.now + pollMs(input, settings) / 4;
      const next = { ...common(state), seen: undefined, mineUntil, pauseUntil: 0 };
      return stay({ ...next, kind: 'follower', readAt });
    }
    case 'unknown': {
      const pauseUntil = input.now + pollMs(input, settings) / 4;
      const next = { ...unsettle(state, attempt), seen, readAt: undefined, mineUntil, pauseUntil };
      return { state: { ...next, kind: 'unknown' }, command: { kind: 'read' } };
    }
    case 'raise':
      return stay(raised(state, event.incarnation));
    case 'stalled':
      return follow({ ...common(state), unsettled: [] }, 0);
    case 'resign':
      return resign(unsettle(state, attempt), 0, input, settings);
    default:
      return stay(state);
  }
}

/** A take-over was applied: it counts if its time is not over, and if no higher incarnation became known since. */
function gained(
  from: Common,
  { sentAt, incarnation }: Attempt,
  revision: number,
  { now, highestSeen }: LeaseInput,
  settings: LeaseSettings,
): LeaseStep {
  const validUntil = sentAt + settings.ttlMs - settings.marginMs;
  const isHighest = incarnation > from.highestIncarnation && incarnation >= highestSeen;
  const settled = raised({ ...common(from), unsettled: [] }, incarnation);
  if (now >= validUntil || !isHighest) return follow(settled, 0);
  const renewal = { kind: 'due', at: sentAt + settings.ttlMs / 3 } as const;
  return stay({ ...settled, kind: 'leading', incarnation, revision, validUntil, renewal });
}

function leading(state: Leading, event: LeaseEvent, input: LeaseInput, settings: LeaseSettings): LeaseStep {
  const { renewal } = state;
  // Also when its renewal was just acknowledged: what was once over is not the same leadership again.
  if (input.now >= state.validUntil && event.kind !== 'resign') return lose(state, 0);
  const again = stay({ ...state, renewal: { kind: 'due', at: input.now + settings.ttlMs / 20 } });
  switch (event.kind) {
    case 'tick': {
      if (renewal.kind !== 'due' || input.now < renewal.at) return stay(state);
      const { incarnation, revision } = state;
      const [attempt, write] = writeOf(state, incarnation, revision, settings.ttlMs, input, settings);
      const writing = { kind: 'writing', attempt } as const;
      return { state: { ...state, attempts: state.attempts + 1, renewal: writing }, command: write };
    }
    case 'acknowledged':
      return renewal.kind === 'writing'
        ? stay(renewed(state, renewal.attempt, event.revision, settings))
        : stay(state);
    case 'unknown':
    case 'conflict': {
      if (renewal.kind !== 'writing') return stay(state);
      // Without writes of unknown outcome it was another that wrote.
      if (event.kind === 'conflict' && state.unsettled.length === 0) return lose(state, state.validUntil);
      const next = event.kind === 'unknown' ? { ...state, ...unsettle(state, renewal.attempt) } : state;
      return { state: { ...next, renewal: { kind: 'reading' } }, command: { kind: 'read' } };
    }
    case 'read-failed':
      return again;
    case 'observed': {
      const { revision } = event;
      const record = readLease(event.value);
      if (revision === 0) return lose(state, state.validUntil);
      if (revision < state.revision) return again; // stale or rolled back: the compare-and-set will tell
      if (record === undefined || !isOwn(record, settings) || record.incarnation !== state.incarnation)
        return lose(raised(state, record?.incarnation ?? 0), 0);
      const found = state.unsettled.find(({ id }) => id === record.attempt);
      return found === undefined ? again : stay(renewed(state, found, revision, settings));
    }
    case 'raise':
      return event.incarnation < state.incarnation ? stay(state) : lose(raised(state, event.incarnation), 0);
    case 'stalled':
      return lose({ ...state, unsettled: [], renewal: { kind: 'reading' } }, 0);
    case 'resign':
      return resign(state, state.revision, input, settings);
    case 'hint':
      return stay(state);
  }
}

function renewed(
  state: Leading,
  { sentAt }: Attempt,
  revision: number,
  { ttlMs, marginMs }: LeaseSettings,
): Leading {
  const validUntil = Math.max(state.validUntil, sentAt + ttlMs - marginMs);
  const renewal = { kind: 'due', at: sentAt + ttlMs / 3 } as const;
  return { ...state, unsettled: [], revision, validUntil, renewal };
}

/** Its record, if it is still there, is taken again with the next incarnation. */
function lose(state: Leading, mineUntil: number): LeaseStep {
  const { renewal } = state;
  const rest = renewal.kind === 'writing' ? unsettle(state, renewal.attempt) : common(state);
  return follow(rest, mineUntil);
}

/** `revision`: of the lease, when it is known to be this one's. */
function resign(from: Common, revision: number, input: LeaseInput, settings: LeaseSettings): LeaseStep {
  const incarnation = from.highestIncarnation;
  const until = input.now + settings.ttlMs;
  const state: Resigning = { ...common(from), kind: 'resigning', incarnation, until, tries: 1 };
  return revision === 0 ? { state, command: { kind: 'read' } } : release(state, revision, input, settings);
}

function release(state: Resigning, revision: number, input: LeaseInput, settings: LeaseSettings): LeaseStep {
  const [, command] = writeOf(state, state.incarnation, revision, 0, input, settings);
  return { state: { ...state, attempts: state.attempts + 1 }, command };
}

function resigning(
  state: Resigning,
  event: LeaseEvent,
  input: LeaseInput,
  settings: LeaseSettings,
): LeaseStep {
  const stopped: Stopped = { ...common(state), kind: 'stopped' };
  // It ends by itself then.
  if (input.now >= state.until || state.tries > MAX_RELEASE_TRIES) return stay(stopped);
  switch (event.kind) {
    case 'acknowledged':
      return stay(stopped);
    case 'conflict':
    case 'unknown':
    case 'read-failed':
      return { state: { ...state, tries: state.tries + 1 }, command: { kind: 'read' } };
    case 'observed': {
      const record = readLease(event.value);
      if (record === undefined || !isOwn(record, settings) || record.ttlMs === 0) return stay(stopped);
      return release({ ...state, incarnation: record.incarnation }, event.revision, input, settings);
    }
    default:
      return stay(state);
  }
}

function writeOf(
  { attempts }: Common,
  incarnation: number,
  revision: number,
  ttlMs: number,
  { now }: LeaseInput,
  { instance, self, version }: LeaseSettings,
): [Attempt, LeaseCommand] {
  const id = `${instance}/${attempts + 1}`;
  const record: LeaseRecord = { holder: self, attempt: id, incarnation, ttlMs, version };
  return [
    { id, sentAt: now, incarnation },
    { kind: 'write', record, revision },
  ];
}

function isOwn({ attempt }: LeaseRecord, { instance }: LeaseSettings): boolean {
  return attempt.startsWith(`${instance}/`);
}

function pollMs({ jitter }: LeaseInput, { ttlMs }: LeaseSettings): number {
  return (ttlMs / 3) * (0.8 + 0.4 * jitter);
}

function unsettle(state: Common, attempt: Attempt): Common {
  return { ...common(state), unsettled: [...state.unsettled, attempt].slice(-MAX_UNSETTLED) };
}

function raised<State extends Common>(state: State, incarnation: number): State {
  return incarnation > state.highestIncarnation ? { ...state, highestIncarnation: incarnation } : state;
}

function common({ highestIncarnation, attempts, unsettled }: Common): Common {
  return { highestIncarnation, attempts, unsettled };
}

/** Forgets what it saw and reads. */
function follow(from: Common, mineUntil: number): LeaseStep {
  const rest = { ...common(from), seen: undefined, readAt: undefined, mineUntil, pauseUntil: 0 };
  return { state: { ...rest, kind: 'follower' }, command: { kind: 'read' } };
}

function read(state: Following): LeaseStep {
  return { state: { ...state, readAt: undefined }, command: { kind: 'read' } };
}

function stay(state: LeaseState): LeaseStep {
  return { state, command: undefined };
}
