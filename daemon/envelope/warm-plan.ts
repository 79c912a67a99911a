import type { ReplicaSpec } from './replica-host.js';

/** What a process is started with, whichever replica it will be. */
export type WarmSpec = Pick<ReplicaSpec, 'app' | 'version' | 'bundle' | 'env' | 'memoryMiB'>;

/** With fewer replicas on the host than this, a version has no warm process: it would cost as much as a replica. */
const MIN_REPLICAS = 2;

/** Equal for specs of which each may run in a process that was started for the other. */
export function warmKey({ app, version, bundle, env, memoryMiB }: WarmSpec): string {
  const variables = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([app, version, bundle, variables, memoryMiB ?? null]);
}

/**
 * For which starts processes are to wait, by their keys: one a version, that which most of its replicas have in common
 * (groups may differ in their heap limit).
 */
export function warmPlan(specs: readonly ReplicaSpec[]): ReadonlyMap<string, WarmSpec> {
  const versions = new Map<
    string,
    { replicas: number; starts: Map<string, { spec: WarmSpec; replicas: number }> }
  >();
  for (const spec of specs) {
    const version = JSON.stringify([spec.app, spec.version]);
    const known = versions.get(version) ?? { replicas: 0, starts: new Map() };
    versions.set(version, known);
    const key = warmKey(spec);
    const start = known.starts.get(key) ?? { spec, replicas: 0 };
    known.starts.set(key, start);
    known.replicas++;
    start.replicas++;
  }
  const plan = new Map<string, WarmSpec>();
  for (const { replicas, starts } of versions.values()) {
    const [most] = [...starts].sort(([, a], [, b]) => b.replicas - a.replicas);
    if (most !== undefined && replicas >= MIN_REPLICAS) plan.set(most[0], most[1].spec);
  }
  return plan;
}
