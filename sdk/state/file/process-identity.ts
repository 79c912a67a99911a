import { readFileSync } from 'node:fs';

/** A process for certain: pids are used again, so the time it started goes with it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot id and clock ticks since boot, field 22 of /proc/<pid>/stat. */
  readonly startTime: string;
}

/** Undefined when no such process runs (a zombie does not run). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // no such process
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields[18];
  if (state === 'Z' || state === 'X' || ticks === undefined) return undefined;
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return { pid, startTime: `${boot}:${ticks}` };
}

export function isRunning({ pid, startTime }: ProcessIdentity): boolean {
  return identifyProcess(pid)?.startTime === startTime;
}
