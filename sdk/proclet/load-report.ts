import type { Load } from '../protocol/control.js';
import type { StatsTable } from '../telemetry/method-stats.js';

/** What the process used and served between two reports. */
export class LoadReport {
  #cpu = process.cpuUsage();
  #utilization = performance.eventLoopUtilization();
  #at = performance.now();

  constructor(
    private readonly stats: StatsTable,
    private readonly handshakesRefused: () => ReadonlyMap<string, number>,
  ) {}

  take(): Load {
    const now = performance.now();
    const cpu = process.cpuUsage(this.#cpu);
    const utilization = performance.eventLoopUtilization();
    const load: Load = {
      intervalMs: now - this.#at,
      cpuMs: (cpu.user + cpu.system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      eventLoopUtilization: performance.eventLoopUtilization(utilization, this.#utilization).utilization,
      methods: this.stats.take(),
      handshakesRefused: Object.fromEntries(this.handshakesRefused()),
    };
    this.#cpu = process.cpuUsage();
    this.#utilization = utilization;
    this.#at = now;
    return load;
  }
}
