import { readdirSync, readFileSync } from 'node:fs';

/** CPU time that the threads of these processes have used so far, seconds: exact, where /proc/<pid>/stat has ticks of 10 ms. */
export function cpuSeconds(pids: readonly number[]): number {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      try {
        nanoseconds += Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1'), 10);
      } catch (reason) {
        // A thread may end between the listing and the reading.
        if (!['ENOENT', 'ESRCH'].includes((reason as NodeJS.ErrnoException).code ?? '')) throw reason;
      }
    }
  }
  return nanoseconds / 1e9;
}
