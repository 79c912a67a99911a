/** What this process takes of the machine. */
export class DaemonLoad {
  #cpu = process.cpuUsage();
  #at = performance.now();
  #percent = 0;

  /** CPU since the last look that is at least a second ago, in percent of one core. */
  look(): { readonly rssBytes: number; readonly cpuPercent: number } {
    const elapsed = performance.now() - this.#at;
    if (elapsed >= 1000) {
      const { user, system } = process.cpuUsage(this.#cpu);
      this.#percent = (user + system) / 10 / elapsed;
      this.#cpu = process.cpuUsage();
      this.#at = performance.now();
    }
    return { rssBytes: process.memoryUsage.rss(), cpuPercent: this.#percent };
  }
}
