import { FewestFirst } from './fewest-first.js';
import type { HostUsage, ZoneUsage } from './host-usage.js';
import { type Loaded, LoadHeap } from './load-heap.js';
import { takesNew } from './placement-host.js';
import { hasLabels, type ReplicaNeeds } from './replica-needs.js';

/** How many hosts were left after each question. */
export interface CandidateCounts {
  /** Of the whole fleet that are there. */
  readonly hosts: number;
  /** Alive and not draining. */
  readonly open: number;
  /** With the labels that are needed. */
  readonly labelled: number;
  /** With room, when the choice was made. */
  readonly fitting: number;
}

/**
 * What told the chosen host from the others: it was the only one; its zone, or it, had fewer replicas of the group; it
 * was less loaded; or all was equal, and the hash of its name decided.
 */
export type DecidingRule = 'only' | 'zone' | 'host' | 'load' | 'hash';

export interface Candidate {
  readonly usage: HostUsage;
  readonly rule: DecidingRule;
  readonly counts: CandidateCounts;
}

/** The hosts of one zone that are left to choose from. */
class ZoneHosts implements Loaded {
  readonly heap: LoadHeap<HostUsage>;
  readonly usage: ZoneUsage | undefined;
  readonly name: string;
  readonly rank: number;

  constructor(usage: ZoneUsage | undefined, hosts: readonly HostUsage[]) {
    this.heap = new LoadHeap(hosts);
    this.usage = usage;
    this.name = usage?.name ?? '';
    this.rank = usage?.rank ?? 0;
  }

  get load(): number {
    return this.usage?.load ?? 0;
  }

  get replicas(): number {
    return this.usage?.replicas ?? 0;
  }
}

/** Hosts for new replicas of the same needs. One that is full leaves for good, since nothing is taken from it again. */
export class Candidates {
  readonly needs: ReplicaNeeds;
  readonly zones: LoadHeap<ZoneHosts>;
  readonly #counts: Omit<CandidateCounts, 'fitting'>;
  #fitting: number;

  constructor(fleet: readonly HostUsage[], needs: ReplicaNeeds) {
    const open = fleet.filter(({ host }) => takesNew(host));
    const labelled = open.filter(({ host }) => hasLabels(host, needs.labels));
    const fitting = labelled.filter((usage) => usage.fits(needs));
    const byZone = new Map<ZoneUsage | undefined, HostUsage[]>();
    for (const usage of fitting) {
      const zone = needs.spread === 'zone' ? usage.zone : undefined;
      const hosts = byZone.get(zone);
      if (hosts === undefined) byZone.set(zone, [usage]);
      else hosts.push(usage);
    }
    this.needs = needs;
    this.zones = new LoadHeap([...byZone].map(([zone, hosts]) => new ZoneHosts(zone, hosts)));
    this.#counts = { hosts: fleet.length, open: open.length, labelled: labelled.length };
    this.#fitting = fitting.length;
  }

  get counts(): CandidateCounts {
    return { ...this.#counts, fitting: this.#fitting };
  }

  filled(): void {
    this.#fitting--;
  }
}

/** Chooses hosts for the missing replicas of one group; {@link end} when that is done. */
export class GroupChooser {
  readonly #candidates: Candidates;
  readonly #onHost = new Map<HostUsage, number>();
  readonly #inZone = new Map<ZoneUsage | undefined, number>();
  readonly #zones: FewestFirst<ZoneHosts>;
  readonly #hosts = new Map<ZoneHosts, FewestFirst<HostUsage>>();

  /** `present`: where the group's other replicas are, each as often as it has one. */
  constructor(candidates: Candidates, present: Iterable<HostUsage>) {
    this.#candidates = candidates;
    for (const usage of present) this.#count(usage);
    this.#zones = new FewestFirst(candidates.zones, ({ usage }) => this.#inZone.get(usage) ?? 0);
  }

  /** The host has been taken from; undefined when none is left that fits. */
  choose(): Candidate | undefined {
    const { needs } = this.#candidates;
    for (let zone = this.#zones.take(); zone !== undefined; zone = this.#zones.take()) {
      const hosts = this.#hostsOf(zone);
      const usage = this.#fitting(hosts);
      if (usage === undefined) continue; // this zone is full, for good
      const counts = this.#candidates.counts;
      const rule = this.#ruleFor(usage, zone, hosts, counts);
      usage.take(needs);
      this.#count(usage);
      hosts.giveBack(usage);
      this.#zones.giveBack(zone);
      return { usage, rule, counts };
    }
    return undefined;
  }

  end(): void {
    for (const hosts of this.#hosts.values()) hosts.end();
    this.#zones.end();
  }

  #hostsOf(zone: ZoneHosts): FewestFirst<HostUsage> {
    const known = this.#hosts.get(zone);
    if (known !== undefined) return known;
    const hosts = new FewestFirst(zone.heap, (usage) => this.#onHost.get(usage) ?? 0);
    this.#hosts.set(zone, hosts);
    return hosts;
  }

  #fitting(hosts: FewestFirst<HostUsage>): HostUsage | undefined {
    for (let usage = hosts.take(); usage !== undefined; usage = hosts.take()) {
      if (usage.fits(this.#candidates.needs)) return usage;
      this.#candidates.filled();
    }
    return undefined;
  }

  #ruleFor(
    usage: HostUsage,
    zone: ZoneHosts,
    hosts: FewestFirst<HostUsage>,
    { fitting }: CandidateCounts,
  ): DecidingRule {
    if (fitting === 1) return 'only';
    if (this.#zones.passedOver) return 'zone';
    if (hosts.passedOver) return 'host';
    const next = zone.heap.peek();
    return next?.load === usage.load && next.replicas === usage.replicas ? 'hash' : 'load';
  }

  #count(usage: HostUsage): void {
    const { spread } = this.#candidates.needs;
    if (spread === 'none') return;
    this.#onHost.set(usage, (this.#onHost.get(usage) ?? 0) + 1);
    if (spread === 'zone') this.#inZone.set(usage.zone, (this.#inZone.get(usage.zone) ?? 0) + 1);
  }
}
