import type { Bus } from './bus/bus.js';
import type { Subjects } from './bus/subjects.js';
import type { ReplicaHost } from './envelope/replica-host.js';
import type { EpochMemory } from './host/epoch-fence.js';
import { HostAgent, type HostAgentOptions } from './host/host-agent.js';
import type { Ingress } from './ingress/ingress-routes.js';
import { Election, type ElectionOptions, LEADER_BUCKET } from './leader/election.js';
import { incarnationOf } from './leader/epoch.js';
import type { EventLog } from './manager/event-log.js';
import { Manager } from './manager/manager.js';
import { OLDEST_PROTOCOL } from './membership/compatibility.js';
import type { HostFacts } from './membership/host-facts.js';
import type { MembershipTimes } from './membership/membership.js';
import type { ClusterMemory } from './memory/cluster-memory.js';
import type { Clock } from './processes/clock.js';

export interface ControlPlaneOptions {
  readonly facts: Omit<HostFacts, 'generation'>;
  /** Of this start of the daemon. */
  readonly generation: number;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly replicaHost: ReplicaHost;
  readonly ingress: Ingress;
  readonly bundles: HostAgentOptions['bundles'];
  readonly epochs: EpochMemory;
  /** There is no other host. */
  readonly isAlone: boolean;
  /** See ManagerOptions. */
  readonly sharesState?: boolean | undefined;
  /** Undefined on a host that is alone. */
  readonly memory?: ClusterMemory | undefined;
  readonly events: EventLog;
  readonly problems: () => readonly string[];
  readonly findPort: (host: string) => Promise<number>;
  /** See {@link Election}. */
  readonly lease?: { readonly ttlMs: number; readonly replacesPredecessor: boolean };
  readonly times?: MembershipTimes;
  /** The real one by default. */
  readonly createElection?: (options: ElectionOptions) => Election;
}

/** This daemon's part in the control plane: one of the peers that may lead, and the host that is led. */
export interface ControlPlane {
  readonly election: Election;
  readonly manager: Manager;
  readonly agent: HostAgent;
}

/** Not started yet. Does no I/O of its own, so that a simulation runs many of them in one process. */
export function controlPlane(options: ControlPlaneOptions): ControlPlane {
  const { facts, generation, bus, clock, random, events, epochs, lease } = options;
  const self = { host: facts.host, generation };
  const { createElection = (given) => new Election(given) } = options;
  const election = createElection({
    store: bus.store(LEADER_BUCKET),
    clock,
    random,
    self,
    version: facts.version,
    highestIncarnationSeen: () => incarnationOf(epochs.highestEpoch()),
    ...lease,
  });
  const manager = new Manager({
    ...options,
    election,
    self,
    understood: { version: facts.version, protocol: facts.protocol, oldestProtocol: OLDEST_PROTOCOL },
  });
  const agent = new HostAgent({ ...options, onEvent: (kind, message) => events.tell(kind, message) });
  return { election, manager, agent };
}
