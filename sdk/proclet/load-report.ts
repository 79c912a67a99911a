import type { CompressionLoad, Load } from '../protocol/control.js';
import type { KeyLoadTable } from '../telemetry/key-load.js';
import type { StatsTable } from '../telemetry/method-stats.js';
import type { EdgeReport } from '../transport/index.js';

/** A process that served nothing reports one interval in so many: at rest, the daemon should be at rest too. */
const IDLE_EVERY = 3;

/** Edges in one report, those that have sent most first. */
const MAX_EDGES = 1000;

/** What the process used and served between two reports. */
export class LoadReport {
  #cpu = process.cpuUsage();
  #utilization = performance.eventLoopUtilization();
  #at = performance.now();
  #idle = 0;

  constructor(
    private readonly stats: StatsTable,
    private readonly keys: KeyLoadTable,
    private readonly handshakesRefused: () => ReadonlyMap<string, number>,
    private readonly edges: () => readonly EdgeReport[],
  ) {}

  /** Undefined when there is nothing new to say: nothing was served since the last report, nor before it. */
  take(): Load | undefined {
    const methods = this.stats.take();
    if (methods.length > 0) this.#idle = 0;
    else if (++this.#idle > 1 && this.#idle % IDLE_EVERY !== 0) return undefined;
    const now = performance.now();
    const cpu = process.cpuUsage(this.#cpu);
    const utilization = performance.eventLoopUtilization();
    const load: Load = {
      intervalMs: now - this.#at,
      cpuMs: (cpu.user + cpu.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      eventLoopUtilization: performance.eventLoopUtilization(utilization, this.#utilization).utilization,
      methods,
      handshakesRefused: Object.fromEntries(this.handshakesRefused()),
      compression: compressionOf(this.edges()),
      keys: this.keys.take(now),
    };
    this.#cpu = process.cpuUsage();
    this.#utilization = utilization;
    this.#at = now;
    return load;
  }
}

function compressionOf(edges: readonly EdgeReport[]): readonly CompressionLoad[] {
  return edges
    .filter(({ plainBytes }) => plainBytes > 0)
    .sort((a, b) => b.plainBytes - a.plainBytes)
    .slice(0, MAX_EDGES)
    .map(({ peer, choice, plainBytes, compressedBytes }) => ({
      peer,
      level: choice.kind === 'on' ? choice.level : undefined,
      plainBytes,
      compressedBytes,
    }));
}
