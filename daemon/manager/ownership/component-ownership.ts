import type { AppRecord, Deployment } from '../app-record.js';
import { balanced } from '../balanced.js';
import { balancingOf, keyLoads } from '../component-balancing.js';
import type { HostedReplica } from '../hosted-replica.js';
import { layoutFor } from '../layout.js';
import { routable } from '../routable.js';
import { type Advanced, advance, holdersOf, isHandingOver, UNGRANTED } from './grants.js';
import type { Holder, Run } from './holder.js';
import { hasLetGo, type Seen, stampOf } from './let-go.js';
import type { Ownership } from './ownership-record.js';
import { ownedIn, owningVersion } from './owning-version.js';

/** The decisions for one component, and what they go by from one to the next. */
export interface ComponentOwnership extends Ownership {
  /** Unix ms: when the slices were balanced; undefined while no replica reports load. */
  readonly balancedAt: number | undefined;
  /** Of the replicas among which they are. */
  readonly names: readonly string[] | undefined;
  /** Unix ms: since when replicas of another version than should have keys have some; undefined when none do. */
  readonly givingWaySince: number | undefined;
  /** Somebody could act for keys that nobody has, or that were taken from somebody. */
  readonly isWaiting: boolean;
}

export const UNOWNED: ComponentOwnership = {
  desired: undefined,
  grants: UNGRANTED,
  balancedAt: undefined,
  names: undefined,
  givingWaySince: undefined,
  isWaiting: false,
};

/**
 * A version that serves no more keeps exclusive keys for so long at most, for the requests that it is answering still; until
 * its replicas drain, which is when all that call them have gone.
 */
export const GIVE_WAY_MS = 5000;

/** What is seen of an app. */
export interface OwnershipView {
  readonly record: AppRecord;
  /** Of each replica the instance that counts. */
  readonly observed: readonly HostedReplica[];
  readonly leaving: ReadonlySet<string>;
  /** By host. */
  readonly reports: ReadonlyMap<string, Seen>;
  /** It is there, and has said what it runs. */
  readonly isHeard: (host: string) => boolean;
  /** Unix ms. */
  readonly now: number;
  /** That process has ended, or its lease has run out, whatever its host reports. */
  readonly hasLapsed: (holder: Run) => boolean;
  /** Somebody may act of whom the record says nothing: nobody is given anything. */
  readonly isUnknown: boolean;
  /** The record is older than one that hosts have heard of. */
  readonly isDoubtful: boolean;
}

export interface NextOwnership {
  /** `before` itself when nothing is to change. */
  readonly ownership: ComponentOwnership;
  /** See {@link Advanced}. */
  readonly expelled: Advanced['expelled'];
}

/** The next decisions for a component. */
export function nextOwnership(
  component: string,
  before: ComponentOwnership,
  view: OwnershipView,
  nextEpoch: () => number,
): NextOwnership {
  const { record, now, reports, hasLapsed } = view;
  const { app } = record;
  const owning = owningVersion(record, component);
  const replicas = owning === undefined ? undefined : replicasOf(owning, component, view);
  // Those of a silent host keep what they have until their lease has run out: it cannot be told to give anything away.
  const silent = silentHolders(before, view).filter(
    (holder) => holder.version === owning?.version && !hasLapsed(holder),
  );
  const plan =
    owning === undefined || replicas === undefined
      ? undefined
      : balanced(
          { ...before, assignment: before.desired },
          {
            names: [
              ...new Set([...routable(replicas, view.leaving), ...silent].map(({ replica }) => replica)),
            ].sort(),
            loads: keyLoads(component, replicas),
            balancing: balancingOf(owning, component),
            now,
            mayMove: !isHandingOver(before.grants),
          },
        );
  const desired = plan?.assignment ?? before.desired;
  const candidates =
    replicas === undefined || view.isUnknown ? new Map<string, Holder>() : candidatesOf(replicas, view);
  const isStrange = ({ version }: Holder) => owning !== undefined && version !== owning.version;
  const givingWaySince =
    candidates.size > 0 && holdersOf(before.grants).some(isStrange)
      ? (before.givingWaySince ?? now)
      : undefined;
  const isExclusive = owning !== undefined && ownedIn(owning, component)?.exclusive === true;
  const isDue = isExclusive && givingWaySince !== undefined && now >= givingWaySince + GIVE_WAY_MS;
  const { grants, expelled } = advance(
    before.grants,
    {
      desired,
      candidates,
      hasLetGo: (holder, takenAt) => {
        const report = reports.get(holder.host);
        return report !== undefined && hasLetGo({ app, component }, holder, takenAt, report);
      },
      hasLapsed,
      isDoubtful: view.isDoubtful,
      mayTake: (holder) =>
        view.isHeard(holder.host) && (!isStrange(holder) || isDue || !serves(app, holder, reports)),
    },
    nextEpoch,
  );
  const next: ComponentOwnership = {
    desired,
    grants,
    balancedAt: plan === undefined ? before.balancedAt : plan.balancedAt,
    names: plan?.names ?? before.names,
    givingWaySince,
    isWaiting:
      replicas?.some(({ state }) => state === 'serving') === true &&
      grants.some(({ holder, takenAt }) => holder === undefined || takenAt !== undefined),
  };
  return { ownership: isSame(before, next) ? before : next, expelled };
}

function isSame(a: ComponentOwnership, b: ComponentOwnership): boolean {
  return Object.entries(a).every(([name, value]) => b[name as keyof ComponentOwnership] === value);
}

/** Who has keys on hosts that are not heard. */
export function silentHolders(
  { grants }: Pick<Ownership, 'grants'>,
  { isHeard }: Pick<OwnershipView, 'isHeard'>,
): readonly Holder[] {
  return holdersOf(grants).filter(({ host }) => !isHeard(host));
}

/** Of the component's group; undefined while one is being adopted, in that version or another: nothing moves then. */
function replicasOf(
  owning: Deployment,
  component: string,
  { record, observed }: OwnershipView,
): readonly HostedReplica[] | undefined {
  const hosting = [record.current, ...record.older].flatMap((deployment) => {
    const group = layoutFor(deployment).groups.find(({ components }) => components.includes(component));
    return group === undefined ? [] : [{ version: deployment.version, group: group.name }];
  });
  const all = observed.filter((replica) =>
    hosting.some(({ version, group }) => replica.version === version && replica.group === group),
  );
  if (all.some(({ state }) => state === 'adopting')) return undefined;
  return all.filter(({ version }) => version === owning.version);
}

/** Those that serve, as their hosts' newest reports name them. */
function candidatesOf(
  replicas: readonly HostedReplica[],
  { leaving, reports }: OwnershipView,
): ReadonlyMap<string, Holder> {
  const staying = new Set(routable(replicas, leaving).map(({ replica }) => replica));
  return new Map(
    replicas.flatMap(({ state, version, replica, generation, host, group, address, remoteAddress }) => {
      const report = reports.get(host);
      if (state !== 'serving' || report === undefined || address === undefined || !staying.has(replica))
        return [];
      const at = { group, address, remoteAddress };
      return [[replica, { version, replica, generation, host, at, seen: stampOf(report) }] as const];
    }),
  );
}

function serves(
  app: string,
  { version, replica, generation, host }: Holder,
  reports: ReadonlyMap<string, Seen>,
): boolean {
  const found = reports
    .get(host)
    ?.replicas.find((each) => each.app === app && each.version === version && each.replica === replica);
  return found?.generation === generation && found.state === 'serving';
}
