import { type Deferred, deferred } from '../call/deferred.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import type { ComponentRouting, RoutedReplica } from '../protocol/control.js';
import { chooseReplica } from './balancer.js';
import { Member } from './member.js';
import { isAsUsual, MAX_FAILURES, MIN_SAMPLES, outliers } from './outlier.js';
import type { PeerPool } from './peer-pool.js';
import { SliceTable } from './slice-table.js';

/** Calls that may wait for a replica to appear; beyond it RESOURCE_EXHAUSTED. */
const MAX_WAITING = 10_000;
const JUDGED_EVERY_MS = 50;

/** The replicas of one remote component, by its newest routing, and how each of them does. */
export class ReplicaSet {
  #epoch = -1;
  /** Undefined for a component without `routing`, or without replicas. */
  #slices: SliceTable | undefined;
  #members: readonly Member[] = [];
  /** The owners of the slices that have several. */
  #sharers: ReadonlyMap<number, readonly Member[]> = new Map();
  #waiting = 0;
  #changed: Deferred<void> = deferred();
  #judgedFrom = 0;
  /** When a probe is due; Infinity while all are in. */
  #probeAt = Number.POSITIVE_INFINITY;

  constructor(
    readonly component: string,
    private readonly pool: PeerPool,
    private readonly random: () => number = Math.random,
  ) {}

  /** Takes the routing unless it is older than what is known. */
  update(routing: ComponentRouting): void {
    if (routing.epoch < this.#epoch) return;
    this.#epoch = routing.epoch;
    this.#slices = routing.assignment === undefined ? undefined : new SliceTable(routing.assignment);
    const before = this.#members;
    this.#members = routing.replicas.map((replica) => {
      const peer = this.pool.acquire(replica);
      return before.find((member) => member.peer === peer) ?? new Member(peer, this.random);
    });
    for (const { peer } of before) this.pool.release(peer);
    this.#sharers = new Map(
      [...(this.#slices?.shared ?? [])].map(([slice, owners]) => [
        slice,
        owners.flatMap((owner) => this.#members[owner] ?? []),
      ]),
    );
    this.#setProbeAt();
    const changed = this.#changed;
    this.#changed = deferred();
    changed.resolve();
  }

  /**
   * The replica for a call: the owner of the key's hash when the component is routed and the owner can be reached (of several
   * owners one by load), else by load among those that do well. Undefined when the component has no replica, or keys have one
   * owner each and this one has none at present.
   */
  choose(hash: number | undefined): Member | undefined {
    if (hash !== undefined && this.#slices !== undefined) {
      const owner = this.#ownerIn(this.#slices, hash);
      if (this.#slices.exclusive || (owner !== undefined && !owner.peer.ejected)) return owner;
    }
    const chosen = chooseReplica(this.#members, this.random);
    if (chosen === undefined || !chosen.peer.ejected) return chosen;
    // A slow one is better than one that cannot be reached.
    return (
      chooseReplica(
        this.#members.filter(({ peer }) => !peer.ejected),
        this.random,
      ) ?? chosen
    );
  }

  /**
   * Whether a call for the hash that a process of the component makes itself should stay in it: by the routing it is one of
   * the owners, or the owner cannot be reached; or nobody knows who that is.
   */
  serves({ replica, generation }: Pick<RoutedReplica, 'replica' | 'generation'>, hash: number): boolean {
    if (this.#slices === undefined) return true;
    const isSelf = ({ peer: { routed } }: Member) =>
      routed.replica === replica && routed.generation === generation;
    const sharers = this.#sharers.get(this.#slices.sliceOf(hash));
    if (sharers?.some(isSelf) === true) return true;
    const owner = this.#ownerIn(this.#slices, hash);
    return owner === undefined || owner.peer.ejected || isSelf(owner);
  }

  /** Whether nobody but its owner may serve a key with that hash. */
  needsOwner(hash: number | undefined): boolean {
    return hash !== undefined && this.#slices?.exclusive === true;
  }

  #ownerIn(slices: SliceTable, hash: number): Member | undefined {
    const slice = slices.sliceOf(hash);
    const sharers = this.#sharers.size === 0 ? undefined : this.#sharers.get(slice);
    if (sharers !== undefined) return chooseReplica(sharers, this.random);
    const index = slices.ownerAt(slice);
    return index === undefined ? undefined : this.#members[index];
  }

  /** A replica that was taken out and should be tried with one call; nearly always none. */
  toProbe(now: number): Member | undefined {
    if (now < this.#probeAt) return undefined;
    const due = this.#members.find(({ probeAt }) => probeAt <= now);
    // Without a connection it is as one that was never called: to connect is what will tell.
    if (due?.peer.open === undefined) due?.enter();
    else due.probe();
    this.#setProbeAt();
    return due?.probing === true ? due : undefined;
  }

  /** The replica answered, with a result or the component's own error; `slowness` when it was timed. */
  answered(member: Member, slowness: number | undefined, now: number): void {
    member.failures = 0;
    if (slowness === undefined) return;
    if (member.probing) {
      member.probed(isAsUsual(slowness, this.#members) ? 'good' : 'bad', now);
      this.#setProbeAt();
      return;
    }
    member.sample(slowness);
    if (now >= this.#judgedFrom) this.#judge(now);
  }

  /** The replica did not answer, or not with what a healthy one answers. */
  failed(member: Member, now: number): void {
    member.failures++;
    if (member.probing) {
      member.probed('bad', now);
      this.#setProbeAt();
    } else if (
      member.failures === MAX_FAILURES ||
      (member.failures > MAX_FAILURES && now >= this.#judgedFrom)
    ) {
      this.#judge(now);
    }
  }

  /** The call ended before the replica could show how it does. */
  unknown(member: Member, now: number): void {
    member.probed('unknown', now);
    this.#setProbeAt();
  }

  #judge(now: number): void {
    this.#judgedFrom = now + JUDGED_EVERY_MS;
    const out = outliers(this.#members);
    this.#members.forEach((member, index) => {
      if (out.includes(index)) member.eject(now);
      else if (!member.out && member.samples >= MIN_SAMPLES * 10) member.well();
    });
    if (out.length > 0) this.#setProbeAt();
  }

  #setProbeAt(): void {
    this.#probeAt = Math.min(...this.#members.map(({ probeAt }) => probeAt));
  }

  /** Whether another replica than that one may serve the hash and seems to be in reach. */
  hasOther({ peer }: Member, hash: number | undefined): boolean {
    if (this.needsOwner(hash)) {
      const owner = this.choose(hash);
      return owner !== undefined && owner.peer !== peer && !owner.peer.ejected;
    }
    return this.#members.some((other) => other.peer !== peer && !other.peer.ejected);
  }

  /** Every replica is out of reach, or there is none: only a wait helps. */
  get unreachable(): boolean {
    return this.#members.every(({ peer }) => peer.unreachable);
  }

  /** Resolves at the next routing, or after `timeoutMs`. Rejects with RESOURCE_EXHAUSTED when too many wait. */
  async nextRouting(timeoutMs: number): Promise<void> {
    this.beginWaiting();
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
      this.endWaiting();
    }
  }

  /** A call is going to wait for a connection. Throws RESOURCE_EXHAUSTED when too many calls wait. */
  beginWaiting(): void {
    if (this.#waiting >= MAX_WAITING) {
      throw new RemoteCallError('RESOURCE_EXHAUSTED', `${MAX_WAITING} calls wait for a replica already`, {
        component: this.component,
        executed: 'no',
      });
    }
    this.#waiting++;
  }

  endWaiting(): void {
    this.#waiting--;
  }
}
