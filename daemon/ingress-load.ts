import { readFileSync } from 'node:fs';

/** The clock of /proc/<pid>/stat and /proc/uptime: USER_HZ, which is 100 on every Linux. */
const TICK_MS = 10;

/** What the ingress's process takes of the machine. */
export class IngressLoad {
  #pid: number | undefined;
  #cpuMs = 0;
  #at = 0;
  #percent = 0;

  /** CPU since the last look that is at least a second ago, at first since its start, in percent of one core. */
  look(pid: number | undefined): number {
    const now = performance.now();
    if (pid !== this.#pid) {
      this.#pid = pid;
      this.#percent = 0;
      this.#cpuMs = 0;
      this.#at = now;
      const born = pid === undefined ? undefined : processTimes(pid);
      if (born !== undefined) this.#at -= born.ageMs;
    }
    if (pid === undefined || now - this.#at < 1000) return this.#percent;
    const times = processTimes(pid);
    if (times === undefined) return 0; // it has just ended: its keeper will say so
    this.#percent = ((times.cpuMs - this.#cpuMs) / (now - this.#at)) * 100;
    this.#cpuMs = times.cpuMs;
    this.#at = now;
    return this.#percent;
  }
}

function processTimes(pid: number): { readonly cpuMs: number; readonly ageMs: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, start = 0] = [fields[11], fields[12], fields[19]];
    const uptimeMs = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
    return { cpuMs: (user + system) * TICK_MS, ageMs: uptimeMs - start * TICK_MS };
  } catch {
    return undefined; // there is no such process any more
  }
}
