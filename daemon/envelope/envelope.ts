import type {
  Failed,
  Health,
  ListenerOpened,
  Load,
  Logs,
  OwnershipSettled,
  RegisterReplica,
  Traces,
} from '../../sdk/protocol/control.js';
import { ControlError } from '../../sdk/protocol/control-channel.js';
import type { Clock } from '../processes/clock.js';
import { Deadline } from '../processes/deadline.js';
import type { ProcessExit } from '../processes/process-spawner.js';
import type { ProcletConnection } from './control-server.js';
import type { EnvelopeInheritance } from './envelope-inheritance.js';
import {
  beginEnvelope,
  deadlineOf,
  type EnvelopeBeginning,
  type EnvelopeEffect,
  type EnvelopeEvent,
  type EnvelopePolicy,
  type EnvelopeState,
  shownState,
} from './envelope-state.js';
import { transition } from './envelope-transition.js';
import { exitReason } from './exit-reason.js';
import { KeptProcess } from './kept-process.js';
import type { ProcletLauncher } from './proclet-launcher.js';
import { ProcletOutput, type ProcletOutputOptions } from './proclet-output.js';
import { ProcletOwnership } from './proclet-ownership.js';
import type { ObservedReplica, ReplicaSpec } from './replica-host.js';
import { specFingerprint } from './replica-record.js';
import type { ReplicaRecords } from './replica-records.js';
import type { ReplicaSinks } from './replica-sinks.js';

export interface EnvelopeOptions {
  readonly launcher: ProcletLauncher;
  readonly records: ReplicaRecords;
  readonly output: ProcletOutputOptions['folder'];
  readonly clock: Clock;
  /** From 0 to 1, at random. */
  readonly random: () => number;
  readonly policy: EnvelopePolicy;
  readonly sinks: ReplicaSinks;
  /** Something that `observed` shows has changed. */
  readonly changed: () => void;
}

type Registered = Pick<ObservedReplica, 'address' | 'remoteAddress' | 'listeners'>;

const NOT_REGISTERED: Registered = { address: undefined, remoteAddress: undefined, listeners: [] };

/** Time for what a process said last to arrive after its end, ms. */
const LAST_WORDS_MS = 250;

/**
 * Keeps one replica: runs what the state machine decides, and tells it what happened. Holds at most one process at a
 * time, and one control connection of it.
 */
export class Envelope {
  readonly #options: EnvelopeOptions;
  readonly #output: ProcletOutput;
  readonly #deadline: Deadline;
  #desired: ReplicaSpec;
  #running: ReplicaSpec;
  #state: EnvelopeState;
  #process: KeptProcess | undefined;
  #link: ProcletConnection | undefined;
  #registered: Registered = NOT_REGISTERED;
  #load: Load | undefined;
  #ownership: ProcletOwnership;
  #startedAt: number | undefined;
  #nextStartAt: number | undefined;
  #told: Failed | undefined;
  #lastFailedComponent: string | undefined;
  #completionRecorded = false;
  #lastWords: { readonly exit: ProcessExit | undefined; readonly cancel: () => void } | undefined;
  #launching: Promise<void> = Promise.resolve();
  #released = false;

  constructor(spec: ReplicaSpec, inheritance: EnvelopeInheritance, options: EnvelopeOptions) {
    this.#options = options;
    this.#desired = spec;
    this.#running = spec;
    this.#ownership = new ProcletOwnership(options.clock);
    this.#output = new ProcletOutput({
      spec,
      folder: options.output,
      clock: options.clock,
      onLog: options.sinks.onLog,
    });
    this.#deadline = new Deadline(options.clock, (lateMs) =>
      this.#dispatch({ kind: 'deadline', at: this.#now(), lateMs }),
    );
    const cause = inheritance.kind === 'died' ? this.#output.finish() : [];
    const beginning: EnvelopeBeginning =
      inheritance.kind === 'died'
        ? { ...inheritance, reason: exitReason('while the daemon was away', undefined, cause) }
        : inheritance;
    this.#state = beginEnvelope(beginning, this.#now(), options.policy);
    this.#startedAt = inheritance.startedAt;
    this.#completionRecorded = inheritance.kind === 'completed';
    if (inheritance.process !== undefined) {
      this.#process = KeptProcess.adopted(inheritance.process, options.clock, () => this.#onExit(undefined));
      this.#process.watch();
    }
    this.#arm();
  }

  /** Of the process that runs, or ran last. */
  get spec(): ReplicaSpec {
    return this.#running;
  }

  get isGone(): boolean {
    return this.#state.phase.kind === 'gone';
  }

  observed(): ObservedReplica {
    const { app, version, group, replica } = this.#running;
    const runs = this.#process !== undefined;
    return {
      app,
      version,
      group,
      replica,
      generation: this.#state.generation,
      state: shownState(this.#state, this.#options.policy),
      pid: this.#process?.identity.pid,
      ...(runs ? this.#registered : NOT_REGISTERED),
      startedAt: this.#startedAt,
      restarts: this.#state.restarts,
      lastFailure: this.#state.lastFailure,
      lastFailedComponent: this.#lastFailedComponent,
      nextStartAt: this.#nextStartAt,
      load: runs ? this.#load : undefined,
      settled: runs ? this.#ownership.observed() : [],
    };
  }

  want(spec: ReplicaSpec): void {
    const same = spec === this.#desired || specFingerprint(spec) === specFingerprint(this.#desired);
    if (same && this.#state.wanted && !this.isGone) return;
    this.#desired = spec;
    this.#dispatch({ kind: same ? 'wanted' : 'replaced', at: this.#now() });
  }

  unwant(): void {
    if (this.#state.wanted) this.#dispatch({ kind: 'unwanted', at: this.#now() });
  }

  /** Rejects with a ControlError unless it is the process kept here that registers. */
  async admit(register: RegisterReplica): Promise<void> {
    await this.#launching; // a warm process may be here before its record is written
    const { generation } = this.#state;
    const { replica } = this.#running;
    if (register.generation !== generation || this.#process === undefined) {
      const now = this.#process === undefined ? 'has ended' : `is ${generation} now`;
      throw new ControlError(
        'STALE_GENERATION',
        `generation ${register.generation} of ${replica} is over; its generation ${now}`,
      );
    }
    if (register.pid !== this.#process.identity.pid) {
      throw new ControlError(
        'UNAUTHENTICATED',
        `process ${register.pid} is not ${replica}, which process ${this.#process.identity.pid} is; does the app start processes with its own environment?`,
      );
    }
  }

  onRegistered(register: RegisterReplica, link: ProcletConnection): void {
    const former = this.#link;
    this.#link = link;
    if (former !== link) void former?.close();
    this.#process?.unwatch();
    const { address, remoteAddress, listeners } = register;
    this.#registered = { address, remoteAddress, listeners };
    this.#dispatch({ kind: 'registered', at: this.#now(), phase: register.phase });
    setImmediate(() => this.#ownership.tell(this.#link)); // after the answer to its registration
    this.#options.changed();
  }

  isLinkedTo(link: ProcletConnection): boolean {
    return this.#link === link;
  }

  onUnlinked(link: ProcletConnection): void {
    if (this.#link !== link || this.#released) return;
    this.#link = undefined;
    this.#dispatch({ kind: 'disconnected', at: this.#now() });
    if (this.#lastWords !== undefined) this.#concludeExit(this.#lastWords.exit);
    else this.#process?.watch();
  }

  onHealth(health: Health): void {
    this.#dispatch({ kind: 'health', at: this.#now(), phase: health.phase });
  }

  onLoad(load: Load): void {
    this.#load = load;
    const { app, version, replica } = this.#running;
    this.#options.sinks.onLoad({ app, version, replica, generation: this.#state.generation }, load);
  }

  onListener(opened: ListenerOpened): void {
    const others = this.#registered.listeners.filter((listener) => listener.name !== opened.name);
    if (others.length >= 1000) return; // as many as RegisterReplica may name
    this.#registered = { ...this.#registered, listeners: [...others, opened] };
    this.#options.changed();
  }

  onSettled(settled: OwnershipSettled): void {
    if (!this.#running.hosting.components.some(({ name }) => name === settled.component)) return;
    if (this.#ownership.settled(settled)) this.#options.changed();
  }

  /** Of the keys it owns, if it is of that generation still. */
  lease(generation: number, until: number): void {
    if (generation === this.#state.generation && this.#process !== undefined)
      this.#ownership.lease(until, this.#link);
  }

  onLogs(logs: Logs): void {
    this.#output.logged(logs);
  }

  onTraces(traces: Traces): void {
    const { app, version, replica } = this.#running;
    this.#options.sinks.onSpans(traces.spans.map((span) => ({ ...span, app, version, replica })));
  }

  onFailed(failed: Failed): void {
    this.#told = failed;
    this.#note('replica-failed', inWords(failed));
    this.#output.failed(failed);
  }

  /** Lets go of the process, which runs on. Resolves when nothing of this envelope is under way. */
  async release(): Promise<void> {
    this.#released = true;
    this.#deadline.set(undefined);
    this.#process?.unwatch();
    this.#lastWords?.cancel();
    await this.#launching;
    this.#process?.unwatch();
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #dispatch(event: EnvelopeEvent): void {
    if (this.#released) return;
    const before = this.#state;
    const next = transition(before, event, this.#running.graceMs, this.#options.policy);
    this.#state = next.state;
    if (next.state.phase !== before.phase) this.#arm();
    if (next.state.phase.kind !== before.phase.kind || next.state.lastFailure !== before.lastFailure)
      this.#options.changed();
    for (const effect of next.effects) this.#run(effect);
  }

  #arm(): void {
    this.#deadline.set(deadlineOf(this.#state));
    const { phase } = this.#state;
    this.#nextStartAt =
      phase.kind === 'waiting'
        ? this.#options.clock.now() + Math.max(0, phase.until - this.#now())
        : undefined;
  }

  #run(effect: EnvelopeEffect): void {
    switch (effect.kind) {
      case 'launch':
        this.#launching = this.#launch();
        return;
      case 'shutdown': {
        // After the answer to its registration, if that is what it comes with.
        const link = this.#link;
        setImmediate(() => link?.send('Shutdown', { graceMs: effect.graceMs }));
        return;
      }
      case 'signal':
        this.#signal(effect.signal);
        return;
      case 'record-completed':
        this.#recordCompleted();
        return;
      case 'record-ended':
        this.#output.remove();
        this.#recorded(this.#options.records.ended(this.#running));
        this.#note('replica-stopped', `generation ${this.#state.generation}`);
        return;
      case 'event':
        this.#note(effect.name, effect.message);
    }
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    try {
      this.#process?.signal(signal);
    } catch (reason) {
      this.#note(
        'replica-killed',
        `${signal} could not be sent: ${reason instanceof Error ? reason.message : reason}`,
      );
    }
  }

  async #launch(): Promise<void> {
    const spec = this.#desired;
    this.#completionRecorded = false;
    try {
      const startedAt = this.#options.clock.now();
      const { generation, process } = await this.#options.launcher.launch({
        spec,
        restarts: this.#state.restarts,
        startedAt,
        ...this.#output.paths,
        isCancelled: () => this.#released || !this.#state.wanted,
      });
      this.#running = spec;
      this.#startedAt = startedAt;
      this.#told = undefined;
      this.#load = undefined;
      this.#ownership = new ProcletOwnership(this.#options.clock);
      this.#registered = NOT_REGISTERED;
      this.#process = KeptProcess.own(process, this.#options.clock, (exit) => this.#onExit(exit));
      this.#dispatch({ kind: 'launched', at: this.#now(), generation });
      this.#recorded(this.#options.records.running(spec, process.identity));
      if (this.#desired !== spec) this.#dispatch({ kind: 'replaced', at: this.#now() });
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : String(reason);
      this.#lastFailedComponent = undefined;
      this.#dispatch({ kind: 'launch-failed', at: this.#now(), reason: why, jitter: this.#options.random() });
    }
  }

  /** What it said last may still be under way on its connection. */
  #onExit(exit: ProcessExit | undefined): void {
    if (this.#released) return;
    if (this.#link === undefined) return this.#concludeExit(exit);
    const cancel = this.#options.clock.after(LAST_WORDS_MS, () => void this.#link?.close());
    this.#lastWords = { exit, cancel };
  }

  #concludeExit(exit: ProcessExit | undefined): void {
    this.#lastWords?.cancel();
    this.#lastWords = undefined;
    this.#process?.unwatch();
    this.#process = undefined;
    const told = this.#told === undefined ? undefined : inWords(this.#told);
    this.#lastFailedComponent = this.#told?.component;
    const reason = exitReason(exit ?? 'unknown', told, this.#output.finish());
    const { generation } = this.#state;
    this.#options.launcher.forget(this.#running, generation).catch((error: Error) => {
      this.#note('replica-stopped', `its folder cannot be deleted: ${error.message}`);
    });
    this.#dispatch({ kind: 'exited', at: this.#now(), reason, jitter: this.#options.random() });
    this.#options.changed(); // its pid has, even if its state, such as completed, has not
  }

  #recordCompleted(): void {
    if (this.#completionRecorded) return;
    this.#completionRecorded = true;
    this.#options.records.completed(this.#running).then(
      () => this.#options.sinks.onProblem('replica records', undefined),
      (reason: Error) => {
        this.#completionRecorded = false; // tried again with its next Health
        this.#options.sinks.onProblem('replica records', reason.message);
      },
    );
  }

  /** A lost write costs nothing now, and little later: the next daemon looks for the process itself. */
  #recorded(write: Promise<void>): void {
    const { onProblem } = this.#options.sinks;
    write.then(
      () => onProblem('replica records', undefined),
      (reason: Error) => onProblem('replica records', reason.message),
    );
  }

  #note(kind: string, message: string): void {
    const { app, replica } = this.#running;
    this.#options.sinks.onEvent({
      at: this.#options.clock.now(),
      app,
      kind,
      message: `${replica}: ${message}`,
    });
  }
}

function inWords({ component, message }: Failed): string {
  return `${component}: ${message}`;
}
