import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import { volatileEpochs } from '../host/epoch-fence.js';
import { MAX_TTL_MS } from '../leader/lease-record.js';
import { PROTOCOL } from '../membership/compatibility.js';
import type { ClusterPlace } from './cluster-place.js';

export interface AloneOptions {
  readonly hostName: string;
  readonly version: string;
  readonly storeFolder: string;
  readonly report: (problem: string) => void;
}

/** Of the one host there is. */
const CLUSTER = 'local';
const INSTALLATION = 'alone';
const BOUNDLESS = {
  cpus: Number.MAX_SAFE_INTEGER,
  memoryBytes: Number.MAX_SAFE_INTEGER,
  maxReplicas: Number.MAX_SAFE_INTEGER,
};

/** A host of its own: the store is a folder, and nobody else leads. Rejects when the store cannot be opened. */
export async function alone({ hostName, version, storeFolder, report }: AloneOptions): Promise<ClusterPlace> {
  const bus = await LocalBus.open({ folder: storeFolder, report });
  const nothing = async () => undefined; // what is deployed is uploaded to this very host
  return {
    isAlone: true,
    bus,
    subjects: subjectsOf(CLUSTER),
    facts: {
      host: hostName,
      installation: INSTALLATION,
      address: undefined,
      labels: {},
      capacity: BOUNDLESS,
      version,
      protocol: PROTOCOL,
    },
    epochs: volatileEpochs(),
    memory: undefined,
    // The folder is locked: whoever had the lease has gone. And nobody waits for it.
    lease: { ttlMs: MAX_TTL_MS, replacesPredecessor: true },
    fetchArtifact: nothing,
    offerArtifact: nothing,
    remoteHost: undefined,
    deriveToken: undefined,
    status: () => undefined,
    examineBus: undefined,
    secretFiles: [],
    close: () => bus.close(),
  };
}
