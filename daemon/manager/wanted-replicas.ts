import type { Load } from '../../sdk/protocol/control.js';
import { type AppRecord, type Deployment, isWanted } from './app-record.js';
import { type Instances, isLive } from './fleet-view.js';
import type { Group } from './groups.js';
import { layoutFor, type PlannedReplica } from './layout.js';
import type { PlanMemory } from './plan-memory.js';
import { formatVersion } from './replica-key.js';
import { type ScaleMemory, scale } from './scale.js';

/** The replicas of one group of a version that is wanted. */
export interface WantedReplicas {
  readonly deployment: Deployment;
  readonly group: Group;
  readonly replicas: readonly PlannedReplica[];
  /** Why so many. */
  readonly explanation: string;
  /** Undefined where the number is fixed. */
  readonly scale: { readonly key: string; readonly memory: ScaleMemory } | undefined;
}

/** Of the versions that are wanted: in each group as many replicas as its load needs. */
export function wantedReplicas(
  record: AppRecord,
  instances: Instances,
  { scales }: Pick<PlanMemory, 'scales'>,
  now: number,
): readonly WantedReplicas[] {
  const deployments = [record.current, ...record.older].filter(({ version }) => isWanted(record, version));
  const observed = new Map<string, GroupLoad>();
  const isScaled = deployments.some((deployment) =>
    layoutFor(deployment).groups.some(({ replicas, maxReplicas }) => maxReplicas > replicas),
  );
  if (isScaled) observeLoads(record, instances, observed);

  return deployments.flatMap((deployment) => {
    const layout = layoutFor(deployment);
    return layout.groups.map((group): WantedReplicas => {
      const range = { min: group.replicas, max: group.maxReplicas };
      if (range.min === range.max)
        return {
          deployment,
          group,
          replicas: layout.replicas(group, range.min),
          explanation: `${range.min}: as the manifest says`,
          scale: undefined,
        };
      const key = groupKey(record.app, deployment.version, group.name);
      const there = observed.get(key);
      const before = record.serving === undefined ? '' : groupKey(record.app, record.serving, group.name);
      // Who forgot, and a version that takes over from another, begin with what is there.
      const memory = scales.get(key) ?? {
        replicas: Math.max(range.min, there?.live ?? 0, scales.get(before)?.replicas ?? 0),
        low: undefined,
      };
      const decided = scale(range, there?.loads ?? [], memory, now);
      return {
        deployment,
        group,
        replicas: layout.replicas(group, decided.replicas),
        explanation: decided.explanation,
        scale: { key, memory: decided.memory },
      };
    });
  });
}

interface GroupLoad {
  live: number;
  readonly loads: Load[];
}

function observeLoads(record: AppRecord, instances: Instances, loads: Map<string, GroupLoad>): void {
  for (const [first] of instances.values()) {
    if (first === undefined || !isLive(first.replica)) continue;
    const { version, group, state, load } = first.replica;
    const key = groupKey(record.app, version, group);
    let known = loads.get(key);
    if (known === undefined) {
      known = { live: 0, loads: [] };
      loads.set(key, known);
    }
    known.live++;
    if (state === 'serving' && load !== undefined) known.loads.push(load);
  }
}

function groupKey(app: string, version: string, group: string): string {
  return `${formatVersion({ app, version })}/${group}`;
}
