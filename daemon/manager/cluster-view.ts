import type { AppStatus, HostStatus, LeaderStatus } from '../api/api-types.js';

/** What the leader sees of the whole cluster. */
export interface ClusterView {
  /** Undefined when none is known, or it does not answer. */
  readonly leader: LeaderStatus | undefined;
  readonly apps: readonly AppStatus[];
  readonly hosts: readonly HostStatus[];
  /** Those of the hosts, as they report them, and those of the control plane. */
  readonly problems: readonly string[];
}

/** Undefined for what is none; the fields within are trusted, as only daemons can publish. */
export function readClusterView(body: unknown): ClusterView | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { apps, hosts, problems } = body as Partial<Record<keyof ClusterView, unknown>>;
  return Array.isArray(apps) && Array.isArray(hosts) && Array.isArray(problems)
    ? (body as ClusterView)
    : undefined;
}
