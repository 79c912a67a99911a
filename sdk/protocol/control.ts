import type { Address } from './address.js';
import type { StateAnswer, StateQuery } from './state-query.js';
import type { StateStoreSpec } from './state-store.js';

/**
 * The messages between a proclet and its envelope: JSON, one length-prefixed frame each (control-channel.ts), over
 * the daemon's Unix socket. The proclet connects, and reconnects for ever, so that a restarted daemon finds it again.
 *
 * Compatibility: a newer daemon serves an older proclet. Fields are only added, never changed; receivers ignore
 * unknown fields and unknown notifications; a request of an unknown method is answered with an error.
 */
export const CONTROL_PROTOCOL = 1;

/** Handed to a new process as a file (mode 0600) named by the environment variable {@link PROCLET_SPEC_VARIABLE}. */
export interface ProcletSpec {
  readonly protocol: number;
  readonly app: string;
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  readonly generation: number;
  /** The daemon's control socket. */
  readonly controlSocket: string;
  /** Shared by the proclets of one version of one app; the daemon's and each handshake's proof. Secret. */
  readonly token: string;
  /** Where the proclet serves calls. A TCP port of 0 asks for any. */
  readonly serveAt: Address;
  /** Where it serves the proclets of other hosts as well; absent on a single host. */
  readonly serveRemotelyAt?: Address | undefined;
  /** Folder (mode 0700) for the sockets of the listeners this proclet opens. */
  readonly socketFolder: string;
  /** Where this host keeps the app's state; absent where there is none: on a host of a cluster, or with an older daemon. */
  readonly stateFolder?: string | undefined;
  /** The store that the daemon's hosts share, which goes before `stateFolder`. Secret. Absent where there is none, or with an older daemon. */
  readonly stateStore?: StateStoreSpec | undefined;
  /** Of large messages, over TCP. Absent from an older daemon: `auto`, where it is measured to pay. */
  readonly compression?: 'auto' | 'off';
}

export const PROCLET_SPEC_VARIABLE = 'WEAVERD_PROCLET';

// Proclet to envelope: requests (Table 1 of the paper) -------------------------------------------------

/** First on every connection. Alive and serving at `address`; idempotent, so also used to be re-adopted. */
export interface RegisterReplica {
  readonly protocol: number;
  readonly token: string;
  readonly app: string;
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  readonly generation: number;
  readonly pid: number;
  readonly address: Address;
  /** Where other hosts reach it; absent when they cannot. */
  readonly remoteAddress?: Address | undefined;
  /** What it hosts already; empty on the first registration. */
  readonly hosting: readonly string[];
  readonly listeners: readonly ListenerOpened[];
  readonly phase: ProcletPhase;
}
export interface RegisterReplicaReply {
  /** How often to send Health, ms. */
  readonly healthIntervalMs: number;
}

/** Which components this proclet hosts, and what they need. */
export type ComponentsToHost = Record<string, never>;
export interface ComponentsToHostReply {
  readonly components: readonly {
    readonly name: string;
    /** The manifest's `[components.X.config]`; an empty object when absent. */
    readonly config: unknown;
    /** Name of the implementing component when the manifest chooses one. */
    readonly implementation: string | undefined;
    /** Its keys have one owner at a time: the proclet follows its own routing (StartComponent) and acts only for what that gives it. */
    readonly owned?: boolean | undefined;
  }[];
  /** What is owned is owned while an OwnershipLease says so. Absent: for as long as the routing does. */
  readonly leased?: boolean | undefined;
  /** Run the app's main function here. */
  readonly main: boolean;
  /** Config of `main`. */
  readonly mainConfig: unknown;
  /** Deadline of calls that set none, ms. */
  readonly defaultTimeoutMs: number;
  /** What an acknowledged write of state survives. Absent from an older daemon: `always`. */
  readonly stateDurability?: 'always' | 'everysec' | 'none' | undefined;
}

/** A component is needed that is not hosted here: make sure that it runs, and push its routing from now on. */
export interface StartComponent {
  readonly component: string;
}
export interface StartComponentReply {
  readonly routing: ComponentRouting;
}

// Proclet to envelope: notifications --------------------------------------------------------------------

/** `starting` until every hosted component's `start` resolved; `completed`: main returned and nothing else is served. */
export type ProcletPhase = 'starting' | 'serving' | 'draining' | 'completed';

export interface Health {
  readonly phase: ProcletPhase;
  /** Since the proclet started, ms. */
  readonly uptimeMs: number;
}

/** Over the last interval. */
export interface Load {
  readonly intervalMs: number;
  /** User + system CPU time, ms. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  /** 0 to 1. */
  readonly eventLoopUtilization: number;
  /** Calls served per component method, those of co-located callers included; handshake refusals by reason, since start. */
  readonly methods: readonly MethodLoad[];
  readonly handshakesRefused: Readonly<Record<string, number>>;
  /** The open connections over which something was sent compressed. Absent from older proclets. */
  readonly compression?: readonly CompressionLoad[] | undefined;
  /** Of the components that were called with a routing key; absent from older proclets. */
  readonly keys?: readonly KeyLoad[] | undefined;
}
/**
 * How the load of a routed component lies over the 32-bit hash space, as one replica served it of late (the half-life is
 * 10 s). Loads are in milliseconds of calls a second: the number of calls, each for as long as its method usually takes
 * when nothing holds it up.
 */
export interface KeyLoad {
  readonly component: string;
  /** The space is in 2^bits buckets; at most 14. */
  readonly bits: number;
  /** Those with load, rising; at most 512. */
  readonly buckets: readonly number[];
  /** Of each of them, without the hot keys. */
  readonly loads: readonly number[];
  /** Keys with much of the load, by hash, the hottest first; at most 64. */
  readonly hotKeys: readonly { readonly hash: number; readonly load: number }[];
}
/** What this process sends to another replica over one connection; both sums since it was opened. */
export interface CompressionLoad {
  readonly peer: string;
  /** Undefined: what is sent now is not compressed, since that does not pay at present. */
  readonly level?: number | undefined;
  /** Of the bodies that were sent compressed: before, and after. */
  readonly plainBytes: number;
  readonly compressedBytes: number;
}
export interface MethodLoad {
  readonly component: string;
  readonly method: string;
  /** Where the calls came from: a component's name, `main`, or empty when unknown. */
  readonly caller: string;
  readonly remote: boolean;
  readonly calls: number;
  readonly errors: number;
  /** Milliseconds; of the calls that were timed, 0 when none was. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface ListenerOpened {
  readonly name: string;
  readonly address: Address;
}

/**
 * Of a component whose keys have one owner at a time: this replica acts for no key that the routing of `epoch` does not give it, and
 * what it did for others has ended. Said after each such routing, and again on each connection.
 */
export interface OwnershipSettled {
  readonly component: string;
  readonly epoch: number;
}

export interface Logs {
  readonly entries: readonly LogEntry[];
  /** Entries dropped since the last message because a bound was reached. */
  readonly dropped: number;
}
export interface LogEntry {
  /** Unix time, ms. */
  readonly time: number;
  /** pino's: 10 trace … 60 fatal. */
  readonly level: number;
  readonly component: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Traces {
  readonly spans: readonly Span[];
  readonly dropped: number;
}
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly component: string;
  readonly method: string;
  readonly kind: 'server' | 'client';
  /** Unix time, ms, with fraction. */
  readonly start: number;
  readonly durationMs: number;
  /** A RemoteCallErrorCode, the class of the thrown error, or undefined on success. */
  readonly error: string | undefined;
}

/** The proclet cannot go on: a component's `start` threw, or main did. It exits after this. */
export interface Failed {
  readonly component: string;
  readonly message: string;
  readonly stack: string | undefined;
}

// Envelope to proclet: notifications ----------------------------------------------------------------------

/** The whole newest routing of one component; replaces what was known. */
export interface ComponentRouting {
  readonly component: string;
  /** Only rises; a receiver ignores an older one. */
  readonly epoch: number;
  readonly replicas: readonly RoutedReplica[];
  /** For components with `routing`: see slice-table.ts. */
  readonly assignment: SliceAssignment | undefined;
}
export interface RoutedReplica {
  readonly replica: string;
  readonly group: string;
  readonly generation: number;
  readonly address: Address;
  /** On another host than the one that is told: each host counts its generations, so one of the same name is not this. */
  readonly elsewhere?: true | undefined;
}
/** Slices of the 32-bit hash space: slice i is [starts[i], starts[i+1]), starts[0] = 0, owned by `replicas[owners[i]]`. */
export interface SliceAssignment {
  readonly starts: readonly number[];
  /** {@link NO_OWNER}: nobody acts for its keys at present, since they are being handed over. */
  readonly owners: readonly number[];
  /**
   * Of a component whose keys have one owner at a time: the fencing number of each slice. That of a key only rises, and does
   * with each change of its owner. Absent for others.
   */
  readonly epochs?: readonly number[] | undefined;
  /**
   * By slice, the replicas that own it beside `owners[i]`: those of a key that is too hot for one. Absent when no slice has any;
   * a receiver that does not know them goes to the first.
   */
  readonly others?: readonly (readonly number[])[] | undefined;
}
export const NO_OWNER = -1;

/**
 * On a fleet: until when this host's replicas may act for the keys they own, ms on the host's monotonic clock (CLOCK_MONOTONIC,
 * `process.hrtime`), which all its processes share. Replaced by a later one; it never becomes earlier.
 */
export interface OwnershipLease {
  readonly until: number;
}

/** Finish what is in flight, stop the components, exit with 0; after `graceMs` the process is killed. */
export interface Shutdown {
  readonly graceMs: number;
}

// Envelope to proclet: requests ---------------------------------------------------------------------------

export interface EnvelopeRequests {
  /** From a daemon that is asked by `weaverd state`. An older proclet refuses it as UNKNOWN_METHOD. */
  State: { request: StateQuery; reply: StateAnswer };
}

// All together ---------------------------------------------------------------------------------------------

export interface ProcletRequests {
  RegisterReplica: { request: RegisterReplica; reply: RegisterReplicaReply };
  ComponentsToHost: { request: ComponentsToHost; reply: ComponentsToHostReply };
  StartComponent: { request: StartComponent; reply: StartComponentReply };
}
export interface ProcletNotifications {
  Health: Health;
  Load: Load;
  ListenerOpened: ListenerOpened;
  OwnershipSettled: OwnershipSettled;
  Logs: Logs;
  Traces: Traces;
  Failed: Failed;
}
export interface EnvelopeNotifications {
  Routing: ComponentRouting;
  OwnershipLease: OwnershipLease;
  Shutdown: Shutdown;
}

export type ControlErrorCode =
  | 'UNKNOWN_METHOD'
  | 'UNAUTHENTICATED'
  | 'STALE_GENERATION'
  | 'UNSUPPORTED_PROTOCOL'
  | 'NOT_FOUND'
  | 'INTERNAL';
