import type { Address } from '../../sdk/protocol/address.js';
import type {
  ComponentRouting,
  ComponentsToHostReply,
  ListenerOpened,
  Load,
  OwnershipSettled,
} from '../../sdk/protocol/control.js';
import type { StateAnswer, StateQuery } from '../../sdk/protocol/state-query.js';
import type { ReplicaState } from '../api/api-types.js';

/** One replica that the manager wants on this host. The key is (app, version, replica). */
export interface ReplicaSpec {
  readonly app: string;
  readonly version: string;
  readonly group: string;
  /** Unique in the app's version, such as `Cart-0`. */
  readonly replica: string;
  /** Path of the version's bundle. */
  readonly bundle: string;
  /** What ComponentsToHost answers. */
  readonly hosting: ComponentsToHostReply;
  readonly env: Readonly<Record<string, string>>;
  /** Heap limit; undefined for Node's own. */
  readonly memoryMiB: number | undefined;
  /** Time to drain before it is killed. */
  readonly graceMs: number;
}

export type ReplicaAddressed = Pick<ReplicaSpec, 'app' | 'version' | 'replica'>;

export interface ObservedReplica {
  readonly app: string;
  readonly version: string;
  readonly group: string;
  readonly replica: string;
  readonly generation: number;
  readonly state: ReplicaState;
  readonly pid: number | undefined;
  /** For the proclets of its own host. */
  readonly address: Address | undefined;
  /** For those of other hosts. */
  readonly remoteAddress: Address | undefined;
  readonly listeners: readonly ListenerOpened[];
  readonly startedAt: number | undefined;
  readonly restarts: number;
  readonly lastFailure: string | undefined;
  /** The component, or `main`, that said so itself; undefined when nobody did. */
  readonly lastFailedComponent: string | undefined;
  readonly nextStartAt: number | undefined;
  readonly load: Load | undefined;
  /** The newest of each owned component. */
  readonly settled?: readonly OwnershipSettled[] | undefined;
}

/** One run of a replica. */
export interface LeasedReplica {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
  readonly generation: number;
}

/** The host's side of the control plane: keeps an envelope for each desired replica. */
export interface ReplicaHost {
  /**
   * Level-triggered: starts what is missing, drains and stops what is no longer named (a draining replica stays in
   * `observed` until it has gone). A changed spec of the same key restarts the replica.
   */
  setDesired(replicas: readonly ReplicaSpec[]): void;
  observed(): readonly ObservedReplica[];
  /** Called, coalesced per event-loop turn, when any replica's state, generation, address or listeners changed. */
  onChange(listener: () => void): void;
  /** The newest routing of components of one version; pushed to the proclets that asked for it with StartComponent. */
  setRouting(app: string, version: string, routing: readonly ComponentRouting[]): void;
  /** What it answers of the state it keeps. Rejects with a ControlError: its own, NOT_FOUND, CLOSED, TIMEOUT. */
  askState(replica: ReplicaAddressed, query: StateQuery, timeoutMs: number): Promise<StateAnswer>;
  /** Of those replicas, in that generation, the owned keys are theirs until then, ms of the daemon's monotonic clock. */
  lease(replicas: readonly LeasedReplica[], until: number): void;
  /** Resolves when all is stopped, or, without `stopProclets`, when the daemon has let go of them. */
  close(options: { readonly stopProclets: boolean }): Promise<void>;
}
