import type { Load } from '../../sdk/protocol/control.js';
import { type AppRecord, type Deployment, isWanted } from './app-record.js';
import { type AppInstances, isLive } from './fleet-view.js';
import type { Group } from './groups.js';
import { layoutFor, type PlannedReplica } from './layout.js';
import type { PlanMemory } from './plan-memory.js';
import { formatGroup } from './replica-key.js';
import { type ScaleMemory, scale } from './scale.js';

/** The replicas of one group of a version that is wanted. */
export interface WantedReplicas {
  /** formatGroup. */
  readonly key: string;
  readonly deployment: Deployment;
  readonly group: Group;
  readonly replicas: readonly PlannedReplica[];
  /** Why so many. */
  readonly explanation: string;
  /** Undefined where the number is fixed. */
  readonly scale: ScaleMemory | undefined;
}

/** Of the versions that are wanted: in each group as many replicas as its load needs. */
export function wantedReplicas(
  record: AppRecord,
  instances: AppInstances,
  { scales }: Pick<PlanMemory, 'scales'>,
  now: number,
): readonly WantedReplicas[] {
  const { app, serving } = record;
  const deployments = [record.current, ...record.older].filter(({ version }) => isWanted(record, version));
  return deployments.flatMap((deployment) => {
    const { version } = deployment;
    const layout = layoutFor(deployment);
    return layout.groups.map((group): WantedReplicas => {
      const key = formatGroup({ app, version, group: group.name });
      const range = { min: group.replicas, max: group.maxReplicas };
      if (range.min === range.max) {
        const explanation = `${range.min}: as the manifest says`;
        const replicas = layout.replicas(group, range.min);
        return { key, deployment, group, replicas, explanation, scale: undefined };
      }
      const { live, loads } = loadOf(instances, version, group.name);
      // Who forgot, and a version that takes over from another, begin with what is there.
      const before = serving === undefined ? '' : formatGroup({ app, version: serving, group: group.name });
      const memory = scales.get(key) ?? {
        replicas: Math.max(range.min, live, scales.get(before)?.replicas ?? 0),
        low: undefined,
      };
      const decided = scale(range, loads, memory, now);
      return {
        key,
        deployment,
        group,
        replicas: layout.replicas(group, decided.replicas),
        explanation: decided.explanation,
        scale: decided.memory,
      };
    });
  });
}

/** Of each replica one instance counts. */
function loadOf(
  instances: AppInstances,
  version: string,
  group: string,
): { readonly live: number; readonly loads: readonly Load[] } {
  const replicas = (instances.group(version, group)?.numbered ?? []).flatMap((present) => {
    const found = present?.find(({ replica }) => isLive(replica));
    return found === undefined ? [] : [found.replica];
  });
  const loads = replicas.flatMap(({ state, load }) =>
    state === 'serving' && load !== undefined ? [load] : [],
  );
  return { live: replicas.length, loads };
}
