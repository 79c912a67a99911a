import { readdirSync, readFileSync } from 'node:fs';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { Clock } from './clock.js';

const FIRST_LOOK_MS = 10;
const SLOWEST_LOOK_MS = 1000;

/**
 * Calls `ended` once when a process that is not our child has gone: looked for at lengthening intervals, up to one
 * second. Returns the function that stops the watch.
 */
export function watchForEnd(identity: ProcessIdentity, clock: Clock, ended: () => void): () => void {
  let cancel: () => void;
  const look = (intervalMs: number) => {
    cancel = clock.after(intervalMs, () => {
      if (!isRunning(identity)) return ended();
      look(Math.min(SLOWEST_LOOK_MS, intervalMs * 2));
    });
  };
  look(FIRST_LOOK_MS);
  return () => cancel();
}

/**
 * The leaders of sessions that were started with this variable in their environment, and a value that matches. Reads all
 * of /proc: for rare use.
 */
export function findSessionLeaders(
  variable: string,
  matches: (value: string) => boolean,
): readonly ProcessIdentity[] {
  const prefix = `${variable}=`;
  const found: ProcessIdentity[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // What it started itself has the same variable, but another leader.
      const stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const session = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
      if (session !== entry) continue;
      const environment = readFileSync(`/proc/${entry}/environ`, 'latin1').split('\0');
      const set = environment.find((each) => each.startsWith(prefix));
      if (set === undefined || !matches(set.slice(prefix.length))) continue;
    } catch {
      continue; // it has ended meanwhile, or is another user's: not ours in either case
    }
    const identity = identifyProcess(Number(entry));
    if (identity !== undefined) found.push(identity);
  }
  return found;
}
