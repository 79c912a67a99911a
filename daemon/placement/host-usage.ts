import type { Loaded } from './load-heap.js';
import type { PlacementHost } from './placement-host.js';
import { hasLabels, type ReplicaNeeds } from './replica-needs.js';

/** Fractions of a processor add up to a whole one. */
const ROUNDING = 1e-9;

/** A zone while a plan is made: as loaded as the share of its replicas that it has. */
export class ZoneUsage implements Loaded {
  readonly name: string;
  readonly rank: number;
  replicas = 0;
  /** Of its hosts in all; or the number of them, when any host of the fleet takes any number. */
  slots = 0;

  constructor(name: string) {
    this.name = name;
    this.rank = rankOf(name);
  }

  get load(): number {
    return this.slots === 0 ? Number.POSITIVE_INFINITY : this.replicas / this.slots;
  }
}

/** What a host has to run while a plan is made. */
export class HostUsage implements Loaded {
  readonly host: PlacementHost;
  readonly zone: ZoneUsage;
  readonly name: string;
  readonly rank: number;
  replicas = 0;
  cpus = 0;
  memoryBytes = 0;
  /** The largest share taken of any of its capacities. */
  load = 0;

  constructor(host: PlacementHost, zone: ZoneUsage) {
    this.host = host;
    this.zone = zone;
    this.name = host.host;
    this.rank = rankOf(host.host);
  }

  fits({ cpus, memoryBytes }: ReplicaNeeds): boolean {
    const { capacity } = this.host;
    return (
      this.replicas < capacity.maxReplicas &&
      this.cpus + cpus <= capacity.cpus + ROUNDING &&
      this.memoryBytes + memoryBytes <= capacity.memoryBytes
    );
  }

  /** A replica that is there may remain. */
  keeps(needs: ReplicaNeeds): boolean {
    return !this.host.draining && hasLabels(this.host, needs.labels) && this.fits(needs);
  }

  /** Whether it fits or not: what runs, runs. */
  take({ cpus, memoryBytes }: ReplicaNeeds): void {
    const { capacity } = this.host;
    this.replicas++;
    this.zone.replicas++;
    this.cpus += cpus;
    this.memoryBytes += memoryBytes;
    this.load = Math.max(
      share(this.replicas, capacity.maxReplicas),
      share(this.cpus, capacity.cpus),
      share(this.memoryBytes, capacity.memoryBytes),
    );
  }
}

function share(taken: number, capacity: number): number {
  return taken === 0 ? 0 : taken / capacity;
}

/** Of hosts that are equal the one with the lowest is taken: FNV-1a, mixed as MurmurHash3 ends. */
function rankOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
