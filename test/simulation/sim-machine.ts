import type { ObservedReplica, ReplicaSpec } from '../../daemon/envelope/replica-host.js';
import type { IngressRoute } from '../../daemon/ingress/ingress-routes.js';
import { formatReplica } from '../../daemon/manager/replica-key.js';
import type { KeyOwners } from './key-owners.js';
import type { Observer } from './observer.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';
import { SimDisk } from './sim-disk.js';
import { SimOwner } from './sim-owner.js';

export type ProcletPhase = 'starting' | 'serving' | 'draining' | 'completed' | 'ended';

/** A process of an app, and what the machine's disk says of it. It lives without a daemon. */
export interface Proclet {
  readonly key: string;
  readonly spec: ReplicaSpec;
  readonly generation: number;
  readonly startedAt: number;
  readonly restarts: number;
  phase: ProcletPhase;
  lastFailure: string | undefined;
  readonly owner: SimOwner;
}

/** What outlives a daemon: the disk, the proclets and the ingress. */
export class SimMachine {
  readonly host: string;
  readonly disk: SimDisk;
  readonly proclets = new Map<string, Proclet>();
  /** Of the ingress, as its process has them. */
  routes: readonly IngressRoute[] = [];
  /** The daemon of the moment hears of each change. */
  changed: (proclet: Proclet) => void = () => undefined;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #observer: Observer;
  readonly #generations = new Map<string, number>();
  readonly #owners: KeyOwners;

  constructor(host: string, scheduler: Scheduler, random: Random, observer: Observer, owners: KeyOwners) {
    this.#owners = owners;
    this.host = host;
    this.disk = new SimDisk(random.fork('disk'));
    this.#scheduler = scheduler;
    this.#random = random;
    this.#observer = observer;
  }

  start(spec: ReplicaSpec, restarts: number): void {
    const key = formatReplica(spec);
    const generation = (this.#generations.get(key) ?? 0) + 1;
    this.#generations.set(key, generation);
    const startedAt = this.#scheduler.now;
    const proclet: Proclet = {
      key,
      spec,
      generation,
      startedAt,
      restarts,
      phase: 'starting',
      lastFailure: undefined,
      owner: new SimOwner({
        app: spec.app,
        version: spec.version,
        replica: spec.replica,
        generation,
        host: this.host,
        components: spec.hosting.components.flatMap(({ name, owned }) => (owned === true ? [name] : [])),
        scheduler: this.#scheduler,
        random: this.#random.fork(`owner ${key} ${generation}`),
        owners: this.#owners,
        changed: () => this.changed(proclet),
      }),
    };
    this.proclets.set(key, proclet);
    this.#become(proclet, 'starting');
    this.#scheduler.after(this.#random.between(30, 1500), () => {
      if (!this.#isCurrent(proclet) || proclet.phase !== 'starting') return;
      this.#become(proclet, spec.hosting.main ? 'completed' : 'serving');
    });
  }

  drain(proclet: Proclet): void {
    if (proclet.phase === 'ended' || proclet.phase === 'draining') return;
    this.#become(proclet, 'draining');
    this.#scheduler.after(this.#random.between(10, 500), () => this.end(proclet, undefined));
  }

  /** `failure`: it crashed. */
  end(proclet: Proclet, failure: string | undefined): void {
    if (!this.#isCurrent(proclet) || proclet.phase === 'ended') return;
    proclet.lastFailure = failure;
    proclet.owner.end();
    this.#become(proclet, 'ended');
  }

  /** Its record is removed. */
  forget(proclet: Proclet): void {
    if (this.#isCurrent(proclet)) this.proclets.delete(proclet.key);
  }

  /** Power off and on again: nothing runs, and the disk has what it has. */
  reboot(): void {
    this.disk.crash();
    this.routes = [];
    for (const proclet of this.proclets.values())
      if (proclet.phase !== 'completed') this.end(proclet, 'the machine was restarted');
  }

  #isCurrent(proclet: Proclet): boolean {
    return this.proclets.get(proclet.key) === proclet;
  }

  #become(proclet: Proclet, phase: ProcletPhase): void {
    const before = proclet.phase;
    proclet.phase = phase;
    this.#observer.phaseChanged(this.host, proclet, before);
    this.changed(proclet);
  }
}

export function addressOf(host: string, { key, generation }: Proclet): ObservedReplica['address'] {
  return { kind: 'unix', path: `/${host}/${key}/${generation}` };
}
