import { type CandidateCounts, Candidates, type DecidingRule, GroupChooser } from './candidates.js';
import { HostUsage, ZoneUsage } from './host-usage.js';
import { isPresent, type PlacementHost } from './placement-host.js';
import { hasLabels, needsKey, type ReplicaNeeds } from './replica-needs.js';
import { unplacedReason } from './unplaced-reason.js';

/** Replicas that need the same, and are spread. */
export interface WantedGroup {
  readonly needs: ReplicaNeeds;
  /** Of each replica the host where it is or was to be; undefined for one that is new. */
  readonly places: readonly (string | undefined)[];
}

export interface PlacementRequest {
  /** Those that come first have room first; but each has its first replica before any has more. */
  readonly groups: readonly WantedGroup[];
  readonly hosts: readonly PlacementHost[];
  /** What else runs and takes room: replicas on their way out. */
  readonly held: readonly { readonly host: string; readonly needs: ReplicaNeeds }[];
}

/** Why a replica does not stay where it was. */
export type MoveReason = 'gone' | 'draining' | 'labels' | 'capacity';

/**
 * `held`: it should run elsewhere, but no other host has room, so that it stays where it is. A `reason` names what is
 * lacking.
 */
export type Choice =
  | { readonly kind: 'stays'; readonly host: string }
  | {
      readonly kind: 'placed';
      readonly host: string;
      readonly zone: string;
      readonly rule: DecidingRule;
      readonly candidates: CandidateCounts;
      readonly from: { readonly host: string; readonly why: MoveReason } | undefined;
    }
  | { readonly kind: 'held'; readonly host: string; readonly why: MoveReason; readonly reason: string }
  | { readonly kind: 'unplaced'; readonly reason: string };

interface Missing {
  readonly index: number;
  readonly from: { readonly host: string; readonly why: MoveReason } | undefined;
  /** The host it runs on until it runs elsewhere. */
  readonly on: HostUsage | undefined;
}

interface OpenGroup {
  readonly needs: ReplicaNeeds;
  /** To be filled in. */
  readonly choices: (Choice | undefined)[];
  /** Hosts of the replicas that stay, or were just placed. */
  readonly present: HostUsage[];
  readonly missing: readonly Missing[];
}

/**
 * A host for each replica, or why there is none. What has a host keeps it while that is there, is not draining, has the
 * labels and the room; nothing moves to even things out. The others are spread over zones, then hosts, and go to the
 * least loaded that fits: by the largest share taken of replicas, CPUs or memory. The same request has the same
 * answer: for each group a choice for each of its replicas. Takes O(n log n) of replicas and hosts, and the hosts once
 * for each distinct needs with something missing.
 */
export function place(request: PlacementRequest): readonly (readonly Choice[])[] {
  const fleet = fleetOf(request.hosts);
  const choices = request.groups.map(({ places }) => new Array<Choice | undefined>(places.length));
  const open = keep(request, fleet, choices);
  for (const { host, needs } of request.held) fleet.get(host)?.take(needs);
  for (const { missing, needs } of open) for (const { on } of missing) on?.take(needs);

  const chooser = new Chooser([...fleet.values()]);
  const isFirst = ({ present }: OpenGroup) => present.length === 0;
  for (const group of open.filter(isFirst)) chooser.place(group, group.missing.slice(0, 1));
  for (const group of open) {
    const { missing, choices: chosen } = group;
    chooser.place(
      group,
      missing.filter(({ index }) => chosen[index] === undefined),
    );
  }
  return choices.map(complete);
}

function fleetOf(hosts: readonly PlacementHost[]): ReadonlyMap<string, HostUsage> {
  const present = hosts.filter(isPresent);
  const areBounded = present.every(({ capacity }) => Number.isFinite(capacity.maxReplicas));
  const zones = new Map<string, ZoneUsage>();
  const fleet = new Map<string, HostUsage>();
  for (const host of present) {
    const name = host.zone ?? '';
    let zone = zones.get(name);
    if (zone === undefined) {
      zone = new ZoneUsage(name);
      zones.set(name, zone);
    }
    zone.slots += areBounded ? host.capacity.maxReplicas : 1;
    fleet.set(host.host, new HostUsage(host, zone));
  }
  return fleet;
}

/** All have been filled in; this tells the compiler. */
function complete(choices: readonly (Choice | undefined)[]): readonly Choice[] {
  return choices.filter((choice) => choice !== undefined);
}

/** What stays; returns the groups that lack replicas. */
function keep(
  { groups }: PlacementRequest,
  fleet: ReadonlyMap<string, HostUsage>,
  choices: readonly (Choice | undefined)[][],
): readonly OpenGroup[] {
  const staysOn = new Map<HostUsage, Choice>();
  const open: OpenGroup[] = [];
  for (const [at, { needs, places }] of groups.entries()) {
    const chosen = choices[at] ?? [];
    const missing: Missing[] = [];
    const present: HostUsage[] = [];
    for (const [index, host] of places.entries()) {
      const usage = host === undefined ? undefined : fleet.get(host);
      if (usage?.keeps(needs)) {
        usage.take(needs);
        present.push(usage);
        let stays = staysOn.get(usage);
        if (stays === undefined) {
          stays = { kind: 'stays', host: usage.name };
          staysOn.set(usage, stays);
        }
        chosen[index] = stays;
      } else {
        const from = host === undefined ? undefined : { host, why: moveReason(usage, needs) };
        missing.push({ index, from, on: usage });
      }
    }
    if (missing.length > 0) open.push({ needs, choices: chosen, present, missing });
  }
  return open;
}

function moveReason(usage: HostUsage | undefined, { labels }: ReplicaNeeds): MoveReason {
  if (usage === undefined) return 'gone';
  if (usage.host.draining) return 'draining';
  return hasLabels(usage.host, labels) ? 'capacity' : 'labels';
}

/** Candidates are looked for once for all groups of the same needs. */
class Chooser {
  readonly #fleet: readonly HostUsage[];
  readonly #candidates = new Map<string, Candidates>();
  /** Once there is no room for those needs, there is none until the next plan. */
  readonly #reasons = new Map<Candidates, string>();

  constructor(fleet: readonly HostUsage[]) {
    this.#fleet = fleet;
  }

  place(group: OpenGroup, missing: readonly Missing[]): void {
    if (missing.length === 0) return;
    const candidates = this.#candidatesFor(group.needs);
    const chooser = new GroupChooser(candidates, group.present);
    for (const each of missing) {
      const chosen = chooser.choose();
      if (chosen === undefined) {
        group.choices[each.index] = this.#without(each, candidates);
        continue;
      }
      const { usage, rule, counts } = chosen;
      group.present.push(usage);
      const where = { kind: 'placed' as const, host: usage.name, zone: usage.zone.name };
      group.choices[each.index] = { ...where, rule, candidates: counts, from: each.from };
    }
    chooser.end();
  }

  #without({ from, on }: Missing, candidates: Candidates): Choice {
    let reason = this.#reasons.get(candidates);
    if (reason === undefined) {
      reason = unplacedReason(this.#fleet, candidates.needs);
      this.#reasons.set(candidates, reason);
    }
    return from !== undefined && on !== undefined
      ? { kind: 'held', host: from.host, why: from.why, reason }
      : { kind: 'unplaced', reason };
  }

  #candidatesFor(needs: ReplicaNeeds): Candidates {
    const key = needsKey(needs);
    const known = this.#candidates.get(key);
    if (known !== undefined) return known;
    const candidates = new Candidates(this.#fleet, needs);
    this.#candidates.set(key, candidates);
    return candidates;
  }
}
