import type { Address } from '../../sdk/protocol/address.js';
import type { LogEntry } from '../../sdk/protocol/control.js';
import type { DaemonEvent, ReplicaState } from '../api/api-types.js';

/** One public listener of an app, and the replicas that serve it. The key is (app, listener). */
export interface IngressRoute {
  readonly app: string;
  readonly listener: string;
  readonly component: string;
  /** Address to bind. */
  readonly host: string;
  /** Port to bind; 0: a free one, which stays the same over restarts as long as nobody else takes it. */
  readonly port: number;
  /** Serves HTTPS with them; absent: HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** Addresses and ranges (CIDR) whose X-Forwarded headers are believed, beside those of this host. Absent: none. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Each exchange is written to the ingress's access log. Absent: not. */
  readonly accessLog?: boolean | undefined;
  /** May be empty: requests then wait a moment for one to appear. */
  readonly backends: readonly IngressBackend[];
}

/** PEM files, by their absolute paths. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Another generation or address is another backend: the one it replaces drains. */
export interface IngressBackend {
  readonly replica: string;
  readonly version: string;
  readonly generation: number;
  readonly address: Address;
}

export interface IngressListenerStatus {
  readonly app: string;
  readonly listener: string;
  /** With the port that was bound; with the one asked for while `opening` or `failed`. */
  readonly url: string;
  /** `closing`: no longer in the routes, and finishing its requests; the same listener may be there again beside it. */
  readonly state: 'opening' | 'open' | 'failed' | 'closing';
  /** Why it failed and the mend; opening is tried again with back-off. */
  readonly reason?: string;
  /** This and the next three are over the last two seconds, 0 when idle. */
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  /** From the request's arrival to the head of its answer. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers since the ingress started, `1xx` (upgrades) to `5xx`, and `aborted` by their clients before an answer. */
  readonly answers: Readonly<Record<string, number>>;
  /** Requests and tunnels. */
  readonly inFlight: number;
  readonly backends: readonly IngressBackendStatus[];
}

export interface IngressBackendStatus {
  readonly replica: string;
  readonly version: string;
  readonly generation: number;
  readonly inFlight: number;
  /** False while it refuses connections. */
  readonly healthy: boolean;
  /** No longer in the routes: takes nothing new, and goes from this list when nothing is in flight. */
  readonly draining: boolean;
}

export interface IngressStatus {
  readonly pid: number | undefined;
  readonly rssBytes: number;
  /** `stopped` until there is a first route. */
  readonly state: ReplicaState;
  /** The process serves by the newest `setRoutes`: a backend that it left out gets no new request. */
  readonly routesApplied: boolean;
  readonly listeners: readonly IngressListenerStatus[];
}

/** The daemon's side of the ingress, which is a process of its own and outlives the daemon. */
export interface Ingress {
  /**
   * Level-triggered: all routes there are. The process is started by the first non-empty call. After a daemon's restart
   * the adopted process serves its last routes until this is called, so call it when the replicas are adopted.
   */
  setRoutes(routes: readonly IngressRoute[]): void;
  /** The newest that the process reported; it reports every two seconds while something changes. */
  status(): IngressStatus;
  onChange(listener: () => void): void;
  /** With `stop` the process drains and exits; otherwise it keeps serving and the next daemon adopts it. */
  close(options: { readonly stop: boolean }): Promise<void>;
}

/** What the keeper needs of time, so that its back-off can be tested. */
export interface IngressClock {
  /** Milliseconds since any fixed moment; never goes back. */
  now(): number;
  /** Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export interface IngressOptions {
  /** Unix socket on which the keeper waits for the process; in a folder of mode 0700. */
  readonly socketPath: string;
  /** For the process's spec file; created with mode 0700. */
  readonly folder: string;
  /** Where the running process and the ports that were chosen for port 0 are written down. */
  readonly recordFile: string;
  /** Standard streams of the process go to `ingress.log` here. */
  readonly logFolder: string;
  readonly onEvent: (event: DaemonEvent) => void;
  readonly onLog: (entry: LogEntry) => void;
  /** The system's by default. */
  readonly clock?: IngressClock;
  /** In [0, 1), for jitter; Math.random by default. */
  readonly random?: () => number;
}
