import type { ProcessExit } from '../processes/process-spawner.js';

/**
 * Why a process ended, in words.
 *
 * `exit`: in words when it was not our child, so that nobody told its code. `told`: its own Failed message. `stderr`: its last
 * lines, oldest first.
 */
export function exitReason(
  exit: ProcessExit | 'unknown' | 'while the daemon was away',
  told: string | undefined,
  stderr: readonly string[],
): string {
  const cause = told ?? errorLine(stderr);
  return cause === undefined ? ending(exit) : `${ending(exit)}: ${cause}`;
}

function ending(exit: ProcessExit | 'unknown' | 'while the daemon was away'): string {
  if (exit === 'unknown') return 'ended (exit code unknown: an earlier daemon started it)';
  if (exit === 'while the daemon was away') return 'ended while the daemon was away';
  if (exit.signal === 'SIGKILL') return 'killed by SIGKILL (out of memory?)';
  if (exit.signal !== null) return `killed by ${exit.signal}`;
  return `exited with code ${exit.code ?? 'unknown'}`;
}

/** The line that names the error: neither the stack beneath it nor what Node prints around it. */
export function errorLine(stderr: readonly string[]): string | undefined {
  const lines = stderr.map((line) => line.trimEnd()).filter((line) => line.trim() !== '');
  const named = lines.findLast((line) => /^(Uncaught )?(\w*(Error|Exception)\b|FATAL ERROR:)/.test(line));
  const line = named ?? lines.findLast((each) => !/^(\s|Node\.js v|\^|-----|})/.test(each));
  return line?.slice(0, 1000);
}
