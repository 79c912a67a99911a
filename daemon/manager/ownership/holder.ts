import type { PublishedReplica } from '../../host/host-messages.js';

/** A process of which hosts and records tell. */
export type Run = Pick<Holder, 'version' | 'replica' | 'generation' | 'host'>;

/** A process that may act for keys: one run of a replica of a version, on one host. */
export interface Holder {
  readonly version: string;
  readonly replica: string;
  /** Counted by its host: processes on two hosts may share one. */
  readonly generation: number;
  readonly host: string;
  /** Where it is reached, by which its callers find it also while its host is silent. */
  readonly at: Pick<PublishedReplica, 'group' | 'address' | 'remoteAddress'>;
  /** By which report of its host it was known when it was given keys: what an older one says of it is no news. */
  readonly seen: ReportStamp;
}

/** Which report of a host: those of a later daemon, or of a higher count, are newer. */
export interface ReportStamp {
  readonly generation: number;
  readonly sequence: number;
}

export function isSameHolder(a: Holder, b: Holder): boolean {
  return (
    a.generation === b.generation && a.replica === b.replica && a.host === b.host && a.version === b.version
  );
}

export function formatHolder({ version, replica, generation, host }: Run): string {
  return `${version}/${replica}#${generation}@${host}`;
}

export function isOlderReport(a: ReportStamp, b: ReportStamp): boolean {
  return a.generation === b.generation ? a.sequence < b.sequence : a.generation < b.generation;
}
