import { signalProcess } from '../../daemon/processes/signal-process.js';
import { identifyProcess, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';

/** The processes of a run, so that those of a daemon that is no more can be killed: by identity, since pids are used again. */
export class SeenProcesses {
  readonly #processes = new Map<number, ProcessIdentity>();

  see(pids: readonly (number | undefined)[]): void {
    const running = new Set(pids.filter((pid) => pid !== undefined));
    for (const pid of this.#processes.keys()) if (!running.has(pid)) this.#processes.delete(pid);
    for (const pid of running) {
      const identity = this.#processes.get(pid) ?? identifyProcess(pid);
      if (identity !== undefined) this.#processes.set(pid, identity);
    }
  }

  kill(): void {
    for (const identity of this.#processes.values()) signalProcess(identity, 'SIGKILL');
    this.#processes.clear();
  }
}
