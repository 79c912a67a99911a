import type { ComponentRouting } from '../../../sdk/protocol/control.js';
import type {
  LeasedReplica,
  ObservedReplica,
  ReplicaHost,
  ReplicaSpec,
} from '../../envelope/replica-host.js';
import type { HostedReplica } from '../hosted-replica.js';
import { formatReplica } from '../replica-key.js';

export type FakeBehaviour = 'serve' | 'crash' | 'complete';

type FakeSpec = Omit<ReplicaSpec, 'bundle'>;

/** Replicas without processes: each {@link advance} brings every one a step further in its life. */
export class FakeReplicaHost implements ReplicaHost {
  /** Asked when a replica has started. */
  behaviour: (spec: FakeSpec) => FakeBehaviour = (spec) => (spec.hosting.main ? 'complete' : 'serve');
  desired: readonly FakeSpec[] | undefined;
  readonly routing = new Map<string, ComponentRouting>();
  /** By replica, monotonic ms. */
  readonly leases = new Map<string, number>();
  readonly started: string[] = [];
  readonly drained: string[] = [];
  closedWith: { readonly stopProclets: boolean } | undefined;
  readonly #replicas = new Map<string, ObservedReplica>();
  readonly #listeners: (() => void)[] = [];
  #turn = 0;

  /** As if an earlier daemon had left it, or anything else had happened. */
  put(replica: ObservedReplica): void {
    this.#replicas.set(formatReplica(replica), replica);
    this.#changed();
  }

  setDesired(replicas: readonly FakeSpec[]): void {
    this.desired = replicas;
  }

  observed(): readonly ObservedReplica[] {
    return [...this.#replicas.values()];
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  setRouting(app: string, version: string, routing: readonly ComponentRouting[]): void {
    for (const each of routing) {
      const key = `${app}/${version}/${each.component}`;
      if ((this.routing.get(key)?.epoch ?? 0) < each.epoch) this.routing.set(key, each);
    }
  }

  async askState(): Promise<never> {
    throw new Error('a replica without a process has no state');
  }

  lease(replicas: readonly LeasedReplica[], until: number): void {
    for (const replica of replicas) this.leases.set(formatReplica(replica), until);
  }

  async close(options: { readonly stopProclets: boolean }): Promise<void> {
    this.closedWith = options;
  }

  /** Every replica that is there, or is to be, takes its next step. */
  advance(): void {
    this.#turn++;
    const wanted = new Map((this.desired ?? []).map((spec) => [formatReplica(spec), spec]));
    for (const [key, replica] of this.#replicas) {
      const next = this.#next(replica, wanted.get(key));
      if (next === undefined) this.#replicas.delete(key);
      else this.#replicas.set(key, next);
    }
    for (const [key, spec] of wanted)
      if (!this.#replicas.has(key)) this.#replicas.set(key, this.#start(spec, 1));
    this.#changed();
  }

  #next(replica: ObservedReplica, spec: FakeSpec | undefined): ObservedReplica | undefined {
    switch (replica.state) {
      case 'draining':
        return spec === undefined ? undefined : this.#start(spec, replica.generation + 1);
      case 'serving':
        if (spec !== undefined || this.desired === undefined) return replica;
        this.drained.push(formatReplica(replica));
        return { ...replica, state: 'draining' };
      case 'completed':
        return spec === undefined && this.desired !== undefined ? undefined : replica;
      case 'adopting':
        return { ...replica, state: 'serving' };
      default:
        if (spec === undefined) return this.desired === undefined ? replica : undefined;
        if (replica.state === 'starting') return this.#come(replica, spec);
        // As the back-off does, and so that no report misses the state.
        if (replica.state === 'crash-loop' && this.#turn % 8 !== 0) return replica;
        return this.#start(spec, replica.generation + 1);
    }
  }

  #start(spec: FakeSpec, generation: number): ObservedReplica {
    this.started.push(formatReplica(spec));
    return {
      ...fakeReplica(spec.app, spec.version, spec.group, spec.replica, 'starting'),
      generation,
    };
  }

  #come(replica: ObservedReplica, spec: FakeSpec): ObservedReplica {
    switch (this.behaviour(spec)) {
      case 'serve':
        return { ...replica, state: 'serving', listeners: fakeListeners(replica) };
      case 'complete':
        return { ...replica, state: 'completed' };
      case 'crash':
        return { ...replica, state: 'crash-loop', lastFailure: 'planted crash', address: undefined };
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

export function fakeReplica(
  app: string,
  version: string,
  group: string,
  replica: string,
  state: ObservedReplica['state'],
  host = 'h1',
): HostedReplica {
  const blank: HostedReplica = {
    host,
    app,
    version,
    group,
    replica,
    generation: 1,
    state,
    pid: 1,
    address: { kind: 'unix', path: `/${version}/${replica}` },
    remoteAddress: undefined,
    listeners: [],
    startedAt: 1,
    restarts: 0,
    lastFailure: undefined,
    lastFailedComponent: undefined,
    nextStartAt: undefined,
    load: undefined,
  };
  return state === 'serving' || state === 'adopting' ? { ...blank, listeners: fakeListeners(blank) } : blank;
}

/** The group of the component `Frontend` opens `web`. */
function fakeListeners({ group, version, replica }: ObservedReplica): ObservedReplica['listeners'] {
  if (group !== 'Frontend' && group !== 'all') return [];
  return [{ name: 'web', address: { kind: 'unix', path: `/${version}/${replica}/web` } }];
}
