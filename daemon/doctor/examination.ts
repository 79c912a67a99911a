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
  /** Where the state of apps is kept; absent where that is in files, and from an older daemon. */
  readonly redis?: RedisExamination | undefined;
}

export interface RedisExamination {
  /** Those that take writes. */
  readonly servers: readonly RedisServerExamination[];
  /** Why they cannot be seen. */
  readonly problem: string | undefined;
}

export type RedisServerExamination =
  | {
      readonly server: string;
      readonly version: string;
      readonly role: string;
      readonly usedBytes: number;
      /** 0: all there is. */
      readonly maxBytes: number;
      readonly connectedReplicas: number;
      readonly isLogFailing: boolean;
      /** Undefined when it does not let us ask. */
      readonly settings: Readonly<Record<string, string>> | undefined;
    }
  | { readonly server: string; readonly reason: string };

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
