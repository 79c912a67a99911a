import { timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import {
  type ComponentRouting,
  PROCLET_SPEC_VARIABLE,
  type RegisterReplica,
} from '../../sdk/protocol/control.js';
import { ControlError } from '../../sdk/protocol/control-channel.js';
import { isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { StateAnswer, StateQuery } from '../../sdk/protocol/state-query.js';
import type { StateStoreSpec } from '../../sdk/protocol/state-store.js';
import { OutputFolder } from '../logs/output-folder.js';
import { type Clock, systemClock } from '../processes/clock.js';
import { type ProcessSpawner, systemSpawner } from '../processes/process-spawner.js';
import { findSessionLeaders } from '../processes/process-watch.js';
import { ControlServer, MAX_SOCKET_PATH_BYTES } from './control-server.js';
import { Envelope, type EnvelopeOptions } from './envelope.js';
import type { EnvelopeInheritance } from './envelope-inheritance.js';
import { DEFAULT_POLICY, type EnvelopePolicy } from './envelope-state.js';
import { ProcletLauncher } from './proclet-launcher.js';
import type {
  LeasedReplica,
  ObservedReplica,
  ReplicaAddressed,
  ReplicaHost,
  ReplicaSpec,
} from './replica-host.js';
import { type ReplicaRecord, replicaId, specFingerprint } from './replica-record.js';
import { type DeriveToken, ReplicaRecords } from './replica-records.js';
import type { ReplicaSinks } from './replica-sinks.js';
import { DEFAULT_BACKOFF } from './restart-backoff.js';
import { RoutingBoard } from './routing-board.js';
import { endLeftWarmProclets, WarmPool } from './warm-pool.js';

export interface ReplicaHostOptions {
  /** The Unix socket that proclets connect to. At most 107 bytes; the same over daemon restarts. */
  readonly controlSocket: string;
  /** Spec files and sockets of the proclets (mode 0700), at most 60 bytes long; the same over daemon restarts. */
  readonly procletFolder: string;
  /** Durable records of what runs (mode 0700). */
  readonly recordFolder: string;
  /** The standard streams of the proclets, until they were read (mode 0700). */
  readonly outputFolder: string;
  /** What the apps' components store. */
  readonly appStateFolder: string;
  /** Where they store it instead. */
  readonly stateStore?: StateStoreSpec | undefined;
  readonly sinks: ReplicaSinks;
  /** What proclets started from now on call each other over. Default `unix`. */
  readonly transport?: 'unix' | 'tcp';
  /** Of large messages between proclets started from now on, over TCP. Default `auto`: where it is measured to pay. */
  readonly compression?: 'auto' | 'off';
  /** The address of this host at which they serve those of other hosts; absent on a single host. */
  readonly remoteHost?: string | undefined;
  /** Absent: each version's token is random, for this host alone. */
  readonly deriveToken?: DeriveToken | undefined;
  /** Keys are owned while the leader says so again and again (`lease`): on a fleet. Default false. */
  readonly leased?: boolean;
  /** Pre-started processes that wait, per version with two or more replicas here. Default 0. */
  readonly warmProclets?: number;
  /** Default 2000: they are started when no replica was for so long. */
  readonly warmQuietMs?: number;
  /** Default 30000: one that has not come to wait by then is ended. */
  readonly warmReadyWithinMs?: number;
  /** The real ones by default. */
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly spawner?: ProcessSpawner;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly policy?: Partial<EnvelopePolicy>;
  /** Defaults 2000, 5000 and 1024. */
  readonly healthIntervalMs?: number;
  readonly registerWithinMs?: number;
  readonly maxConnections?: number;
}

/** Leaves room in a socket's address for `/<replica id>-<generation>/<listener>.sock`. */
const MAX_PROCLET_FOLDER_BYTES = 60;
/** What close waits beyond the longest grace, ms; a process that SIGKILL does not end is left then. */
const CLOSE_SLACK_MS = 5000;

/**
 * Takes over what an earlier daemon left running, at once, and starts nothing before the first `setDesired`. What that
 * does not name is stopped: call it only when the desired state is known. Rejects when the folders or the control
 * socket cannot be made; the message says what to mend.
 */
export async function createReplicaHost(options: ReplicaHostOptions): Promise<ReplicaHost> {
  const length = Buffer.byteLength(options.procletFolder);
  if (length > MAX_PROCLET_FOLDER_BYTES) {
    throw new Error(
      `the folder ${options.procletFolder} has a path of ${length} bytes, more than ${MAX_PROCLET_FOLDER_BYTES}; Unix sockets in it would be longer than ${MAX_SOCKET_PATH_BYTES}: choose a shorter runtime folder`,
    );
  }
  await mkdir(options.procletFolder, { recursive: true, mode: 0o700 });
  const clock = options.clock ?? systemClock;
  const records = await ReplicaRecords.open(
    options.recordFolder,
    (path) =>
      options.sinks.onEvent({
        at: clock.now(),
        app: undefined,
        kind: 'record-unreadable',
        message: `${path} is no replica record; it is ignored. A process of that replica, if one runs, is not adopted`,
      }),
    options.deriveToken,
  );
  await endLeftWarmProclets(options.procletFolder, records.all());
  return LocalReplicaHost.open(options, clock, records);
}

class LocalReplicaHost implements ReplicaHost {
  readonly #options: ReplicaHostOptions;
  readonly #clock: Clock;
  readonly #records: ReplicaRecords;
  readonly #routing = new RoutingBoard();
  readonly #output: OutputFolder;
  readonly #warm: WarmPool;
  readonly #envelopeOptions: EnvelopeOptions;
  readonly #envelopes = new Map<string, Envelope>();
  /** Ended under an earlier daemon; they start again if they are wanted. */
  readonly #ended = new Map<string, ReplicaRecord>();
  readonly #listeners: (() => void)[] = [];
  #server: ControlServer | undefined;
  #changeSignalled = false;
  #desiredKnown = false;
  #closing = false;
  #onNoneLeft: (() => void) | undefined;

  private constructor(options: ReplicaHostOptions, clock: Clock, records: ReplicaRecords) {
    this.#options = options;
    this.#clock = clock;
    this.#records = records;
    this.#output = new OutputFolder({
      folder: options.outputFolder,
      clock,
      onProblem: (problem) => options.sinks.onProblem('process output', problem),
    });
    const spawner = options.spawner ?? systemSpawner;
    const environment = options.environment ?? process.env;
    this.#warm = new WarmPool({
      size: options.warmProclets ?? 0,
      quietMs: options.warmQuietMs,
      readyWithinMs: options.warmReadyWithinMs,
      procletFolder: options.procletFolder,
      output: this.#output,
      spawner,
      clock,
      environment,
      onFailure: ({ app }, message) =>
        options.sinks.onEvent({ at: clock.now(), app, kind: 'warm-proclet-failed', message }),
    });
    this.#envelopeOptions = {
      records,
      clock,
      sinks: options.sinks,
      output: this.#output,
      random: options.random ?? Math.random,
      policy: { backoff: DEFAULT_BACKOFF, ...DEFAULT_POLICY, ...options.policy },
      launcher: new ProcletLauncher({
        controlSocket: options.controlSocket,
        procletFolder: options.procletFolder,
        stateFolder: options.appStateFolder,
        stateStore: options.stateStore,
        transport: options.transport ?? 'unix',
        compression: options.compression ?? 'auto',
        remoteHost: options.remoteHost,
        records,
        spawner,
        environment,
        warm: this.#warm,
        output: this.#output,
      }),
      changed: () => this.#changed(),
    };
  }

  static async open(
    options: ReplicaHostOptions,
    clock: Clock,
    records: ReplicaRecords,
  ): Promise<LocalReplicaHost> {
    const host = new LocalReplicaHost(options, clock, records);
    host.#inherit();
    try {
      host.#server = await ControlServer.open({
        socketPath: options.controlSocket,
        clock,
        routing: host.#routing,
        registerWithinMs: options.registerWithinMs ?? 5000,
        healthIntervalMs: options.healthIntervalMs ?? 2000,
        maxConnections: options.maxConnections ?? 1024,
        leased: options.leased ?? false,
        admit: (register) => host.#admit(register),
        onRefused: (reason) =>
          options.sinks.onEvent({
            at: clock.now(),
            app: undefined,
            kind: 'control-refused',
            message: `a control connection was refused: ${reason}`,
          }),
      });
    } catch (reason) {
      await host.close({ stopProclets: false });
      throw reason;
    }
    return host;
  }

  setDesired(replicas: readonly ReplicaSpec[]): void {
    if (this.#closing) return;
    this.#apply(replicas);
    this.#warm.want(replicas);
    if (this.#desiredKnown) return;
    this.#desiredKnown = true;
    for (const record of this.#ended.values()) this.#forgetEnded(record);
    this.#ended.clear();
    this.#output.removeUnfollowed();
  }

  observed(): readonly ObservedReplica[] {
    return [...this.#envelopes.values()]
      .filter((envelope) => !envelope.isGone)
      .map((envelope) => envelope.observed());
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  setRouting(app: string, version: string, routing: readonly ComponentRouting[]): void {
    this.#routing.publish(app, version, routing);
  }

  async askState(replica: ReplicaAddressed, query: StateQuery, timeoutMs: number): Promise<StateAnswer> {
    if (this.#server === undefined) throw new ControlError('CLOSED', 'this daemon is starting or ending');
    return this.#server.askState(replica, query, timeoutMs);
  }

  lease(replicas: readonly LeasedReplica[], until: number): void {
    for (const leased of replicas) this.#envelopes.get(replicaId(leased))?.lease(leased.generation, until);
  }

  async close({ stopProclets }: { readonly stopProclets: boolean }): Promise<void> {
    this.#warm.close();
    if (stopProclets && !this.#closing) await this.#stopAll();
    this.#closing = true;
    await Promise.all([...this.#envelopes.values()].map((envelope) => envelope.release()));
    await this.#server?.close();
    await this.#records.idle();
    this.#output.close();
  }

  async #stopAll(): Promise<void> {
    this.#closing = true;
    this.#apply([]);
    this.#sweep();
    if (this.#envelopes.size === 0) return;
    const graceMs = Math.max(...[...this.#envelopes.values()].map((envelope) => envelope.spec.graceMs));
    const { terminateMs } = this.#envelopeOptions.policy;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(graceMs + 2 * terminateMs + CLOSE_SLACK_MS, resolve);
      this.#onNoneLeft = () => {
        cancel();
        resolve();
      };
    });
  }

  #apply(replicas: readonly ReplicaSpec[]): void {
    this.#sweep();
    const wanted = new Set<string>();
    for (const spec of replicas) {
      const id = replicaId(spec);
      wanted.add(id);
      const envelope = this.#envelopes.get(id);
      if (envelope !== undefined) envelope.want(spec);
      else this.#envelopes.set(id, new Envelope(spec, this.#inheritance(id, spec), this.#envelopeOptions));
    }
    for (const [id, envelope] of this.#envelopes) {
      if (!wanted.has(id)) envelope.unwant();
    }
    this.#changed();
  }

  /** Takes over the processes that run; remembers those that do not. */
  #inherit(): void {
    for (const record of this.#records.all()) {
      const { spec, status, generation, restarts, startedAt } = record;
      if (status === 'ended' || spec === undefined) continue;
      const identity = record.process ?? this.#lookFor(record);
      if (identity === undefined || !isRunning(identity)) {
        this.#ended.set(replicaId(record), record);
        continue;
      }
      const known = { generation, restarts, startedAt, process: identity };
      const inheritance: EnvelopeInheritance =
        status === 'completed'
          ? { kind: 'completed', running: true, ...known }
          : { kind: 'running', ...known };
      this.#envelopes.set(replicaId(record), new Envelope(spec, inheritance, this.#envelopeOptions));
    }
  }

  /** The earlier daemon was killed between the start of the process and its record. */
  #lookFor({ specFile }: ReplicaRecord): ProcessIdentity | undefined {
    if (specFile === undefined) return undefined;
    return findSessionLeaders(PROCLET_SPEC_VARIABLE, (value) => value === specFile)[0];
  }

  #inheritance(id: string, spec: ReplicaSpec): EnvelopeInheritance {
    const record = this.#ended.get(id);
    this.#ended.delete(id);
    if (record?.spec === undefined) return { kind: 'new' };
    const { generation, restarts, startedAt, status } = record;
    this.#forgetFolder(record.spec, generation);
    if (status !== 'completed') return { kind: 'died', generation, restarts, startedAt, reason: '' };
    if (specFingerprint(record.spec) !== specFingerprint(spec)) return { kind: 'new' };
    return { kind: 'completed', running: false, generation, restarts, startedAt };
  }

  #forgetEnded(record: ReplicaRecord): void {
    if (record.spec !== undefined) this.#forgetFolder(record.spec, record.generation);
    this.#records.ended(record).catch((reason: Error) => {
      this.#options.sinks.onProblem('replica records', reason.message);
    });
  }

  #forgetFolder(spec: ReplicaSpec, generation: number): void {
    this.#envelopeOptions.launcher.forget(spec, generation).catch((reason: Error) => {
      this.#options.sinks.onProblem('proclet folder', reason.message);
    });
  }

  async #admit(register: RegisterReplica): Promise<Envelope> {
    const { app, version, replica } = register;
    const token = this.#records.knownToken(app, version);
    if (token === undefined) throw new ControlError('NOT_FOUND', `no ${app} of version ${version} runs here`);
    const given = Buffer.from(register.token);
    const known = Buffer.from(token);
    if (given.length !== known.length || !timingSafeEqual(given, known)) {
      throw new ControlError('UNAUTHENTICATED', `${replica} of ${app}: its token is wrong`);
    }
    const envelope = this.#envelopes.get(replicaId(register));
    if (envelope === undefined || envelope.isGone) {
      throw new ControlError('NOT_FOUND', `${replica} of ${app} ${version} is not to run here`);
    }
    await envelope.admit(register);
    return envelope;
  }

  #changed(): void {
    if (this.#changeSignalled) return;
    this.#changeSignalled = true;
    setImmediate(() => {
      this.#changeSignalled = false;
      this.#sweep();
      for (const listener of this.#listeners) listener();
      if (this.#envelopes.size === 0) this.#onNoneLeft?.();
    });
  }

  #sweep(): void {
    const before = this.#envelopes.size;
    for (const [id, envelope] of this.#envelopes) {
      if (envelope.isGone) this.#envelopes.delete(id);
    }
    if (this.#envelopes.size < before) {
      this.#routing.retain([...this.#envelopes.values()].map((envelope) => envelope.spec));
    }
  }
}
