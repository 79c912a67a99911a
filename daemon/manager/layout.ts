import { type AppManifest, sizeInBytes } from '../../config/app-manifest.js';
import { isOwned } from '../../sdk/protocol/app-description.js';
import type { Placement } from '../host/host-messages.js';
import type { Deployment } from './app-record.js';
import { type Group, groupsOf } from './groups.js';
import { formatReplica } from './replica-key.js';

const MIB = 1024 ** 2;

/** One replica that a deployment has, as it would be placed. */
export interface PlannedReplica {
  readonly key: string;
  readonly group: Group;
  readonly placement: Placement;
}

/** The groups of a deployment and its replicas, which are the same objects each time they are asked for. */
export class Layout {
  readonly groups: readonly Group[];
  readonly #deployment: Deployment;
  readonly #owned: ReadonlySet<string>;
  readonly #replicas: ReadonlyMap<string, { readonly group: Group; readonly planned: PlannedReplica[] }>;

  /** Throws ManifestError, which a deployment in the store was checked for. */
  constructor(deployment: Deployment) {
    this.#deployment = deployment;
    this.#owned = new Set(deployment.description.components.filter(isOwned).map(({ name }) => name));
    this.groups = groupsOf(deployment.description, deployment.manifest);
    this.#replicas = new Map(this.groups.map((group) => [group.name, { group, planned: [] }]));
  }

  /** The first replicas of a group. */
  replicas(group: Group, count: number): readonly PlannedReplica[] {
    const planned = this.#replicas.get(group.name)?.planned ?? [];
    while (planned.length < count) planned.push(this.#plan(group, planned.length, planned[1]));
    return planned.length === count ? planned : planned.slice(0, count);
  }

  /** The replica of that name, also one beyond the wanted number; undefined when it can be none of the deployment. */
  named(groupName: string, replica: string): PlannedReplica | undefined {
    const found = this.#replicas.get(groupName);
    const index = Number(replica.slice(groupName.length + 1));
    if (found === undefined || !Number.isSafeInteger(index) || index < 0) return undefined;
    const planned = found.planned[index] ?? this.#plan(found.group, index, undefined);
    return planned.placement.replica === replica ? planned : undefined;
  }

  /** `like` is one that hosts the same. */
  #plan(group: Group, index: number, like: PlannedReplica | undefined): PlannedReplica {
    const { manifest, description, version } = this.#deployment;
    const replica = `${group.name}-${index}`;
    const { memory } = manifest.resources;
    return {
      key: formatReplica({ app: description.app, version, replica }),
      group,
      placement: {
        app: description.app,
        version,
        group: group.name,
        replica,
        hosting: like?.placement.hosting ?? {
          components: group.components.map((name) => ({
            name,
            config: manifest.components[name]?.config ?? {},
            implementation: manifest.components[name]?.implementation,
            ...(this.#owned.has(name) ? { owned: true } : {}),
          })),
          main: group.hasMain && index === 0,
          mainConfig: manifest.main.config,
          defaultTimeoutMs: manifest.calls.timeout,
          ...durabilityOf(manifest),
        },
        env: manifest.env,
        memoryMiB: memory === undefined ? undefined : sizeInBytes(memory) / MIB,
        graceMs: manifest.shutdown.grace,
      },
    };
  }
}

/** Nothing for the default: a replica whose spec changes is restarted, and manifests of older deployments have no `state`. */
function durabilityOf({ state }: Partial<Pick<AppManifest, 'state'>>) {
  return state === undefined || state.durability === 'always' ? {} : { stateDurability: state.durability };
}

const layouts = new WeakMap<Deployment, Layout>();

/** A deployment never changes, so neither does its layout. */
export function layoutFor(deployment: Deployment): Layout {
  const known = layouts.get(deployment);
  if (known !== undefined) return known;
  const layout = new Layout(deployment);
  layouts.set(deployment, layout);
  return layout;
}

/** The replicas that a deployment has at least. Throws ManifestError as {@link Layout} does. */
export function layoutOf(deployment: Deployment): readonly PlannedReplica[] {
  const layout = layoutFor(deployment);
  return layout.groups.flatMap((group) => layout.replicas(group, group.replicas));
}
