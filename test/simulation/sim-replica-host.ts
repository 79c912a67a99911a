import type {
  LeasedReplica,
  ObservedReplica,
  ReplicaHost,
  ReplicaSpec,
} from '../../daemon/envelope/replica-host.js';
import { formatReplica } from '../../daemon/manager/replica-key.js';
import { sameJson } from '../../daemon/manager/same-json.js';
import type { ComponentRouting } from '../../sdk/protocol/control.js';
import type { Observer } from './observer.js';
import type { Random } from './random.js';
import { addressOf, type Proclet, type SimMachine } from './sim-machine.js';
import type { SimProcess } from './sim-process.js';

/** The envelopes of one daemon over the proclets of its machine. */
export class SimReplicaHost implements ReplicaHost {
  /** As its proclets were told, by app, version and component. */
  readonly routing = new Map<string, { readonly version: string; readonly routing: ComponentRouting }>();
  readonly #machine: SimMachine;
  readonly #process: SimProcess;
  readonly #random: Random;
  readonly #observer: Observer;
  readonly #listeners: (() => void)[] = [];
  /** Proclets that have registered with this daemon, or were started by it. */
  readonly #registered = new Set<Proclet>();
  /** Of this daemon's monotonic clock. */
  readonly #leases = new Map<Proclet, number>();
  #desired: ReadonlyMap<string, ReplicaSpec> | undefined;
  #isSignalled = false;

  constructor(machine: SimMachine, process: SimProcess, random: Random, observer: Observer) {
    this.#machine = machine;
    this.#process = process;
    this.#random = random;
    this.#observer = observer;
    machine.changed = (proclet) => process.enter(() => this.#onPhase(proclet));
    for (const proclet of machine.proclets.values())
      if (isRunning(proclet))
        process.after(random.between(5, 1500), () => {
          this.#registered.add(proclet);
          this.#tell(proclet);
          this.#changed();
        });
  }

  setDesired(specs: readonly ReplicaSpec[]): void {
    this.#desired = new Map(specs.map((spec) => [formatReplica(spec), spec]));
    for (const proclet of [...this.#machine.proclets.values()]) this.#follow(proclet);
    for (const spec of specs) if (!this.#machine.proclets.has(formatReplica(spec))) this.#start(spec, 0);
    this.#changed();
  }

  observed(): readonly ObservedReplica[] {
    return [...this.#machine.proclets.values()].flatMap((proclet) => {
      // What ended under an earlier daemon is nothing until it is known whether it is wanted.
      if (proclet.phase === 'ended' && !this.#registered.has(proclet)) return [];
      return [this.#observe(proclet)];
    });
  }

  async askState(): Promise<never> {
    throw new Error('a simulated replica has no state');
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  setRouting(app: string, version: string, routing: readonly ComponentRouting[]): void {
    for (const each of routing) {
      const key = `${app}/${version}/${each.component}`;
      if ((this.routing.get(key)?.routing.epoch ?? 0) >= each.epoch) continue;
      this.routing.set(key, { version, routing: each });
      this.#observer.routed(this.#machine.host, app, version, each);
    }
    for (const proclet of this.#machine.proclets.values()) this.#tell(proclet);
  }

  lease(replicas: readonly LeasedReplica[], until: number): void {
    for (const leased of replicas) {
      const proclet = this.#machine.proclets.get(formatReplica(leased));
      if (proclet?.generation !== leased.generation) continue;
      this.#leases.set(proclet, Math.max(until, this.#leases.get(proclet) ?? 0));
      this.#tell(proclet);
    }
  }

  /** The proclets go on; so does what ends them, which is the machine's. */
  async close(): Promise<void> {
    this.#machine.changed = () => undefined;
  }

  /** What it should know, once it is connected: the newest routing of what it owns, and its lease. */
  #tell(proclet: Proclet): void {
    if (!this.#registered.has(proclet) || proclet.phase === 'ended') return;
    const { app, version } = proclet.spec;
    for (const component of proclet.owner.options.components) {
      const known = this.routing.get(`${app}/${version}/${component}`);
      if (known !== undefined) proclet.owner.route(known.routing);
    }
    const until = this.#leases.get(proclet);
    if (until !== undefined) proclet.owner.lease(this.#process.virtual(until));
  }

  #observe(proclet: Proclet): ObservedReplica {
    const { spec, generation, startedAt, restarts, lastFailure } = proclet;
    const { app, version, group, replica } = spec;
    const isRegistered = this.#registered.has(proclet);
    const isUp = isRegistered && (proclet.phase === 'serving' || proclet.phase === 'draining');
    const unix = addressOf(this.#machine.host, proclet);
    return {
      app,
      version,
      group,
      replica,
      generation,
      state: proclet.phase === 'ended' ? 'waiting' : isRegistered ? proclet.phase : 'adopting',
      pid: 1,
      address: isUp ? unix : undefined,
      remoteAddress: isUp
        ? { kind: 'tcp', host: `${this.#machine.host}/${proclet.key}/${generation}`, port: 1 }
        : undefined,
      listeners:
        isUp && unix !== undefined && group.startsWith('Front') ? [{ name: 'web', address: unix }] : [],
      startedAt,
      restarts,
      lastFailure,
      lastFailedComponent: undefined,
      nextStartAt: undefined,
      load: undefined,
      settled: isRegistered && proclet.phase !== 'ended' ? proclet.owner.settled() : [],
    };
  }

  #onPhase(proclet: Proclet): void {
    if (proclet.phase === 'ended') this.#onEnd(proclet);
    this.#changed();
  }

  #onEnd(proclet: Proclet): void {
    const spec = this.#desired === undefined ? proclet.spec : this.#desired.get(proclet.key);
    if (spec === undefined) return this.#machine.forget(proclet);
    this.#registered.add(proclet);
    const backOffMs = proclet.lastFailure === undefined ? 0 : this.#random.between(100, 1000);
    this.#process.after(backOffMs, () => {
      if (this.#machine.proclets.get(proclet.key) !== proclet) return;
      const wanted = this.#desired === undefined ? proclet.spec : this.#desired.get(proclet.key);
      if (wanted === undefined) this.#machine.forget(proclet);
      else this.#start(wanted, proclet.restarts + 1);
      this.#changed();
    });
  }

  /** Once it is known what is desired. */
  #follow(proclet: Proclet): void {
    const spec = this.#desired?.get(proclet.key);
    if (spec !== undefined && sameJson(spec, proclet.spec)) {
      if (proclet.phase === 'ended' && !this.#registered.has(proclet)) this.#onEnd(proclet);
      return;
    }
    if (proclet.phase === 'ended' || proclet.phase === 'completed') {
      this.#machine.forget(proclet);
      return; // a changed spec starts anew, with the others that are missing
    }
    if (proclet.phase !== 'draining') {
      this.#observer.stopping(this.#machine.host, proclet, spec !== undefined);
      this.#machine.drain(proclet);
    }
  }

  #start(spec: ReplicaSpec, restarts: number): void {
    this.#machine.start(spec, restarts);
    const started = this.#machine.proclets.get(formatReplica(spec));
    if (started === undefined) return;
    this.#registered.add(started);
    this.#tell(started);
  }

  /** Told together, a little later. */
  #changed(): void {
    if (this.#isSignalled) return;
    this.#isSignalled = true;
    this.#process.after(0, () => {
      this.#isSignalled = false;
      for (const listener of this.#listeners) listener();
    });
  }
}

function isRunning({ phase }: Proclet): boolean {
  return phase === 'starting' || phase === 'serving' || phase === 'draining' || phase === 'completed';
}
