import { type AppRecord, isWanted } from '../../daemon/manager/app-record.js';
import { layoutFor } from '../../daemon/manager/layout.js';
import { formatReplica } from '../../daemon/manager/replica-key.js';
import { isTombstone } from '../../daemon/memory/memory-entry.js';
import { summarize } from '../../daemon/memory/memory-summary.js';
import type { Cluster, SimHost } from './cluster.js';
import { OWNED } from './sample-app.js';
import type { Proclet } from './sim-machine.js';

interface Running {
  readonly host: string;
  readonly proclet: Proclet;
}

/** Why what is desired and what is there have not met yet; undefined when they have. */
export function difference(cluster: Cluster): string | undefined {
  const up = [...cluster.hosts].filter(([, { isGone }]) => !isGone);
  const down = up.find(([, { daemon }]) => daemon?.plane === undefined);
  if (down !== undefined) return `the daemon of ${down[0]} does not run`;
  const leaders = cluster.leaders();
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return `led by ${leaders.join(' and ') || 'nobody'}`;
  const view = cluster.hosts.get(leader)?.daemon?.plane?.manager.leading?.view();
  if (view === undefined) return `${leader} has the lease and does not lead yet`;
  const alive = view.hosts.filter(({ state }) => state === 'alive').map(({ host }) => host);
  const expected = up.map(([host]) => host).sort();
  if (alive.join() !== expected.join())
    return `the leader counts ${alive.join()} as alive, not ${expected.join()}`;
  const records = runningRecords(cluster);
  const unfinished = records.find(
    ({ state, current, serving, older }) =>
      state === 'removed' || older.length > 0 || (state === 'running' && serving !== current.version),
  );
  if (unfinished !== undefined) return `${unfinished.app} is not wholly at ${unfinished.current.version}`;
  return (
    replicaDifference(cluster, records) ??
    view.apps
      .filter(({ state }) => state !== 'serving' && state !== 'stopped')
      .map(({ app, state, reason }) => `the leader shows ${app} as ${state}: ${reason}`)[0] ??
    routingDifference(cluster, records, up) ??
    ownerDifference(cluster, records) ??
    memoryDifference(cluster, up)
  );
}

function runningRecords(cluster: Cluster): readonly AppRecord[] {
  return [...cluster.store.values('apps').values()].flatMap((value) =>
    isTombstone(value) ? [] : [value as AppRecord],
  );
}

function runningOf(cluster: Cluster): ReadonlyMap<string, readonly Running[]> {
  const running = new Map<string, Running[]>();
  for (const [host, { machine }] of cluster.hosts)
    for (const proclet of machine.proclets.values()) {
      if (proclet.phase === 'ended') continue;
      const of = running.get(proclet.key) ?? [];
      running.set(proclet.key, [...of, { host, proclet }]);
    }
  return running;
}

function replicaDifference(cluster: Cluster, records: readonly AppRecord[]): string | undefined {
  const running = runningOf(cluster);
  const wanted = new Set<string>();
  for (const record of records)
    for (const { key, spec } of wantedOf(record)) {
      wanted.add(key);
      const instances = running.get(key) ?? [];
      const [only] = instances;
      if (only === undefined) return `${key} runs nowhere`;
      if (instances.length > 1) return `${key} runs on ${instances.map(({ host }) => host).join(' and ')}`;
      if (only.proclet.phase !== 'serving') return `${key} on ${only.host} is ${only.proclet.phase}`;
      if (JSON.stringify(only.proclet.spec.env) !== JSON.stringify(spec.env))
        return `${key} on ${only.host} runs with another manifest`;
    }
  for (const [key, instances] of running)
    if (!wanted.has(key)) return `${key} still runs on ${instances.map(({ host }) => host).join(' and ')}`;
  return undefined;
}

function wantedOf(record: AppRecord) {
  if (!isWanted(record, record.current.version)) return [];
  const layout = layoutFor(record.current);
  return layout.groups.flatMap((group) =>
    layout.replicas(group, group.replicas).map(({ key, placement }) => ({ key, spec: placement, group })),
  );
}

function routingDifference(
  cluster: Cluster,
  records: readonly AppRecord[],
  up: readonly (readonly [string, SimHost])[],
): string | undefined {
  const running = runningOf(cluster);
  for (const record of records) {
    const { version } = record.current;
    const wanted = wantedOf(record);
    for (const [host, { daemon, machine }] of up) {
      const backends = machine.routes
        .filter(({ app }) => app === record.app)
        .flatMap((route) => route.backends.map(({ replica, generation }) => `${replica}#${generation}`));
      const local = [...machine.proclets.values()].filter(({ spec }) => spec.app === record.app);
      const fronts = local.filter(({ spec, phase }) => spec.group === 'Front' && phase === 'serving');
      const expected = fronts.map(({ spec, generation }) => `${spec.replica}#${generation}`).sort();
      if (backends.join() !== expected.join())
        return `the ingress of ${host} leads ${record.app} to ${backends.join() || 'nobody'}, not ${expected.join() || 'nobody'}`;
      if (local.length === 0) continue;
      for (const component of new Set(wanted.flatMap(({ group }) => group.components))) {
        const there = daemon?.replicaHost.routing.get(`${record.app}/${version}/${component}`)?.routing;
        const routed = there?.replicas.map(({ replica, generation }) => `${replica}#${generation}`) ?? [];
        const serving = wanted
          .filter(({ group }) => group.components.includes(component))
          .flatMap(({ key }) => running.get(key) ?? [])
          .map(({ proclet }) => `${proclet.spec.replica}#${proclet.generation}`)
          .sort();
        if (routed.join() !== serving.join())
          return `${host} routes ${component} of ${formatReplica({ ...record, version, replica: '' })} to ${routed.join() || 'nobody'}, not ${serving.join() || 'nobody'}`;
      }
    }
  }
  return undefined;
}

/** Of the apps that run. */
function ownerDifference({ keyOwners }: Cluster, records: readonly AppRecord[]): string | undefined {
  for (const { app, state, current } of records) {
    if (state !== 'running') continue;
    const unowned = keyOwners.unowned(app, current.version, OWNED);
    if (unowned !== undefined) return unowned;
  }
  return undefined;
}

function memoryDifference(cluster: Cluster, up: readonly (readonly [string, SimHost])[]): string | undefined {
  const stored = ['apps', 'hosts'].flatMap((bucket) =>
    [...cluster.store.values(bucket)].map(([key, value]) => ({ bucket, key, value })),
  );
  const { digest } = summarize(stored);
  const other = up.find(([, { daemon }]) => daemon?.memory?.summary().digest !== digest);
  return other && `${other[0]} remembers other than what the store has`;
}
