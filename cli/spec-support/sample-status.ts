import type {
  AppStatus,
  ClusterStatus,
  DaemonStatus,
  GroupStatus,
  HostStatus,
  ListenerStatus,
  LogLine,
  ReplicaStatus,
  TraceSpan,
} from '../../daemon/api/api-types.js';

export const NOW = 1_700_000_000_000;

export function replicaStatus(given: Partial<ReplicaStatus> = {}): ReplicaStatus {
  return {
    replica: 'Cart-0',
    host: 'h1',
    version: 'v1',
    generation: 1,
    state: 'serving',
    pid: 4711,
    address: { kind: 'unix', path: '/run/x.sock' },
    startedAt: NOW - 61_000,
    restarts: 0,
    lastFailure: undefined,
    lastFailedComponent: undefined,
    nextStartAt: undefined,
    rssBytes: 50 * 1024 * 1024,
    cpuPercent: 1.25,
    callsPerSecond: 12.34,
    errorsPerSecond: 0,
    p50Ms: 0.351,
    p99Ms: 12.3,
    handshakesRefused: {},
    compression: [],
    listeners: [],
    ...given,
  };
}

export function groupStatus(given: Partial<GroupStatus> = {}): GroupStatus {
  return { group: 'Cart', components: ['Cart'], desiredReplicas: 1, replicas: [replicaStatus()], ...given };
}

export function listenerStatus(given: Partial<ListenerStatus> = {}): ListenerStatus {
  return {
    name: 'shop',
    component: 'main',
    url: 'http://127.0.0.1:8080',
    state: 'open',
    reason: undefined,
    requestsPerSecond: 3,
    inFlight: 0,
    ...given,
  };
}

export function appStatus(given: Partial<AppStatus> = {}): AppStatus {
  return {
    app: 'boutique',
    version: 'v1',
    state: 'serving',
    reason: undefined,
    deployedAt: NOW - 65_000,
    groups: [groupStatus()],
    listeners: [listenerStatus()],
    ...given,
  };
}

export function daemonStatus(given: Partial<DaemonStatus> = {}): DaemonStatus {
  return {
    weaverd: '0.1.0',
    pid: 99,
    host: 'one',
    startedAt: NOW - 3_600_000,
    stateFolder: '/state',
    problems: [],
    cluster: undefined,
    daemon: { rssBytes: 60 * 1024 * 1024, cpuPercent: 0.2 },
    ingress: { pid: 100, rssBytes: 40 * 1024 * 1024, cpuPercent: 0.1, state: 'serving' },
    apps: [appStatus()],
    ...given,
  };
}

export function hostStatus(given: Partial<HostStatus> = {}): HostStatus {
  return {
    host: 'h1',
    generation: 1,
    state: 'alive',
    draining: false,
    address: '10.0.0.1',
    labels: { zone: 'z1' },
    capacity: { cpus: 4, memoryBytes: 8 * 1024 ** 3, maxReplicas: 200 },
    weaverd: '0.1.0',
    replicas: 2,
    used: { cpuPercent: 12.5, rssBytes: 128 * 1024 * 1024 },
    silentMs: 400,
    problems: [],
    ...given,
  };
}

export function clusterStatus(given: Partial<ClusterStatus> = {}): ClusterStatus {
  return {
    name: 'shop',
    bus: { state: 'connected' },
    leader: { host: 'h1', generation: 1, incarnation: 3 },
    hosts: [hostStatus(), hostStatus({ host: 'h2', address: '10.0.0.2' })],
    ...given,
  };
}

export function logLine(given: Partial<LogLine> = {}): LogLine {
  return {
    time: NOW,
    level: 30,
    component: 'Cart',
    message: 'added',
    fields: {},
    sequence: 1,
    app: 'boutique',
    version: 'v1',
    replica: 'Cart-0',
    source: 'log',
    ...given,
  };
}

export function span(given: Partial<TraceSpan> = {}): TraceSpan {
  return {
    traceId: 't1',
    spanId: 's1',
    parentSpanId: undefined,
    component: 'Cart',
    method: 'items',
    kind: 'server',
    start: NOW,
    durationMs: 2,
    error: undefined,
    app: 'boutique',
    version: 'v1',
    replica: 'Cart-0',
    ...given,
  };
}
