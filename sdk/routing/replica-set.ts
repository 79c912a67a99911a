import { type Deferred, deferred } from '../call/deferred.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { ComponentRouting } from '../protocol/control.js';
import { chooseReplica } from './balancer.js';
import type { Peer } from './peer.js';
import type { PeerPool } from './peer-pool.js';
import { ownerOf } from './slice-table.js';

/** Calls that may wait for a replica to appear; beyond it RESOURCE_EXHAUSTED. */
const MAX_WAITING = 10_000;

/** The replicas of one remote component, by its newest routing. */
export class ReplicaSet {
  #routing: ComponentRouting;
  #peers: readonly Peer[] = [];
  #waiting = 0;
  #changed: Deferred<void> = deferred();

  constructor(
    readonly component: string,
    private readonly pool: PeerPool,
    private readonly random: () => number = Math.random,
  ) {
    this.#routing = { component, epoch: -1, replicas: [], assignment: undefined };
  }

  /** Takes the routing unless it is older than what is known. */
  update(routing: ComponentRouting): void {
    if (routing.epoch < this.#routing.epoch) return;
    this.#routing = routing;
    const before = this.#peers;
    this.#peers = routing.replicas.map((replica) => this.pool.acquire(replica));
    for (const peer of before) this.pool.release(peer);
    const changed = this.#changed;
    this.#changed = deferred();
    changed.resolve();
  }

  /**
   * The peer for a call: the owner of the key's hash when the component is routed and the owner can be reached, else by
   * load. Undefined when the component has no replica.
   */
  choose(hash: number | undefined): Peer | undefined {
    if (hash !== undefined && this.#routing.assignment !== undefined) {
      const index = ownerOf(this.#routing.assignment, hash);
      const owner = index === undefined ? undefined : this.#peers[index];
      if (owner !== undefined && !owner.ejected) return owner;
    }
    return chooseReplica(this.#peers, this.random);
  }

  /** Every replica is ejected, or there is none: only a wait helps. */
  get unreachable(): boolean {
    return this.#peers.every((peer) => peer.ejected);
  }

  /** Resolves at the next routing, or after `timeoutMs`. Rejects with RESOURCE_EXHAUSTED when too many wait. */
  async nextRouting(timeoutMs: number): Promise<void> {
    if (this.#waiting >= MAX_WAITING) {
      throw new RemoteCallError('RESOURCE_EXHAUSTED', `${MAX_WAITING} calls wait for a replica already`, {
        component: this.component,
        executed: 'no',
      });
    }
    this.#waiting++;
    let timer: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        this.#changed.promise,
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
      this.#waiting--;
    }
  }
}
