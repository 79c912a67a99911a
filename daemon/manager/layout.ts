import type { Placement } from '../host/host-messages.js';
import type { Deployment } from './app-record.js';
import { type Group, groupsOf } from './groups.js';
import { formatReplica } from './replica-key.js';

/** One replica that a deployment has, as it would be placed. */
export interface PlannedReplica {
  readonly key: string;
  readonly group: Group;
  readonly placement: Placement;
}

/** The replicas of a deployment. Throws ManifestError, which a deployment in the store was checked for. */
export function layoutOf(deployment: Deployment): readonly PlannedReplica[] {
  return groupsOf(deployment.description, deployment.manifest).flatMap((group) =>
    Array.from({ length: group.replicas }, (_, index) => plannedReplica(deployment, group, index)),
  );
}

/** The replica of that name, also one beyond the wanted number; undefined when it can be none of the deployment. */
export function plannedByName(
  deployment: Deployment,
  groupName: string,
  replica: string,
): PlannedReplica | undefined {
  const group = groupsOf(deployment.description, deployment.manifest).find(({ name }) => name === groupName);
  const index = Number(replica.slice(groupName.length + 1));
  if (group === undefined || !Number.isSafeInteger(index) || index < 0) return undefined;
  const planned = plannedReplica(deployment, group, index);
  return planned.placement.replica === replica ? planned : undefined;
}

function plannedReplica(deployment: Deployment, group: Group, index: number): PlannedReplica {
  const { manifest, description, version } = deployment;
  const replica = `${group.name}-${index}`;
  const memory = manifest.resources.memory;
  return {
    key: formatReplica({ app: description.app, version, replica }),
    group,
    placement: {
      app: description.app,
      version,
      group: group.name,
      replica,
      hosting: {
        components: group.components.map((name) => ({
          name,
          config: manifest.components[name]?.config ?? {},
          implementation: manifest.components[name]?.implementation,
        })),
        main: group.hasMain && index === 0,
        mainConfig: manifest.main.config,
        defaultTimeoutMs: manifest.calls.timeout,
      },
      env: manifest.env,
      memoryMiB: memory === undefined ? undefined : mebibytes(memory),
      graceMs: manifest.shutdown.grace,
    },
  };
}

function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * (size.endsWith('GiB') ? 1024 : 1);
}
