import { createHmac, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import type { ClusterConfig } from '../../config/cluster-config.js';
import type { NatsConfig } from '../../config/nats-config.js';
import { ArtifactExchange } from '../artifacts/artifact-exchange.js';
import type { ArtifactStore } from '../artifacts/artifact-store.js';
import type { BusState } from '../bus/bus.js';
import { NatsBus } from '../bus/nats/nats-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { PROTOCOL } from '../membership/compatibility.js';
import { ClusterMemory } from '../memory/cluster-memory.js';
import type { ClusterPlace } from './cluster-place.js';
import { durableEpochs } from './durable-epochs.js';

export interface AmongOthersOptions {
  readonly hostName: string;
  readonly version: string;
  readonly cluster: ClusterConfig;
  readonly nats: NatsConfig;
  readonly memoryFolder: string;
  readonly artifacts: ArtifactStore;
  /** What happened once. */
  readonly report: (problem: string) => void;
  /** What lasts; undefined ends it. */
  readonly onProblem: (source: string, problem: string | undefined) => void;
}

/** One host of a cluster over NATS. Returns though NATS is not there yet; rejects when its own disk refuses. */
export async function amongOthers(options: AmongOthersOptions): Promise<ClusterPlace> {
  const { hostName, version, cluster, nats, memoryFolder, artifacts, report, onProblem } = options;
  await mkdir(memoryFolder, { recursive: true, mode: 0o700 });
  const memory = await ClusterMemory.open({
    folder: memoryFolder,
    newInstallation: randomUUID,
    damaged: report,
    onProblem: (problem) => onProblem('memory', problem),
  });
  const bus = NatsBus.open({ config: nats, cluster: cluster.name, name: hostName, report });
  bus.onState((state) => onProblem('bus', troubleOf(state)));
  const exchange = new ArtifactExchange(bus, artifacts);
  return {
    isAlone: false,
    bus,
    subjects: subjectsOf(cluster.name),
    facts: {
      host: hostName,
      installation: memory.installation,
      address: cluster.address,
      labels: cluster.labels,
      capacity: cluster.capacity,
      version,
      protocol: PROTOCOL,
    },
    epochs: durableEpochs(memory),
    memory,
    fetchArtifact: (wanted) => exchange.fetch(wanted),
    offerArtifact: (offered) => exchange.offer(offered),
    remoteHost: cluster.address,
    deriveToken: (app, appVersion) =>
      createHmac('sha256', cluster.secret)
        .update(JSON.stringify(['proclet token', cluster.name, app, appVersion]))
        .digest('base64url'),
    status: () => ({ name: cluster.name, bus: busStatus(bus.state()) }),
    examineBus: () => bus.examine(),
    secretFiles: [cluster.secretFile, nats.credentials?.file, nats.tls?.keyFile].filter(
      (file) => file !== undefined,
    ),
    close: async () => {
      await memory.idle();
      await bus.close();
    },
  };
}

function troubleOf(state: BusState): string | undefined {
  if (state.kind !== 'connecting' && state.kind !== 'degraded') return undefined;
  return `NATS: ${state.reason}; what runs goes on, nothing can be changed`;
}

function busStatus(state: BusState) {
  return 'reason' in state ? { state: state.kind, reason: state.reason } : { state: state.kind };
}
