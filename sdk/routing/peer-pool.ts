import type { RoutedReplica } from '../protocol/control.js';
import { type Dial, Peer } from './peer.js';

interface Pooled {
  readonly peer: Peer;
  users: number;
}

/** The peers of this process: one connection to another process, however many components it hosts. */
export class PeerPool {
  readonly #pooled = new Map<string, Pooled>();

  constructor(
    private readonly dial: Dial,
    private readonly graceMs: number,
    private readonly random: () => number = Math.random,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** To be given back with {@link release}. */
  acquire(routed: RoutedReplica): Peer {
    const key = peerKey(routed);
    let pooled = this.#pooled.get(key);
    if (pooled === undefined) {
      pooled = { peer: new Peer(routed, this.dial, this.random, this.now), users: 0 };
      this.#pooled.set(key, pooled);
    }
    pooled.users++;
    return pooled.peer;
  }

  release(peer: Peer): void {
    const key = peerKey(peer.routed);
    const pooled = this.#pooled.get(key);
    if (pooled === undefined || --pooled.users > 0) return;
    this.#pooled.delete(key);
    peer.retire(this.graceMs);
  }

  close(): void {
    for (const { peer } of this.#pooled.values()) peer.retire(0);
    this.#pooled.clear();
  }
}

function peerKey({ replica, generation, address }: RoutedReplica): string {
  return `${replica}/${generation}/${JSON.stringify(address)}`;
}
