import { begin, isValid, step, wakeAt } from '../lease.js';
import type { LeaseRecord } from '../lease-record.js';
import type { LeaseCommand, LeaseEvent, LeaseSettings, LeaseState, LeaseStep } from '../lease-state.js';

/** Shares of 1, but for the seed and the number of daemons. */
export interface Faults {
  readonly seed: number;
  readonly daemons: number;
  readonly lost: number;
  readonly slow: number;
  readonly stale: number;
  readonly paused: number;
  readonly restarted: number;
}

/** What a planted bug changes. */
export interface Flaws {
  readonly marginMs?: number;
  readonly trustsTimeouts?: boolean;
  readonly storeIgnoresRevisions?: boolean;
}

export interface Outcome {
  /** Broken promises, in words. */
  readonly broken: readonly string[];
  readonly incarnations: readonly number[];
  /** Of the one leader after the faults had stopped. */
  readonly leadsAtEnd: boolean;
}

interface Daemon {
  settings: LeaseSettings;
  state: LeaseState;
  readonly rate: number;
  readonly offset: number;
  pausedUntil: number;
  command: number;
}

export const TTL_MS = 5000;
const FAULTY_MS = 60_000;
const QUIET_MS = 25_000;

/**
 * Daemons with clocks of slightly different rates over a store that keeps every acknowledged write, with lost and late
 * requests and answers, stale reads, stopped and restarted daemons; then a time without faults.
 */
export function simulate(faults: Faults, flaws: Flaws = {}): Outcome {
  const random = randomOf(faults.seed);
  const chance = (share: number) => now < FAULTY_MS && random() < share;
  const broken: string[] = [];
  const incarnations: number[] = [];
  const versions: { readonly revision: number; readonly record: LeaseRecord }[] = [];
  const agenda: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  let now = 0;
  let order = 0;

  const later = (delayMs: number, run: () => void) => {
    agenda.push({ at: now + delayMs, order: ++order, run });
  };
  const localTime = (daemon: Daemon) => daemon.offset + now * daemon.rate;

  /** At once, or when the daemon runs again. */
  const inside = (daemon: Daemon, run: () => void) => {
    if (now < daemon.pausedUntil) later(daemon.pausedUntil - now, () => inside(daemon, run));
    else run();
  };

  const dispatch = (daemon: Daemon, event: LeaseEvent) => {
    const input = { now: localTime(daemon), jitter: random(), highestSeen: 0 };
    apply(daemon, step(daemon.state, event, input, daemon.settings));
  };

  const apply = (daemon: Daemon, { state, command }: LeaseStep) => {
    const before = daemon.state;
    daemon.state = state;
    if (state.kind === 'leading' && (before.kind !== 'leading' || before.incarnation !== state.incarnation)) {
      if (state.incarnation <= Math.max(0, ...incarnations))
        broken.push(`incarnation ${state.incarnation} after ${incarnations.join(', ')}`);
      incarnations.push(state.incarnation);
    }
    if (command !== undefined) perform(daemon, command);
    const at = wakeAt(state);
    if (at === undefined) return;
    const { settings } = daemon;
    later(Math.max(0, (at - localTime(daemon)) / daemon.rate) + 0.01, () =>
      inside(daemon, () => {
        if (daemon.settings === settings && daemon.state === state) dispatch(daemon, { kind: 'tick' });
      }),
    );
  };

  const perform = (daemon: Daemon, command: LeaseCommand) => {
    const number = ++daemon.command;
    const answer = (event: LeaseEvent) =>
      inside(daemon, () => {
        if (daemon.command !== number) return;
        daemon.command++;
        dispatch(daemon, event);
      });
    const delay = () => (chance(faults.slow) ? random() * 2 * TTL_MS : random() * 20);
    const respond = (event: LeaseEvent) => {
      if (!chance(faults.lost)) later(delay(), () => answer(event));
    };
    later(TTL_MS / 5, () => {
      if (command.kind === 'read') answer({ kind: 'read-failed' });
      else if (flaws.trustsTimeouts) answer({ kind: 'acknowledged', revision: command.revision + 1 });
      else answer({ kind: 'unknown' });
    });
    if (chance(faults.lost)) return;
    later(delay(), () => {
      const newest = versions.at(-1);
      if (command.kind === 'read') {
        const behind = chance(faults.stale) ? Math.floor(random() * 4) : 0;
        const read = versions.at(Math.max(-versions.length, -1 - behind));
        respond({ kind: 'observed', revision: read?.revision ?? 0, value: read?.record });
      } else if (!flaws.storeIgnoresRevisions && (newest?.revision ?? 0) !== command.revision) {
        respond({ kind: 'conflict' });
      } else {
        const revision = (newest?.revision ?? 0) + 1;
        versions.push({ revision, record: command.record });
        respond({ kind: 'acknowledged', revision });
      }
    });
  };

  const settingsOf = (host: string, generation: number): LeaseSettings => ({
    self: { host, generation },
    instance: `${host}.${generation}`,
    ttlMs: TTL_MS,
    marginMs: flaws.marginMs ?? TTL_MS / 5,
    version: '1.0.0',
    replacesPredecessor: false,
  });

  const daemons = Array.from({ length: faults.daemons }, (_, index): Daemon => {
    const settings = settingsOf(`h${index}`, 1);
    const { state } = begin();
    const rate = 0.96 + 0.08 * random();
    return { settings, state, rate, offset: random() * 1e9, pausedUntil: 0, command: 0 };
  });

  const disturb = () => {
    for (const daemon of daemons) {
      if (chance(faults.paused)) daemon.pausedUntil = now + random() * 3 * TTL_MS;
      if (chance(faults.restarted)) {
        const { host, generation } = daemon.settings.self;
        daemon.settings = settingsOf(host, generation + 1);
        daemon.pausedUntil = 0;
        apply(daemon, begin());
      }
    }
    if (now < FAULTY_MS) later(500, disturb);
  };

  for (const daemon of daemons) later(random() * 100, () => apply(daemon, begin()));
  disturb();
  while (now < FAULTY_MS + QUIET_MS && broken.length === 0) {
    const next = agenda.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a));
    agenda.splice(agenda.indexOf(next), 1);
    now = next.at;
    next.run();
    const valid = daemons.filter((daemon) => isValid(daemon.state, localTime(daemon)));
    if (valid.length > 1)
      broken.push(`${valid.map(({ settings }) => settings.instance).join(' and ')} lead at ${now}`);
  }
  const leading = daemons.filter((daemon) => isValid(daemon.state, localTime(daemon)));
  return { broken, incarnations, leadsAtEnd: leading.length === 1 };
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
