import { type Change, isBusError, type KeyedStore, type Subscription } from '../bus/bus.js';
import type { Clock } from '../processes/clock.js';
import { type Epoch, incarnationOf } from './epoch.js';
import { type Leadership, Term } from './leadership.js';
import { begin, isValid, step, wakeAt } from './lease.js';
import { type Holder, MAX_TTL_MS, readLease } from './lease-record.js';
import type { LeaseCommand, LeaseEvent, LeaseSettings, LeaseState, LeaseStep } from './lease-state.js';

export const LEADER_BUCKET = 'control';
export const LEADER_KEY = 'leader';

export interface ElectionOptions {
  /** The bucket {@link LEADER_BUCKET}. */
  readonly store: KeyedStore;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly self: Holder;
  /** Of weaverd; others are told it. */
  readonly version: string;
  /** 5000 by default. The lease is renewed three times in it; a leader ends its own after four fifths. */
  readonly ttlMs?: number;
  /** From this daemon's disk, its own records and the hosts' reports: the next incarnation is higher. */
  readonly highestIncarnationSeen: () => number;
  /** See {@link LeaseSettings.replacesPredecessor}; false by default. */
  readonly replacesPredecessor?: boolean;
}

/** As this daemon knows it. */
export interface ElectionView {
  readonly role: LeaseState['kind'];
  /** Undefined when none is known. It may have ended. */
  readonly leader: (Holder & { readonly incarnation: number; readonly version: string }) | undefined;
  /** Why the lease cannot be read or written at present. */
  readonly problem: string | undefined;
}

/** Makes this daemon the leader when there is none, by a lease in the store. The rules are in lease.ts. */
export class Election {
  readonly #options: ElectionOptions;
  readonly #settings: LeaseSettings;
  readonly #listeners = new Set<(leadership: Leadership | undefined) => void>();
  #state: LeaseState | undefined;
  #term: Term | undefined;
  #leader: ElectionView['leader'];
  #problem: string | undefined;
  /** Of the command under way; answers to others are ignored. */
  #command = 0;
  #cancelDeadline: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #cancelFollow: (() => void) | undefined;
  #watch: Subscription | undefined;
  /** Wall minus monotonic time, ms: it grows by itself only while the machine slept. */
  #wallOffset = 0;
  #raisedTo = 0;
  #onStopped: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  /** Throws a RangeError for a ttl that is not within 100 ms and {@link MAX_TTL_MS}. */
  constructor(options: ElectionOptions) {
    const { ttlMs = 5000, self, version, random, replacesPredecessor = false } = options;
    if (!(ttlMs >= 100 && ttlMs <= MAX_TTL_MS))
      throw new RangeError(`the leader's lease of ${ttlMs} ms is not within 100 and ${MAX_TTL_MS} ms`);
    this.#options = options;
    // Two daemons of one name may have started in the same ms.
    const instance = `${self.host}.${self.generation}.${Math.floor(random() * 2 ** 48).toString(36)}`;
    this.#settings = { self, instance, ttlMs, marginMs: ttlMs / 5, version, replacesPredecessor };
  }

  start(): void {
    if (this.#state !== undefined) return;
    this.#wallOffset = this.#offset();
    this.#apply(begin());
    this.#follow();
  }

  /** Ends the leadership and gives the lease up, so that another can lead at once; within the ttl. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= new Promise((resolve) => {
      this.#onStopped = resolve;
      this.#watch?.close();
      this.#cancelFollow?.();
      if (this.#state === undefined) resolve();
      else this.#dispatch({ kind: 'resign' });
    });
    return this.#stopping;
  }

  /** Undefined when this daemon does not lead. */
  leadership(): Leadership | undefined {
    return this.#term?.isValid() ? this.#term : undefined;
  }

  /** Told of each term that begins, and by undefined that it ended. It may not throw. Returns what ends it. */
  onChange(listener: (leadership: Leadership | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * There is such an epoch, of that leader if it is known: a host reported it. If it is above all that the present term
   * gave, or another's of the same incarnation, the term ends and the next one, of a higher incarnation, is asked for at
   * once.
   */
  raise(atLeast: Epoch, leader?: string): void {
    const incarnation = incarnationOf(atLeast);
    this.#raisedTo = Math.max(this.#raisedTo, incarnation);
    const term = this.#term;
    const isRival = leader !== undefined && leader !== term?.leader && incarnation === term?.incarnation;
    if (term !== undefined && atLeast <= term.newestEpoch() && !isRival) return;
    this.#dispatch({ kind: 'raise', incarnation });
  }

  view(): ElectionView {
    return { role: this.#state?.kind ?? 'stopped', leader: this.#leader, problem: this.#problem };
  }

  /** A hint only: without it, the reads go on. */
  #follow(): void {
    const { store, clock } = this.#options;
    store
      .watch((change) => this.#hint(change))
      .then(
        (watch) => {
          if (this.#stopping === undefined) this.#watch = watch;
          else watch.close();
        },
        () => {
          if (this.#stopping === undefined)
            this.#cancelFollow = clock.after(this.#settings.ttlMs, () => this.#follow());
        },
      );
  }

  #hint(change: Change): void {
    if (change.kind === 'snapshot') {
      const entry = change.entries.find(({ key }) => key === LEADER_KEY);
      this.#hintOf(entry?.value);
    } else if (change.key === LEADER_KEY) this.#hintOf(change.kind === 'put' ? change.value : undefined);
  }

  /** Mere renewals are seen in time by reading now and then. */
  #hintOf(value: unknown): void {
    const record = readLease(value);
    if (record === undefined || record.ttlMs === 0) this.#dispatch({ kind: 'hint' });
  }

  #dispatch(event: LeaseEvent): void {
    if (this.#state === undefined) return;
    const hasLostTime = this.#hasLostTime();
    this.#wallOffset = this.#offset();
    if (hasLostTime || (this.#state.kind === 'leading' && !this.#term?.isValid()))
      this.#step({ kind: 'stalled' });
    this.#step(event);
  }

  #step(event: LeaseEvent): void {
    if (this.#state === undefined) return;
    const { clock, random, highestIncarnationSeen } = this.#options;
    const input = {
      now: clock.monotonic(),
      jitter: random(),
      highestSeen: Math.max(highestIncarnationSeen(), this.#raisedTo),
    };
    this.#apply(step(this.#state, event, input, this.#settings));
  }

  #apply({ state, command }: LeaseStep): void {
    const before = this.#term;
    this.#state = state;
    if (state.kind !== 'leading' || state.incarnation !== before?.incarnation) {
      before?.end();
      this.#term = state.kind === 'leading' ? this.#begin(state.incarnation) : undefined;
    }
    if (state.kind === 'leading')
      this.#leader = {
        ...this.#settings.self,
        incarnation: state.incarnation,
        version: this.#settings.version,
      };
    if (command !== undefined) this.#perform(command);
    this.#scheduleTick();
    if (this.#term !== before) for (const listener of [...this.#listeners]) listener(this.#term);
    if (state.kind === 'stopped') this.#end();
  }

  #begin(incarnation: number): Term {
    const holds = () =>
      this.#state !== undefined &&
      isValid(this.#state, this.#options.clock.monotonic()) &&
      this.#state.incarnation === incarnation &&
      !this.#hasLostTime();
    return new Term(incarnation, this.#settings.instance, holds, () =>
      this.#dispatch({ kind: 'raise', incarnation }),
    );
  }

  #perform(command: LeaseCommand): void {
    const { clock } = this.#options;
    const number = ++this.#command;
    this.#cancelDeadline?.();
    const settle = (event: LeaseEvent, problem: string | undefined) => {
      if (number !== this.#command) return;
      this.#command++;
      this.#cancelDeadline?.();
      this.#problem = problem;
      this.#dispatch(event);
    };
    const timeoutMs = this.#settings.ttlMs / 5;
    const what = command.kind === 'read' ? 'read' : 'written';
    const failed = (why: string) => {
      const problem = `the leader's lease cannot be ${what}: ${why}`;
      settle({ kind: command.kind === 'read' ? 'read-failed' : 'unknown' }, problem);
    };
    this.#cancelDeadline = clock.after(timeoutMs, () => failed(`no answer within ${timeoutMs} ms`));
    this.#ask(command).then(
      (event) => settle(event, undefined),
      (reason: unknown) => {
        if (isBusError(reason, 'CONFLICT')) settle({ kind: 'conflict' }, undefined);
        else failed(reason instanceof Error ? reason.message : String(reason));
      },
    );
  }

  async #ask(command: LeaseCommand): Promise<LeaseEvent> {
    const { store } = this.#options;
    if (command.kind === 'read') {
      const entry = await store.get(LEADER_KEY);
      this.#knowLeader(entry?.value);
      return { kind: 'observed', revision: entry?.revision ?? 0, value: entry?.value };
    }
    const { record, revision } = command;
    return {
      kind: 'acknowledged',
      revision:
        revision === 0
          ? await store.create(LEADER_KEY, record)
          : await store.update(LEADER_KEY, record, revision),
    };
  }

  #knowLeader(value: unknown): void {
    const lease = readLease(value);
    if (lease === undefined || lease.ttlMs === 0) this.#leader = undefined;
    else this.#leader = { ...lease.holder, incarnation: lease.incarnation, version: lease.version };
  }

  #scheduleTick(): void {
    this.#cancelTick?.();
    const at = this.#state === undefined ? undefined : wakeAt(this.#state);
    if (at === undefined) return;
    const { clock } = this.#options;
    this.#cancelTick = clock.after(Math.max(0, at - clock.monotonic()), () =>
      this.#dispatch({ kind: 'tick' }),
    );
  }

  #end(): void {
    this.#command++;
    this.#cancelDeadline?.();
    this.#cancelTick?.();
    this.#onStopped?.();
  }

  #offset(): number {
    return this.#options.clock.now() - this.#options.clock.monotonic();
  }

  /** The machine was suspended, or its wall clock set forward, which looks the same. */
  #hasLostTime(): boolean {
    return this.#offset() - this.#wallOffset > this.#settings.marginMs;
  }
}
