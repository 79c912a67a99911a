import { subjectsOf } from '../../daemon/bus/subjects.js';
import { durableEpochs } from '../../daemon/cluster/durable-epochs.js';
import { type ControlPlane, type ControlPlaneOptions, controlPlane } from '../../daemon/control-plane.js';
import type { EpochMemory } from '../../daemon/host/epoch-fence.js';
import { EventLog } from '../../daemon/manager/event-log.js';
import { PROTOCOL } from '../../daemon/membership/compatibility.js';
import { ClusterMemory } from '../../daemon/memory/cluster-memory.js';
import type { Network, Sender } from './network.js';
import type { Observer } from './observer.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';
import { SimBus } from './sim-bus.js';
import { SimIngress } from './sim-ingress.js';
import type { SimMachine } from './sim-machine.js';
import { SimProcess } from './sim-process.js';
import { SimReplicaHost } from './sim-replica-host.js';
import type { SimStore } from './sim-store.js';

/** The world that the daemons of a simulation share. */
export interface World {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly store: SimStore;
  readonly random: Random;
  readonly observer: Observer;
  readonly linkedSince: (host: string) => number;
  readonly findPort: () => number;
  /** What a planted bug makes of what a daemon is given. */
  readonly plant: (options: ControlPlaneOptions) => ControlPlaneOptions;
}

export const SUBJECTS = subjectsOf('simulation');
const CLUSTER_FOLDER = '/cluster';

/** One process of weaverd on a machine: the real control plane over simulated surroundings. */
export class SimDaemon {
  readonly process: SimProcess;
  readonly bus: SimBus;
  readonly replicaHost: SimReplicaHost;
  readonly events: EventLog;
  /** Undefined while it reads its disk. */
  plane: ControlPlane | undefined;
  memory: ClusterMemory | undefined;
  readonly #world: World;
  readonly #machine: SimMachine;
  readonly #ingress: SimIngress;
  readonly #random: Random;
  #delivering: { readonly from: Sender; readonly subject: string } | undefined;

  constructor(world: World, machine: SimMachine, number: number) {
    const { scheduler, network, store, observer } = world;
    const { host } = machine;
    const random = world.random.fork(`daemon ${host} ${number}`);
    this.#world = world;
    this.#machine = machine;
    this.#random = random;
    this.process = new SimProcess(scheduler, {
      rate: random.between(0.99, 1.01),
      wallAheadMs: random.whole(-200, 200),
    });
    this.bus = new SimBus({
      host,
      process: this.process,
      network,
      store,
      random,
      self: { host, process: number },
      linkedSince: () => world.linkedSince(host),
      now: () => scheduler.now,
      onDelivery: (from, subject) => {
        this.#delivering = from === undefined ? undefined : { from, subject };
      },
    });
    this.replicaHost = new SimReplicaHost(machine, this.process, random, observer);
    this.#ingress = new SimIngress(machine, this.process, random, observer);
    this.events = new EventLog(() => this.process.now());
  }

  /** Reads the disk, and begins. */
  async start(): Promise<void> {
    const { host } = this.#machine;
    const { process, events } = this;
    const random = this.#random;
    const memory = await ClusterMemory.open({
      folder: CLUSTER_FOLDER,
      files: this.#machine.disk.filesFor(process),
      newInstallation: () => `${host} ${random.next()}`,
      damaged: (problem) => events.tell('memory', problem),
      onProblem: () => undefined,
    });
    this.memory = memory;
    const options: ControlPlaneOptions = {
      facts: {
        host,
        installation: memory.installation,
        address: host,
        labels: {},
        capacity: { cpus: 64, memoryBytes: 2 ** 36, maxReplicas: 100 },
        version: '1.0.0',
        protocol: PROTOCOL,
      },
      generation: process.now(),
      bus: this.bus,
      subjects: SUBJECTS,
      clock: process,
      random: () => random.next(),
      replicaHost: this.replicaHost,
      ingress: this.#ingress,
      bundles: {
        path: (version) => `/artifacts/${version}`,
        fetch: (version) => this.#fetch(version),
      },
      epochs: this.#epochs(memory),
      isAlone: false,
      memory,
      events,
      problems: () => [],
      findPort: async () => this.#world.findPort(),
    };
    this.plane = controlPlane(this.#world.plant(options));
    this.plane.agent.start();
    this.plane.manager.start();
  }

  /** In good order. */
  async leave(): Promise<void> {
    const plane = this.plane;
    if (plane === undefined) return;
    await plane.agent.emptied(8000);
    await plane.manager.stop();
    plane.agent.stop({ leaving: true });
    await this.memory?.idle();
    await this.end();
  }

  /** kill -9, or the last of an orderly end. */
  async end(): Promise<void> {
    this.process.kill();
    await this.replicaHost.close();
    await this.bus.close();
  }

  /** Tells the invariants what is followed. */
  #epochs(memory: ClusterMemory): EpochMemory {
    const epochs = durableEpochs(memory);
    return {
      ...epochs,
      sawEpoch: (epoch, leader) => {
        const delivering = this.#delivering;
        if (delivering !== undefined)
          this.#world.observer.followed(this.#machine.host, epoch, delivering.from, delivering.subject);
        epochs.sawEpoch(epoch, leader);
      },
    };
  }

  #fetch(version: string): Promise<void> {
    const { network } = this.#world;
    return new Promise((resolve, reject) =>
      this.process.after(this.#random.between(1, 500), () => {
        if (network.isConnected(this.#machine.host) && !this.#random.chance(network.weather.lost)) resolve();
        else reject(new Error(`${version} cannot be fetched`));
      }),
    );
  }
}
