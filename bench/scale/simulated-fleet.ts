import { appManifestSchema } from '../../config/app-manifest.js';
import { type AppRecord, deployed, shifted } from '../../daemon/manager/app-record.js';
import type { HostedReplica } from '../../daemon/manager/hosted-replica.js';
import type { ObservedHost } from '../../daemon/manager/observed-host.js';
import type { Plan } from '../../daemon/manager/plan.js';
import { formatReplica } from '../../daemon/manager/replica-key.js';
import type { HostCapacity, HostStatus } from '../../daemon/placement/placement-host.js';

export const REPLICAS_PER_HOST = 20;
/** An app for so many hosts: 20 groups of 100 replicas. */
const HOSTS_PER_APP = 100;
const GROUPS = 20;
const ZONES = 5;
/** One in so many has the label that one in so many groups needs. */
const LABELLED = 4;
/** Room for what a tenth of the hosts had, and a little more. */
const CAPACITY: HostCapacity = { cpus: 16, memoryBytes: 64 * 1024 ** 3, maxReplicas: 24 };

/** Hosts without processes: what is placed on one serves, or starts first, as it is told. */
export class SimulatedFleet {
  readonly records: readonly AppRecord[];
  readonly #hosts = new Map<string, SimulatedHost>();
  #next = 0;

  constructor(hosts: number) {
    this.records = Array.from({ length: Math.max(1, hosts / HOSTS_PER_APP) }, (_, index) =>
      recordOf(`app${index}`, hosts < HOSTS_PER_APP ? (hosts * REPLICAS_PER_HOST) / GROUPS : undefined),
    );
    this.join(hosts);
  }

  get names(): readonly string[] {
    return [...this.#hosts.keys()];
  }

  get replicas(): number {
    return this.records.length * GROUPS * HOSTS_PER_APP;
  }

  join(hosts: number): void {
    for (let count = 0; count < hosts; count++) {
      const index = this.#next++;
      this.#hosts.set(`host-${index}`, { index, status: 'alive', replicas: new Map() });
    }
  }

  setStatus(names: Iterable<string>, status: HostStatus): void {
    for (const name of names) {
      const host = this.#hosts.get(name);
      if (host !== undefined) host.status = status;
    }
  }

  observe(): readonly ObservedHost[] {
    return [...this.#hosts].map(([host, { index, status, replicas }]) => ({
      host,
      status,
      draining: false,
      labels: { zone: zoneOf(index), ...(index % LABELLED === 0 ? { disk: 'ssd' } : {}) },
      zone: zoneOf(index),
      capacity: CAPACITY,
      reported: true,
      replicas: [...replicas.values()],
      routesApplied: true,
      answering: NOBODY,
    }));
  }

  /** As if every host had received its placements. Returns the names of those for which they are new. */
  apply({ placements }: Plan, state: 'starting' | 'serving'): readonly string[] {
    const changed: string[] = [];
    for (const [name, placed] of placements) {
      const host = this.#hosts.get(name);
      if (host === undefined) continue;
      const before = host.replicas;
      const after = new Map<string, HostedReplica>();
      let isNew = placed.length !== before.size;
      for (const placement of placed) {
        const key = formatReplica(placement);
        const known = before.get(key);
        isNew ||= known === undefined;
        after.set(key, known ?? observed(placement, name, state));
      }
      if (!isNew) continue;
      host.replicas = after;
      changed.push(name);
    }
    return changed;
  }

  /** All that start on those hosts serve now. */
  serve(names: Iterable<string>): void {
    for (const name of names) {
      const host = this.#hosts.get(name);
      for (const [key, replica] of host?.replicas ?? [])
        if (replica.state === 'starting') host?.replicas.set(key, { ...replica, state: 'serving' });
    }
  }
}

interface SimulatedHost {
  readonly index: number;
  status: HostStatus;
  replicas: Map<string, HostedReplica>;
}

const NOBODY: ReadonlySet<string> = new Set();

function zoneOf(index: number): string {
  return `zone-${index % ZONES}`;
}

function recordOf(app: string, replicas = HOSTS_PER_APP): AppRecord {
  const names = Array.from({ length: GROUPS }, (_, index) => `Component${index}`);
  const needs = (index: number) => ({
    resources: { memory: '256MiB', cpu: 0.1 },
    ...(index % LABELLED === 1 ? { placement: { labels: { disk: 'ssd' } } } : {}),
  });
  const record = deployed(undefined, {
    version: '0123456789abcdef',
    deployedAt: 1,
    manifest: appManifestSchema.parse({
      components: Object.fromEntries(
        names.map((name, index) => [name, { replicas, ...(index < LABELLED ? needs(index) : {}) }]),
      ),
    }),
    description: {
      format: 1,
      app,
      version: '0123456789abcdef',
      builtWith: '0.1.0',
      components: names.map((name, index) => ({
        name,
        methods: [{ name: 'get', streaming: false, routed: index === 0 }],
        references: names.slice(index + 1, index + 3),
        declaredAt: 'main.ts:1',
      })),
      hasMain: false,
      listeners: [],
    },
  });
  if (record === undefined) throw new Error('a first deployment is a change');
  return shifted(record, '0123456789abcdef');
}

function observed(
  { app, version, group, replica }: Pick<HostedReplica, 'app' | 'version' | 'group' | 'replica'>,
  host: string,
  state: 'starting' | 'serving',
): HostedReplica {
  const method = { component: group, method: 'get', remote: true, calls: 100, errors: 0, p50Ms: 1, p99Ms: 3 };
  return {
    app,
    version,
    group,
    replica,
    host,
    generation: 1,
    state,
    pid: 1,
    address: { kind: 'unix', path: `/run/weaverd/${app}/${replica}` },
    remoteAddress: { kind: 'tcp', host, port: 40_000 },
    listeners: [],
    startedAt: 1,
    restarts: 0,
    lastFailure: undefined,
    lastFailedComponent: undefined,
    nextStartAt: undefined,
    load: {
      intervalMs: 1000,
      cpuMs: 100,
      rssBytes: 60_000_000,
      eventLoopUtilization: 0.3,
      methods: [{ ...method, caller: 'Component0' }],
      handshakesRefused: {},
    },
  };
}
