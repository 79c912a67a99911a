import type { ClusterConfig } from '../config/cluster-config.js';
import type { NatsConfig } from '../config/nats-config.js';
import type { RedisConfig } from '../config/redis-config.js';
import type { DaemonStatus } from './api/api-types.js';
import { serveApi } from './api/server.js';
import { ArtifactStore } from './artifacts/artifact-store.js';
import { alone } from './cluster/alone.js';
import { ClusterLogs } from './cluster/cluster-logs.js';
import type { ClusterPlace } from './cluster/cluster-place.js';
import { askState, serveState } from './cluster/cluster-state.js';
import { queryTraces, serveTraces } from './cluster/cluster-traces.js';
import { serveLog } from './cluster/log-service.js';
import { shareEvents } from './cluster/shared-events.js';
import { controlPlane } from './control-plane.js';
import { daemonBackend } from './daemon-backend.js';
import { DaemonLoad } from './daemon-load.js';
import { type DoctorOptions, diagnose, serveExaminations } from './doctor/doctor.js';
import type { RedisExamination } from './doctor/examination.js';
import { createReplicaHost, type ReplicaHostOptions } from './envelope/create-replica-host.js';
import type { ReplicaHost } from './envelope/replica-host.js';
import { createIngress } from './ingress/ingress-keeper.js';
import type { Ingress, IngressOptions } from './ingress/ingress-routes.js';
import { IngressLoad } from './ingress-load.js';
import { HostLog } from './logs/host-log.js';
import { LogStore } from './logs/log-store.js';
import { EventLog } from './manager/event-log.js';
import type { Manager } from './manager/manager.js';
import { findFreePort } from './manager/port-table.js';
import { Problems } from './problems.js';
import { type Clock, systemClock } from './processes/clock.js';
import { lockFolder } from './state/folder-lock.js';
import {
  prepareStateFolder,
  removeRuntimeFolder,
  StateFolderError,
  type StateLayout,
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
  /** Absent: a host of its own. */
  readonly cluster?: { readonly config: ClusterConfig; readonly nats: NatsConfig } | undefined;
  /** Where the state of apps is kept; absent: in files, on a host of its own. */
  readonly redis?: RedisConfig | undefined;
}

export interface RunningDaemon {
  readonly stateFolder: string;
  readonly apiSocket: string;
  /** Without `stopProclets` they keep serving, and the next daemon adopts them. Idempotent. */
  close(options: { readonly stopProclets: boolean }): Promise<void>;
  /** Resolves when it is closed, by whomever. */
  readonly closed: Promise<void>;
}

/** For the replicas of a host that leaves its cluster to move elsewhere. */
const MAX_LEAVE_MS = 60_000;
const CHECK_MS = 5000;
const TIDY_MS = 3_600_000;
/** For the object store to get back what it has lost. */
const OFFER_MS = 30_000;

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
  events.follow(({ kind, message, app, origin }) => {
    if (origin === undefined) onLog('info', message, { kind, app });
  });
  const problems = new Problems((source, problem) =>
    problem === undefined
      ? onLog('info', `${source}: all is well again`, {})
      : onLog('warn', problem, { source }),
  );
  const artifacts = new ArtifactStore(layout.artifactsFolder);
  const place = await placeOf(options, layout, artifacts, events, problems);
  const { bus } = place;
  closers.push(() => place.close());
  if (!place.isAlone) closers.push(shareEvents(bus, place.subjects, hostName, events));
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
  const replicaHost = await (options.createReplicaHost ?? createReplicaHost)({
    controlSocket: layout.controlSocket,
    procletFolder: layout.procletFolder,
    recordFolder: layout.hostFolder,
    outputFolder: layout.outputFolder,
    appStateFolder: layout.appStateFolder,
    stateStore: options.redis?.store,
    ...(options.transport === undefined ? {} : { transport: options.transport }),
    ...(options.compression === undefined ? {} : { compression: options.compression }),
    warmProclets: options.warmProclets ?? 0,
    remoteHost: place.remoteHost,
    leased: !place.isAlone,
    deriveToken: place.deriveToken,
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

  const hostProblems = () => {
    const state = bus.state();
    if (place.isAlone) problems.set('store', state.kind === 'degraded' ? state.reason : undefined);
    return [...problems.list(), ...bus.problems()];
  };
  const { manager, agent } = controlPlane({
    ...place,
    sharesState: options.redis !== undefined,
    generation: startedAt,
    clock,
    random: Math.random,
    replicaHost,
    ingress,
    bundles: { path: (version) => artifacts.bundlePath(version), fetch: place.fetchArtifact },
    events,
    problems: hostProblems,
    findPort: findFreePort,
  });
  agent.start();
  manager.start();
  closers.push(async ({ stopProclets }) => {
    if (stopProclets && place.isAlone) await manager.drain();
    else if (stopProclets) await agent.emptied(MAX_LEAVE_MS);
    await manager.stop();
    agent.stop({ leaving: stopProclets });
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
  const hostLog = new HostLog(logs, clock);
  const clusterLogs = new ClusterLogs({
    host: hostName,
    local: hostLog,
    bus,
    subjects: place.subjects,
    hosts: () => manager.presence(),
    clock,
  });
  closers.push(() => clusterLogs.close());
  const doctor: DoctorOptions = {
    ...place,
    own: {
      ...place,
      host: hostName,
      weaverd: weaverdVersion(),
      stateFolder: layout.stateFolder,
      secretFiles: [...place.secretFiles, ...(options.redis?.secretFiles ?? [])],
      examineRedis: redisExaminer(options.redis),
    },
    clock,
    hosts: () => manager.presence().present,
    view: () => manager.view(),
  };
  const stated = { host: hostName, replicas: replicaHost, bus, subjects: place.subjects };
  if (!place.isAlone) {
    const served = [
      serveLog(bus, place.subjects, hostName, hostLog),
      serveTraces(bus, place.subjects, hostName, spans),
      serveState(stated),
      serveExaminations(doctor),
    ];
    closers.push(() => served.forEach((each) => void each.close()));
  }
  const traced = {
    host: hostName,
    local: spans,
    bus,
    subjects: place.subjects,
    hosts: () => manager.presence().present,
  };
  const load = new DaemonLoad();
  const ingressLoad = new IngressLoad();
  const weaverd = weaverdVersion();
  const status = (): Omit<DaemonStatus, 'apps' | 'cluster'> => {
    const { pid, rssBytes, state } = ingress.status();
    return {
      weaverd,
      pid: process.pid,
      host: hostName,
      startedAt,
      stateFolder: layout.stateFolder,
      ...(options.redis === undefined ? {} : { sharedState: true }),
      problems: hostProblems(),
      daemon: load.look(),
      ingress: { pid, rssBytes, cpuPercent: ingressLoad.look(pid), state },
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
      logs: clusterLogs,
      traces: (query) => queryTraces(traced, query),
      diagnose: () => diagnose(doctor),
      askState: (request) => askState(stated, request),
      events,
      status,
      cluster: place.status,
      offer: place.offerArtifact,
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
  if (!place.isAlone)
    closers.push(every(clock, OFFER_MS, () => offerAll(manager, artifacts, place, problems)));
  return { stateFolder: layout.stateFolder, apiSocket: layout.apiSocket, close, closed };
}

function redisExaminer(redis: RedisConfig | undefined): (() => Promise<RedisExamination>) | undefined {
  if (redis === undefined) return undefined;
  return async () => {
    const { examineRedis } = await import('./doctor/examine-redis.js'); // loaded when it is needed only
    return examineRedis(redis.store);
  };
}

/** What this host has of the versions in use, for a host that has not. */
function offerAll(manager: Manager, artifacts: ArtifactStore, place: ClusterPlace, problems: Problems): void {
  const offer = async () => {
    for (const version of await manager.versionsInUse())
      if ((await artifacts.describe(version)) !== undefined) await place.offerArtifact(version);
  };
  offer().then(
    () => problems.set('artifact offers', undefined),
    (reason: Error) => problems.set('artifact offers', `artifacts cannot be offered: ${reason.message}`),
  );
}

async function placeOf(
  { hostName, cluster }: DaemonOptions,
  { storeFolder, memoryFolder }: StateLayout,
  artifacts: ArtifactStore,
  events: EventLog,
  problems: Problems,
): Promise<ClusterPlace> {
  const report = (problem: string) => events.tell('store', problem);
  const version = weaverdVersion();
  if (cluster === undefined) return alone({ hostName, version, storeFolder, report });
  const { amongOthers } = await import('./cluster/among-others.js'); // a host of its own needs no NATS client
  return amongOthers({
    hostName,
    version,
    cluster: cluster.config,
    nats: cluster.nats,
    memoryFolder,
    artifacts,
    report,
    onProblem: (source, problem) => problems.set(source, problem),
  });
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
