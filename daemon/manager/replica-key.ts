/** Which replica of which version; what tells replicas apart in the manager's tables. */
export interface ReplicaName {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
}

export function formatReplica({ app, version, replica }: ReplicaName): string {
  return `${app}/${version}/${replica}`;
}

export function formatVersion({ app, version }: { readonly app: string; readonly version: string }): string {
  return `${app}/${version}`;
}

export function formatGroup(group: {
  readonly app: string;
  readonly version: string;
  readonly group: string;
}): string {
  return `${formatVersion(group)}/${group.group}`;
}

/** One deployment of a version: the same version may be deployed again. */
export function deploymentKey(record: {
  readonly app: string;
  readonly current: { readonly version: string; readonly deployedAt: number };
}): string {
  const { app, current } = record;
  return `${formatVersion({ app, version: current.version })}/${current.deployedAt}`;
}
