import type { Load, MethodLoad } from '../../sdk/protocol/control.js';
import type { Clock } from '../processes/clock.js';
import { mixtureQuantile } from './mixture-quantile.js';

/** Of one replica, over its last interval. */
export interface ReplicaLoad {
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly handshakesRefused: Readonly<Record<string, number>>;
}

/** Calls from one component to another, over all replicas of both. */
export interface CallEdge {
  /** A component, `main`, or empty when unknown. */
  readonly from: string;
  readonly to: string;
  readonly callsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Of them over the network, not within a process. */
  readonly remotePerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Key {
  readonly app: string;
  readonly version: string;
  readonly replica: string;
}

interface Entry {
  readonly key: Key;
  readonly load: Load;
  readonly at: number;
}

/** A report is old after so many of its intervals: the replica has gone silent. */
const STALE_INTERVALS = 4;
const MAX_REPLICAS = 10_000;

export const NO_LOAD: ReplicaLoad = {
  callsPerSecond: 0,
  errorsPerSecond: 0,
  p50Ms: 0,
  p99Ms: 0,
  cpuPercent: 0,
  rssBytes: 0,
  handshakesRefused: {},
};

/** The last load report of every replica. */
export class LoadTable {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  report({ app, version, replica }: Key, load: Load): void {
    const id = JSON.stringify([app, version, replica]);
    if (this.#entries.size >= MAX_REPLICAS && !this.#entries.has(id)) this.#dropStale();
    if (this.#entries.size >= MAX_REPLICAS && !this.#entries.has(id)) return; // no more than a host can run
    this.#entries.set(id, { key: { app, version, replica }, load, at: this.#clock.monotonic() });
  }

  /** Forgets replicas that are no more. */
  retain(replicas: readonly Key[]): void {
    const kept = new Set(
      replicas.map(({ app, version, replica }) => JSON.stringify([app, version, replica])),
    );
    for (const id of this.#entries.keys()) if (!kept.has(id)) this.#entries.delete(id);
  }

  /** {@link NO_LOAD} when nothing was reported of late. */
  replica({ app, version, replica }: Key): ReplicaLoad {
    const entry = this.#entries.get(JSON.stringify([app, version, replica]));
    if (entry === undefined || this.#isStale(entry)) return NO_LOAD;
    const { load } = entry;
    const seconds = Math.max(1, load.intervalMs) / 1000;
    return {
      ...rates(load.methods, seconds),
      p50Ms: mixtureQuantile(load.methods, 0.5),
      p99Ms: mixtureQuantile(load.methods, 0.99),
      cpuPercent: load.cpuMs / 10 / seconds,
      rssBytes: load.rssBytes,
      handshakesRefused: load.handshakesRefused,
    };
  }

  /** The call graph of one version, the busiest edge first. */
  edges(app: string, version: string): CallEdge[] {
    const edges = new Map<
      string,
      { from: string; to: string; rows: { row: MethodLoad; seconds: number }[] }
    >();
    for (const entry of this.#entries.values()) {
      if (entry.key.app !== app || entry.key.version !== version || this.#isStale(entry)) continue;
      const seconds = Math.max(1, entry.load.intervalMs) / 1000;
      for (const row of entry.load.methods) {
        const id = JSON.stringify([row.caller, row.component]);
        const edge = edges.get(id) ?? { from: row.caller, to: row.component, rows: [] };
        edge.rows.push({ row, seconds });
        edges.set(id, edge);
      }
    }
    return [...edges.values()]
      .map(({ from, to, rows }) => {
        const perSecond = (count: (row: MethodLoad) => number) =>
          rows.reduce((sum, { row, seconds }) => sum + count(row) / seconds, 0);
        const latencies = rows.map(({ row }) => row);
        return {
          from,
          to,
          callsPerSecond: perSecond((row) => row.calls),
          errorsPerSecond: perSecond((row) => row.errors),
          remotePerSecond: perSecond((row) => (row.remote ? row.calls : 0)),
          p50Ms: mixtureQuantile(latencies, 0.5),
          p99Ms: mixtureQuantile(latencies, 0.99),
        };
      })
      .sort((a, b) => b.callsPerSecond - a.callsPerSecond);
  }

  #isStale({ at, load }: Entry): boolean {
    return this.#clock.monotonic() - at > STALE_INTERVALS * Math.max(1000, load.intervalMs);
  }

  #dropStale(): void {
    for (const [id, entry] of this.#entries) if (this.#isStale(entry)) this.#entries.delete(id);
  }
}

function rates(
  methods: readonly MethodLoad[],
  seconds: number,
): Pick<ReplicaLoad, 'callsPerSecond' | 'errorsPerSecond'> {
  return {
    callsPerSecond: methods.reduce((sum, { calls }) => sum + calls, 0) / seconds,
    errorsPerSecond: methods.reduce((sum, { errors }) => sum + errors, 0) / seconds,
  };
}
