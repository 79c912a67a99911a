import type { DaemonStatus } from './api/api-types.js';
import { serveApi } from './api/server.js';
import { ArtifactStore } from './artifacts/artifact-store.js';
import { LocalBus } from './bus/local-bus.js';
import { subjectsOf } from './bus/subjects.js';
import { controlPlane } from './control-plane.js';
import { daemonBackend } from './daemon-backend.js';
import { DaemonLoad } from './daemon-load.js';
import { createReplicaHost, type ReplicaHostOptions } from './envelope/create-replica-host.js';
import type { ReplicaHost } from './envelope/replica-host.js';
import { volatileEpochs } from './host/epoch-fence.js';
import { createIngress } from './ingress/ingress-keeper.js';
import type { Ingress, IngressOptions } from './ingress/ingress-routes.js';
import { MAX_TTL_MS } from './leader/lease-record.js';
import { LogStore } from './logs/log-store.js';
import { EventLog } from './manager/event-log.js';
import { findFreePort } from './manager/port-table.js';
import { PROTOCOL } from './membership/compatibility.js';
import { Problems } from './problems.js';
import { type Clock, systemClock } from './processes/clock.js';
import { lockFolder } from './state/folder-lock.js';
import {
  prepareStateFolder,
  removeRuntimeFolder,
  StateFolderError,
  stateLayout,
} from './state/state-folder.js';
import { SpanStore } from './telemetry/span-store.js';
import { weaverdVersion } from './weaverd-version.js';

export interface DaemonOptions {
  /** Made when absent. One daemon at a time. */
  readonly stateFolder: string;
  readonly hostName: string;
  /** What the proclets call each other over. Default `unix`. */
  readonly transport?: 'unix' | 'tcp';
  /** Of large messages between proclets, over TCP. Default `auto`: where it is measured to pay. */
  readonly compression?: 'auto' | 'off';
  /** Pre-started processes per version with two or more replicas. Default 0. */
  readonly warmProclets?: number;
  /** The daemon's own log: what happened, and lasting problems as they begin and end. */
  readonly onLog: (level: 'info' | 'warn' | 'error', message: string, fields: object) => void;
  /** The real ones by default. */
  readonly createReplicaHost?: (options: ReplicaHostOptions) => Promise<ReplicaHost>;
  readonly createIngress?: (options: IngressOptions) => Promise<Ingress>;
  readonly clock?: Clock;
}

export interface RunningDaemon {
  readonly stateFolder: string;
  readonly apiSocket: string;
  /** Without `stopProclets` they keep serving, and the next daemon adopts them. Idempotent. */
  close(options: { readonly stopProclets: boolean }): Promise<void>;
  /** Resolves when it is closed, by whomever. */
  readonly closed: Promise<void>;
}

/** Name of the cluster that a daemon without others is. */
const LOCAL_CLUSTER = 'local';
/** Installation of a host that is alone: there is no other to tell it from. */
const ALONE = 'alone';
const BOUNDLESS = {
  cpus: Number.MAX_SAFE_INTEGER,
  memoryBytes: Number.MAX_SAFE_INTEGER,
  maxReplicas: Number.MAX_SAFE_INTEGER,
};
const CHECK_MS = 5000;
const TIDY_MS = 3_600_000;

/**
 * Everything of one daemon. Rejects with FolderLockedError when another runs on the state folder, or with what cannot be
 * had; then nothing stays open.
 */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const closers: ((options: { readonly stopProclets: boolean }) => Promise<void> | void)[] = [];
  const closeAll = async (how: { readonly stopProclets: boolean }) => {
    for (const closer of closers.splice(0).reverse()) await closer(how);
  };
  try {
    return await compose(options, closers, closeAll);
  } catch (reason) {
    await closeAll({ stopProclets: false });
    throw isDiskFull(reason) ? diskFullError(options.stateFolder, reason) : reason;
  }
}

function isDiskFull(reason: unknown): boolean {
  const { code } = reason as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

function diskFullError(stateFolder: string, cause: unknown): StateFolderError {
  return new StateFolderError(
    `the disk is full: ${stateFolder} cannot be written; free some space and start again. What runs goes on meanwhile`,
    { cause },
  );
}

async function compose(
  options: DaemonOptions,
  closers: ((options: { readonly stopProclets: boolean }) => Promise<void> | void)[],
  closeAll: (options: { readonly stopProclets: boolean }) => Promise<void>,
): Promise<RunningDaemon> {
  const { hostName, onLog } = options;
  const clock = options.clock ?? systemClock;
  const startedAt = clock.now();
  const layout = stateLayout(options.stateFolder);
  await prepareStateFolder(layout);
  const lock = await lockFolder(layout.lockFolder, layout.stateFolder);
  closers.push(() => lock.release());

  const events = new EventLog(() => clock.now());
  events.follow(({ kind, message, app }) => onLog('info', message, { kind, app }));
  const problems = new Problems((source, problem) =>
    problem === undefined
      ? onLog('info', `${source}: all is well again`, {})
      : onLog('warn', problem, { source }),
  );
  const bus = await LocalBus.open({
    folder: layout.storeFolder,
    report: (problem) => events.tell('store', problem),
  });
  closers.push(() => bus.close());
  const logs = await LogStore.open({
    folder: layout.logFolder,
    clock,
    onProblem: (app, problem) => problems.set(`log of ${app}`, problem),
  });
  closers.push(() => logs.close());
  events.follow(({ kind, app }) => {
    if (kind !== 'removed' || app === undefined) return;
    logs.remove(app).then(
      () => problems.set(`log of ${app}`, undefined),
      (reason: Error) => problems.set(`log of ${app}`, `the log of ${app} is not removed: ${reason.message}`),
    );
  });
  const spans = new SpanStore();
  const artifacts = new ArtifactStore(layout.artifactsFolder);

  const replicaHost = await (options.createReplicaHost ?? createReplicaHost)({
    controlSocket: layout.controlSocket,
    procletFolder: layout.procletFolder,
    recordFolder: layout.hostFolder,
    outputFolder: layout.outputFolder,
    ...(options.transport === undefined ? {} : { transport: options.transport }),
    ...(options.compression === undefined ? {} : { compression: options.compression }),
    warmProclets: options.warmProclets ?? 0,
    clock,
    sinks: {
      onLog: (line) => void logs.append(line),
      onLoad: () => undefined, // `observed` has the newest
      onSpans: (found) => spans.append(found),
      onEvent: (event) => events.add(event),
      onProblem: (source, problem) => problems.set(source, problem),
    },
  });
  closers.push((how) => replicaHost.close(how));
  const ingress = await (options.createIngress ?? createIngress)({
    socketPath: layout.ingressSocket,
    folder: layout.ingressFolder,
    recordFile: layout.ingressRecord,
    logFolder: layout.logFolder,
    onEvent: (event) => events.add(event),
    onLog: ({ level, message, fields }) =>
      onLog(level >= 50 ? 'error' : level >= 40 ? 'warn' : 'info', message, { ...fields, part: 'ingress' }),
  });
  closers.push(({ stopProclets }) => ingress.close({ stop: stopProclets }));

  const subjects = subjectsOf(LOCAL_CLUSTER);
  const hostProblems = () => {
    const state = bus.state();
    problems.set('store', state.kind === 'degraded' ? state.reason : undefined);
    return problems.list();
  };
  const { manager, agent } = controlPlane({
    facts: {
      host: hostName,
      installation: ALONE,
      address: undefined,
      labels: {},
      capacity: BOUNDLESS,
      version: weaverdVersion(),
      protocol: PROTOCOL,
    },
    generation: startedAt,
    bus,
    subjects,
    clock,
    random: Math.random,
    replicaHost,
    ingress,
    bundles: {
      path: (version) => artifacts.bundlePath(version),
      fetch: async () => undefined, // it was uploaded to this very host
    },
    epochs: volatileEpochs(),
    events,
    problems: hostProblems,
    findPort: findFreePort,
    // The folder is locked: whoever had the lease has gone. And nobody waits for it.
    lease: { ttlMs: MAX_TTL_MS, replacesPredecessor: true },
  });
  agent.start();
  manager.start();
  closers.push(async ({ stopProclets }) => {
    if (stopProclets) await manager.drain();
    await manager.stop();
    agent.stop({ leaving: false });
  });
  closers.push(every(clock, CHECK_MS, () => bus.state().kind === 'degraded' && void bus.check()));

  const tidy = () => {
    manager
      .versionsInUse()
      .then((versions) => artifacts.removeAllBut(versions, clock.now()))
      .then(
        () => problems.set('artifacts', undefined),
        (reason: Error) => problems.set('artifacts', `old artifacts are not removed: ${reason.message}`),
      );
  };
  const load = new DaemonLoad();
  const weaverd = weaverdVersion();
  const status = (): Omit<DaemonStatus, 'apps' | 'cluster'> => {
    const { pid, rssBytes, state } = ingress.status();
    return {
      weaverd,
      pid: process.pid,
      host: hostName,
      startedAt,
      stateFolder: layout.stateFolder,
      problems: hostProblems(),
      daemon: load.look(),
      ingress: { pid, rssBytes, state },
    };
  };

  let onClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  });
  let closing: Promise<void> | undefined;
  const close = (how: { readonly stopProclets: boolean }) => {
    closing ??= closeAll(how).finally(onClosed);
    return closing;
  };
  const api = await serveApi(
    layout.apiSocket,
    daemonBackend({
      manager,
      artifacts,
      logs,
      spans,
      events,
      status,
      cluster: () => undefined,
      deployed: tidy,
      shutdown: (how) => {
        // After the answer is on its way.
        setImmediate(() => {
          close(how).catch((reason: Error) => onLog('error', `closing failed: ${reason.message}`, {}));
        });
      },
    }),
    (error) => onLog('error', error.message, { stack: error.stack }),
  );
  // The API answers until everything else has ended, so that one can watch; but not beyond the lock, since closing it
  // removes a socket that would be the next daemon's.
  closers.splice(
    1,
    0,
    ({ stopProclets }) => (stopProclets ? removeRuntimeFolder(layout) : undefined),
    () => api.close(),
  );
  tidy();
  closers.push(every(clock, TIDY_MS, tidy));
  return { stateFolder: layout.stateFolder, apiSocket: layout.apiSocket, close, closed };
}

function every(clock: Clock, intervalMs: number, run: () => void): () => void {
  let cancel: () => void = () => undefined;
  const again = () => {
    cancel = clock.after(intervalMs, () => {
      run();
      again();
    });
  };
  again();
  return () => cancel();
}
