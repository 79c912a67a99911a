import { LEADER_BUCKET } from '../../daemon/leader/election.js';
import { readLease } from '../../daemon/leader/lease-record.js';
import type { Action, History } from './history.js';
import { Invariants } from './invariants.js';
import { KeyOwners } from './key-owners.js';
import { CLEAR, Network } from './network.js';
import { Operations } from './operations.js';
import { Random } from './random.js';
import { Scheduler } from './scheduler.js';
import { SimClients } from './sim-clients.js';
import { SimDaemon, type World } from './sim-daemon.js';
import type { KeeperBug } from './sim-keeper.js';
import { SimMachine } from './sim-machine.js';
import { SimStore } from './sim-store.js';

/** `gone`: for good, with its disk. */
export interface SimHost {
  readonly machine: SimMachine;
  daemon: SimDaemon | undefined;
  isGone: boolean;
  /** Virtual ms. */
  daemonSince: number;
  linkedSince: number;
  /** Until then what runs there may have been asked to move; Infinity while it is to. */
  leavingUntil: number;
  daemons: number;
}

/** The hosts of one simulated cluster, and what is done to them. */
export class Cluster {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly store: SimStore;
  readonly invariants: Invariants;
  readonly operations = new Operations();
  readonly keyOwners: KeyOwners;
  readonly clients: SimClients;
  readonly hosts = new Map<string, SimHost>();
  readonly #random: Random;
  readonly #world: World;
  #nextPort = 4000;
  #incarnation = 0;
  #loseLeaseAfterMs: number | undefined;

  constructor(
    { seed, hosts }: Pick<History, 'seed' | 'hosts'>,
    plant: World['plant'] = (options) => options,
    bug?: KeeperBug,
  ) {
    const random = new Random(seed);
    this.#random = random.fork('cluster');
    this.scheduler = new Scheduler(random.fork('scheduler'));
    this.network = new Network(this.scheduler, random.fork('network'));
    this.store = new SimStore(this.scheduler, this.network, random.fork('store'));
    this.invariants = new Invariants({
      now: () => this.scheduler.now,
      lostAt: () => this.store.lostAt,
      leaders: () => this.leaders(),
      daemonSince: (host) => this.hosts.get(host)?.daemonSince ?? 0,
      isLeaving: (host) => (this.hosts.get(host)?.leavingUntil ?? 0) > this.scheduler.now,
    });
    this.keyOwners = new KeyOwners((message) => {
      this.invariants.fail('ONE-OWNER', message);
    });
    this.store.onWrite = (bucket, key) => {
      const value = this.store.get(bucket, key)?.value;
      if (bucket === 'apps') this.invariants.recordWritten(key, value);
      if (bucket === LEADER_BUCKET) this.#onLease(readLease(value)?.incarnation ?? 0);
    };
    this.#world = {
      scheduler: this.scheduler,
      network: this.network,
      store: this.store,
      random: random.fork('world'),
      observer: this.invariants,
      linkedSince: (host) => this.hosts.get(host)?.linkedSince ?? 0,
      findPort: () => this.#nextPort++,
      plant,
    };
    for (const host of hosts) this.#addHost(host, random.fork(`machine ${host}`));
    this.clients = new SimClients(this.scheduler, random.fork('clients'), this.keyOwners, bug);
  }

  /** Those that lead by their own clocks. */
  leaders(): readonly string[] {
    const leaders: string[] = [];
    for (const [host, { daemon }] of this.hosts)
      if (daemon?.process.isAlive && daemon.plane?.election.leadership() !== undefined) leaders.push(host);
    return leaders;
  }

  /** Its daemon was killed, or had come to its end. */
  begin(host: string): void {
    const known = this.#host(host);
    if (known.isGone || known.daemon !== undefined) return;
    known.daemonSince = this.scheduler.now;
    const daemon = new SimDaemon(this.#world, known.machine, ++known.daemons);
    known.daemon = daemon;
    daemon.start().catch((reason: Error) => this.invariants.fail('CRASH', `${host}: ${reason.stack}`));
  }

  do(action: Action): void {
    switch (action.kind) {
      case 'weather':
        this.network.weather = action.weather;
        return this.#later(action.forMs, () => {
          if (this.network.weather === action.weather) this.network.weather = CLEAR;
        });
      case 'kill':
        this.#end(action.host);
        return this.#later(action.forMs, () => this.begin(action.host));
      case 'reboot':
        this.#end(action.host);
        this.#host(action.host).machine.reboot();
        return this.#later(action.forMs, () => this.begin(action.host));
      case 'destroy':
        this.#end(action.host);
        this.#host(action.host).machine.reboot();
        this.#host(action.host).isGone = true;
        return;
      case 'pause':
        return this.#pause(action.host, action.forMs);
      case 'link':
        this.#link(action.host, action.link);
        return this.#later(action.forMs, () => this.#link(action.host, 'up'));
      case 'leave':
        return this.#leave(action.host, action.forMs);
      case 'drain':
        return this.#drain(action.host, action.draining);
      case 'bus-down':
        this.network.isUp = false;
        return this.#later(action.forMs, () => {
          this.network.isUp = true;
        });
      case 'store-empty':
        return this.store.empty();
      case 'store-lose':
        return this.store.loseSuffix(action.writes);
      case 'store-lose-lease':
        this.#loseLeaseAfterMs = action.afterMs;
        for (const host of this.leaders()) this.#pause(host, action.forMs);
        return;
      case 'crash-proclet':
        return this.#crashProclet(action.host);
      case 'pause-proclet':
        return this.#pauseProclet(action.host, action.forMs);
      case 'deploy':
      case 'redeploy': {
        const { host, app, replicas, kind } = action;
        const { daemon } = this.#host(host);
        if (daemon !== undefined) this.operations.deploy(daemon, host, app, replicas, kind === 'redeploy');
        return;
      }
      case 'stop': {
        const { daemon } = this.#host(action.host);
        if (daemon !== undefined) this.operations.stop(daemon, action.host, action.app, action.remove);
      }
    }
  }

  /** All that is mended by itself is mended now. */
  heal(): void {
    this.network.weather = CLEAR;
    this.network.isUp = true;
    for (const [host, { daemon }] of this.hosts) {
      this.#link(host, 'up');
      daemon?.process.resume();
      this.begin(host);
    }
  }

  #addHost(host: string, random: Random): void {
    const machine = new SimMachine(host, this.scheduler, random, this.invariants, this.keyOwners);
    this.hosts.set(host, {
      machine,
      daemon: undefined,
      isGone: false,
      daemonSince: 0,
      linkedSince: 0,
      leavingUntil: 0,
      daemons: 0,
    });
    this.#later(this.#random.between(0, 500), () => this.begin(host));
  }

  #host(host: string): SimHost {
    const known = this.hosts.get(host);
    if (known === undefined) throw new RangeError(`there is no host ${host}`);
    return known;
  }

  #later(delayMs: number, run: () => void): void {
    this.scheduler.after(delayMs, run);
  }

  #end(host: string): void {
    const known = this.#host(host);
    known.daemon?.end().catch((reason: Error) => this.invariants.fail('CRASH', String(reason.stack)));
    known.daemon = undefined;
    known.machine.disk.crash();
    this.operations.abandon(host);
  }

  #pause(host: string, forMs: number): void {
    const { daemon } = this.#host(host);
    daemon?.process.pause();
    this.#later(forMs, () => daemon?.process.resume());
  }

  #link(host: string, link: Parameters<Network['setLink']>[1]): void {
    const known = this.#host(host);
    if (this.network.linkOf(host) === link) return;
    known.linkedSince = this.scheduler.now;
    this.network.setLink(host, link);
  }

  #leave(host: string, forMs: number): void {
    const known = this.#host(host);
    const { daemon } = known;
    if (daemon?.plane === undefined || !daemon.process.isRunning) return;
    known.leavingUntil = Number.POSITIVE_INFINITY;
    daemon.leave().then(
      () => {
        if (known.daemon !== daemon) return;
        this.#end(host);
        this.#later(forMs, () => {
          known.leavingUntil = this.scheduler.now + 30_000;
          this.begin(host);
        });
      },
      (reason: Error) => this.invariants.fail('CRASH', `${host} cannot leave: ${reason.stack}`),
    );
  }

  #drain(host: string, draining: boolean): void {
    const known = this.#host(host);
    const manager = known.daemon?.plane?.manager;
    if (manager === undefined) return;
    known.leavingUntil = Number.POSITIVE_INFINITY;
    // A refusal may have been done all the same, and is no matter.
    manager.changeHost(host, draining ? 'drain' : 'undrain', 'simulation').catch(() => undefined);
  }

  #onLease(incarnation: number): void {
    const isTaken = incarnation !== this.#incarnation;
    this.#incarnation = incarnation;
    const afterMs = this.#loseLeaseAfterMs;
    if (!isTaken || afterMs === undefined) return;
    this.#loseLeaseAfterMs = undefined;
    const before = this.store.writes - 1;
    this.#later(afterMs, () => this.store.loseSuffix(Math.max(1, this.store.writes - before)));
  }

  #pauseProclet(host: string, forMs: number): void {
    const owners = [...this.#host(host).machine.proclets.values()].filter(
      ({ phase, owner }) => phase === 'serving' && owner.options.components.length > 0,
    );
    if (owners.length > 0) this.#random.pick(owners).owner.pause(forMs);
  }

  #crashProclet(host: string): void {
    const { machine } = this.#host(host);
    const running = [...machine.proclets.values()].filter(({ phase }) => phase === 'serving');
    if (running.length > 0) machine.end(this.#random.pick(running), 'it crashed');
  }
}
