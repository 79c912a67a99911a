/** What one host finds out about itself and its surroundings; findings.ts judges it. */
export interface HostExamination {
  readonly host: string;
  readonly weaverd: string;
  readonly node: string;
  /** Of the daemon's process; undefined where the system does not tell. */
  readonly maxOpenFiles: number | undefined;
  readonly disk: DiskSpace | undefined;
  /** Files and folders with secrets that others than their owner may read. */
  readonly exposed: readonly { readonly path: string; readonly mode: number }[];
  /** Replicas of other hosts that were tried; `reason` is why one cannot be reached. */
  readonly reached: readonly (ReachTarget & { readonly reason: string | undefined })[];
  /** Undefined for a host of its own. */
  readonly bus: BusExamination | undefined;
}

export interface DiskSpace {
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** A replica, and where the proclets of other hosts reach it. */
export interface ReachTarget {
  readonly replica: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface BusExamination {
  /** Wanted of each bucket. */
  readonly replicas: number;
  readonly servers: readonly ServerExamination[];
  readonly streams: readonly StreamExamination[];
  /** Why the streams cannot be seen. */
  readonly problem: string | undefined;
}

export type ServerExamination =
  | {
      readonly server: string;
      readonly name: string;
      readonly version: string;
      readonly jetStream: boolean;
      readonly maxPayload: number;
    }
  | { readonly server: string; readonly reason: string };

export interface StreamExamination {
  readonly stream: string;
  readonly replicas: number;
  /** Undefined when it has none, or its server is alone. */
  readonly leader: string | undefined;
  /** Other copies than the leader's. */
  readonly copies: readonly {
    readonly server: string;
    readonly isCurrent: boolean;
    readonly isOffline: boolean;
  }[];
}

/** How far a host's clock is ahead of the one that asked, within `boundMs` either way. */
export interface ClockReading {
  readonly host: string;
  readonly aheadMs: number;
  readonly boundMs: number;
}

/** Undefined for what is none; the fields within are trusted, as only daemons can publish. */
export function readExamination(body: unknown): HostExamination | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { host, exposed, reached } = body as Partial<Record<keyof HostExamination, unknown>>;
  return typeof host === 'string' && Array.isArray(exposed) && Array.isArray(reached)
    ? (body as HostExamination)
    : undefined;
}
