import { readFileSync } from 'node:fs';

/** A process for certain: its pid and the kernel's start time of it, since pids are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of /proc/<pid>/stat; with the boot id, since ticks restart at boot. */
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
  return { pid, startTime: `${bootId()}:${ticks}` };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return boot;
}
