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
