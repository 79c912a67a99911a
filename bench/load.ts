import type { Operation, StreamOperation } from './operation.js';

interface Timed {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** What else the client does at the same time, on the same connection. */
export type Beside = 'slow-reader' | 'large-echo';

/** What a client is told to do for a while. Plain JSON: it goes to the client's process. */
export type Load =
  | (Timed & {
      readonly kind: 'closed';
      readonly operation: Operation;
      readonly inFlight: number;
      /** Default: the load ends at the first failure. */
      readonly failures?: 'counted' | undefined;
      readonly beside?: Beside | undefined;
    })
  | (Timed & { readonly kind: 'open'; readonly operation: Operation; readonly callsPerSecond: number })
  | (Timed & {
      readonly kind: 'stream';
      readonly operation: StreamOperation;
      readonly beside?: Beside | undefined;
    });

/** Of the measured time only. */
export interface LoadReport {
  readonly seconds: number;
  /** Calls that succeeded, or items that arrived. */
  readonly completed: number;
  readonly bytes: number;
  /** By code or message; always empty for streams, and for closed loops that end at the first failure. */
  readonly failures: Readonly<Record<string, number>>;
  /** Of successful calls; 0 for streams. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of all processes that took part. */
  readonly cpuSeconds: number;
}

/** A client in its own process that runs loads, one at a time. */
export interface LoadTarget {
  readonly name: string;
  run(load: Load): Promise<LoadReport>;
}

export function callsPerSecond({ completed, seconds }: LoadReport): number {
  return completed / seconds;
}

export function cpuPerMillion({ cpuSeconds, completed }: LoadReport): number {
  return (cpuSeconds / completed) * 1e6;
}
