import type { ClusterStatus } from '../api/api-types.js';
import type { Bus } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { ControlPlaneOptions } from '../control-plane.js';
import type { BusExamination } from '../doctor/examination.js';
import type { DeriveToken } from '../envelope/replica-records.js';

/** Where a daemon stands: alone on its host, or among others. */
export interface ClusterPlace extends Pick<ControlPlaneOptions, 'facts' | 'epochs' | 'memory' | 'lease'> {
  readonly bus: Bus;
  readonly subjects: Subjects;
  /** Brings a version to this host. Rejects with the reason. */
  readonly fetchArtifact: (version: string) => Promise<void>;
  /** Makes a version of this host available to the others. Rejects with the reason. */
  readonly offerArtifact: (version: string) => Promise<void>;
  /** At which the proclets of other hosts reach those of this one. */
  readonly remoteHost: string | undefined;
  readonly deriveToken: DeriveToken | undefined;
  /** Undefined for a host of its own. */
  readonly status: () => Pick<ClusterStatus, 'name' | 'bus'> | undefined;
  /** Undefined for a host of its own. Never rejects. */
  readonly examineBus: (() => Promise<BusExamination>) | undefined;
  /** Only their owner may read them. */
  readonly secretFiles: readonly string[];
  readonly isAlone: boolean;
  readonly close: () => Promise<void>;
}
