import type { Address } from '../../sdk/protocol/address.js';
import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { CompressionLoad, LogEntry, Span } from '../../sdk/protocol/control.js';
import type { StateQuery } from '../../sdk/protocol/state-query.js';

/**
 * The daemon's local API: JSON over HTTP on the Unix socket `<runtime folder>/api.sock` (mode 0600). Errors are
 * `{error: {code, message, mend?}}` with a 4xx or 5xx status. The CLI is one client of it.
 *
 * | method and path                          | body → answer                                   |
 * |------------------------------------------|-------------------------------------------------|
 * | GET  /v1/status                          | → DaemonStatus                                  |
 * | GET  /v1/apps/:app                       | → AppStatus                                     |
 * | GET  /v1/artifacts/:version              | → AppDescription, or 404                        |
 * | PUT  /v1/artifacts/:version/:file        | raw bytes → {}; `app.json` last, which seals it |
 * | POST /v1/deploy                          | DeployRequest → DeployReply                     |
 * | POST /v1/apps/:app/stop                  | StopRequest → {}                                |
 * | GET  /v1/apps/:app/history               | → HistoryEntry[], newest first                  |
 * | GET  /v1/hosts                           | → HostsReply                                    |
 * | POST /v1/hosts/:host/drain, undrain, remove | → {}; 404 NO_SUCH_HOST, 409 HOST_IN_USE      |
 * | GET  /v1/plan                            | → PlanView                                      |
 * | GET  /v1/doctor                          | → DoctorReport                                  |
 * | GET  /v1/routing/:component?app          | → RoutingView[], of each app that has it        |
 * | GET  /v1/logs?app&component&replica&level&from&since&limit&follow=1 | → LogItem per line (NDJSON) |
 * | GET  /v1/traces?app&trace&limit          | → TracesReply                                   |
 * | GET  /v1/events?limit&follow=1           | → DaemonEvent per line (NDJSON)                 |
 * | POST /v1/state                           | StateRequest → StateAnswer of its query's kind  |
 * | POST /v1/shutdown                        | ShutdownRequest → {}                            |
 */
export interface DaemonStatus {
  readonly weaverd: string;
  readonly pid: number;
  readonly host: string;
  readonly startedAt: number;
  readonly stateFolder: string;
  /** Why the daemon is degraded, such as a full disk; empty when all is well. */
  readonly problems: readonly string[];
  readonly daemon: { readonly rssBytes: number; readonly cpuPercent: number };
  /** What apps store is in a store of its own (Redis), not on the disks of hosts. */
  readonly sharedState?: boolean | undefined;
  readonly ingress: {
    readonly pid: number | undefined;
    readonly rssBytes: number;
    readonly cpuPercent: number;
    readonly state: ReplicaState;
  };
  /** Undefined for a host of its own. */
  readonly cluster: ClusterStatus | undefined;
  readonly apps: readonly AppStatus[];
}

/** The cluster as its leader sees it. */
export interface ClusterStatus {
  readonly name: string;
  /** How this daemon reaches the others. */
  readonly bus: {
    readonly state: 'connected' | 'connecting' | 'degraded' | 'closed';
    readonly reason?: string;
  };
  /** Undefined while none is known, or it does not answer; then there are no hosts here, and apps without replicas. */
  readonly leader: LeaderStatus | undefined;
  /** Sorted by host. */
  readonly hosts: readonly HostStatus[];
}

export interface LeaderStatus {
  readonly host: string;
  readonly generation: number;
  /** Of the control plane: rises with each leader. */
  readonly incarnation: number;
}

export interface HostStatus {
  readonly host: string;
  readonly generation: number;
  /** `suspect`: silent for a while; `dead`: for so long that its replicas run elsewhere; `left`: it was stopped. */
  readonly state: 'alive' | 'suspect' | 'dead' | 'left';
  /** Its replicas are to run elsewhere. */
  readonly draining: boolean;
  readonly address: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: { readonly cpus: number; readonly memoryBytes: number; readonly maxReplicas: number };
  readonly weaverd: string;
  readonly replicas: number;
  /** By its replicas, as they measured last; undefined until they did. */
  readonly used?: { readonly cpuPercent: number; readonly rssBytes: number } | undefined;
  /** Since its last report. */
  readonly silentMs: number;
  readonly problems: readonly string[];
}

/** The hosts of a cluster; of a host of its own that one. */
export interface HostsReply {
  /** Name of the cluster; undefined for a host of its own. */
  readonly cluster: string | undefined;
  /** Undefined while none answers; then there are no hosts here. */
  readonly leader: LeaderStatus | undefined;
  /** Sorted by host. */
  readonly hosts: readonly HostStatus[];
}

/**
 * `drain`: its replicas move to other hosts, and no new ones come; `undrain` ends that, and lets a removed one in again;
 * `remove`: its daemon is refused from now on.
 */
export type HostChange = 'drain' | 'undrain' | 'remove';

export interface DoctorReport {
  /** Nothing is a problem. */
  readonly ok: boolean;
  /** Problems first. */
  readonly findings: readonly Finding[];
}

export interface Finding {
  /** What was looked at, such as `clocks`. */
  readonly check: string;
  /** `note`: what may be intended, or cannot be seen. */
  readonly level: 'problem' | 'note' | 'ok';
  /** Where it was found; absent: it is of all. */
  readonly host?: string | undefined;
  readonly message: string;
  /** What the reader can do. */
  readonly mend?: string | undefined;
}

/** Why everything is where it is, in words. */
export interface PlanView {
  readonly apps: readonly {
    readonly app: string;
    readonly groups: readonly {
      readonly version: string;
      readonly group: string;
      /** Why so many replicas. */
      readonly explanation: string;
      readonly replicas: readonly { readonly replica: string; readonly explanation: string }[];
    }[];
  }[];
}

/** Where the keys of a component are, in the version that serves. Loads: milliseconds of calls a second (see KeyLoad). */
export interface RoutingView {
  readonly app: string;
  readonly version: string;
  readonly component: string;
  readonly epoch: number;
  /** It has methods with a routing key; otherwise there are no slices. */
  readonly routed: boolean;
  /** A replica has reported load; otherwise all loads here are 0. */
  readonly measured: boolean;
  /** Those that serve; `share` is that of the key space, 0 to 1. */
  readonly replicas: readonly {
    readonly replica: string;
    readonly host: string;
    readonly slices: number;
    readonly share: number;
    readonly load: number;
  }[];
  /** Its keys have one owner at a time. */
  readonly owned: boolean;
  /** Of the 32-bit hash space, each up to the next one's start. */
  readonly slices: readonly {
    readonly start: number;
    /** Empty while nobody acts for its keys, which are being handed over. */
    readonly replica: string;
    /** Replicas that serve its key as well, since it is hot; callers choose between them. */
    readonly others?: readonly string[];
    readonly load: number;
    /** Of an owned component: the fencing number. */
    readonly epoch?: number;
    /** Who has to let go of the keys before another may have them, in words. */
    readonly heldBy?: string;
  }[];
}

export interface AppStatus {
  readonly app: string;
  /** The version that is desired. */
  readonly version: string;
  /** `deploying`: the desired version is not wholly serving yet; `degraded`: some replicas are not. */
  readonly state: 'deploying' | 'serving' | 'degraded' | 'stopping' | 'stopped' | 'completed' | 'failed';
  /** Why it is not serving, in words, with the mend where one is known. */
  readonly reason: string | undefined;
  readonly deployedAt: number;
  readonly groups: readonly GroupStatus[];
  readonly listeners: readonly ListenerStatus[];
}

export interface GroupStatus {
  readonly group: string;
  readonly components: readonly string[];
  readonly desiredReplicas: number;
  readonly replicas: readonly ReplicaStatus[];
}

/**
 * `waiting`: to be started after a back-off; `crash-loop`: the same, after several crashes in a row; `adopting`: a
 * restarted daemon waits for it to register.
 */
export type ReplicaState =
  | 'waiting'
  | 'starting'
  | 'adopting'
  | 'serving'
  | 'draining'
  | 'completed'
  | 'crash-loop'
  | 'failed'
  | 'stopped';

export interface ReplicaStatus {
  readonly replica: string;
  readonly version: string;
  readonly host: string;
  readonly generation: number;
  readonly state: ReplicaState;
  readonly pid: number | undefined;
  readonly address: Address | undefined;
  /** For the replicas of other hosts; undefined on a host of its own. */
  readonly remoteAddress?: Address | undefined;
  /** Unix ms of this generation's start. */
  readonly startedAt: number | undefined;
  readonly restarts: number;
  /** How the last generation ended, or why this one is not serving. */
  readonly lastFailure: string | undefined;
  /** The component, or `main`, that ended the last generation by an error of its own; undefined for any other end. */
  readonly lastFailedComponent: string | undefined;
  /** Unix ms of the next start, while `waiting` or `crash-loop`. */
  readonly nextStartAt: number | undefined;
  readonly rssBytes: number;
  readonly cpuPercent: number;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly handshakesRefused: Readonly<Record<string, number>>;
  /** Its connections to other replicas over which it has sent something compressed. */
  readonly compression: readonly CompressionLoad[];
  /** Sockets behind the public listeners. */
  readonly listeners: readonly { readonly name: string; readonly address: Address }[];
}

export interface ListenerStatus {
  readonly name: string;
  readonly component: string;
  /** Where the ingress serves it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** `failed`: the port could not be had; `reason` says why. */
  readonly state: 'opening' | 'open' | 'failed';
  readonly reason: string | undefined;
  readonly requestsPerSecond: number;
  readonly inFlight: number;
}

export interface DeployRequest {
  readonly version: string;
  /** The manifest, as parsed and validated by config/app-manifest.ts. */
  readonly manifest: unknown;
  /** What is asked of the types of states; `both-ways` by default. */
  readonly stateCheck?: StateCheck | undefined;
}
/**
 * `forward`: the version can read what was stored before; `both-ways`: versions before can read what it stores, too;
 * `none`: what does not fit is only warned of.
 */
export type StateCheck = 'both-ways' | 'forward' | 'none';
export interface DeployReply {
  readonly app: string;
  readonly version: string;
  /** The same version and manifest were desired already. */
  readonly unchanged: boolean;
  /** Absent when there are none. */
  readonly warnings?: readonly string[];
}
/** Asks one replica about the state it keeps. */
export interface StateRequest {
  readonly host: string;
  readonly app: string;
  readonly version: string;
  readonly replica: string;
  readonly query: StateQuery;
}
export interface StopRequest {
  /** Forget the app's desired state and history too. */
  readonly remove: boolean;
}
export interface ShutdownRequest {
  /** Stop the proclets too; otherwise they keep serving and the next daemon adopts them. */
  readonly stopProclets: boolean;
}
export interface HistoryEntry {
  readonly app: string;
  readonly version: string;
  readonly at: number;
  readonly action: 'deployed' | 'stopped';
  readonly user: string;
}
export interface LogLine extends LogEntry {
  /** Rises with each line of its host, also over restarts of the daemon. */
  readonly sequence: number;
  /** Whose daemon has it. Absent in that daemon's own log. */
  readonly host?: string | undefined;
  readonly app: string;
  readonly version: string;
  readonly replica: string;
  /** The structured log, or what the process wrote to a standard stream. */
  readonly source: 'log' | 'stdout' | 'stderr';
}
/** Up to where the logs are known. As text, JSON, it is what `since` takes. */
export interface LogCursor {
  /** Of hosts that are not named in `after`: what is not older than this, Unix ms. */
  readonly from: number;
  /** By host the sequence after which to go on. */
  readonly after: Readonly<Record<string, number>>;
}
/** What stands between the lines of an answer. */
export type LogNotice =
  /** After the lines that there were; with the newest line of each host that came since, it is where to go on. */
  | { readonly cursor: LogCursor }
  /** A host does not answer: its lines are missing. */
  | { readonly missing: string; readonly reason: string }
  /** One that did not does answer again: its lines come, too. */
  | { readonly found: string }
  /** The last word to a reader that is too slow. */
  | { readonly cut: string };
export type LogItem = LogLine | LogNotice;
export interface TracesReply {
  /** By their start. */
  readonly spans: readonly TraceSpan[];
  /** Hosts that do not answer, and why. */
  readonly missing: readonly { readonly host: string; readonly reason: string }[];
}
export interface TraceSpan extends Span {
  /** Whose daemon has it. Absent in that daemon's own store. */
  readonly host?: string | undefined;
  readonly app: string;
  readonly version: string;
  readonly replica: string;
}
export interface DaemonEvent {
  readonly at: number;
  readonly app: string | undefined;
  /** Of what concerns one host of a cluster. */
  readonly host?: string | undefined;
  /** The host whose daemon told it; absent: this one's. */
  readonly origin?: string | undefined;
  readonly kind: string;
  readonly message: string;
}
export type { AppDescription };
export interface ApiErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly mend?: string };
}
