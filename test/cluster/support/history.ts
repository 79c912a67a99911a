import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a Caller of test/fixtures/probe wrote down of one call; times in ms of the machine's monotonic clock. */
export interface ProbeCall {
  readonly id: string;
  /** Address of the Caller's host. */
  readonly from: string;
  /** May be executed twice. */
  readonly isSafe: boolean;
  readonly startedAt: number;
  readonly endedAt: number;
  /** `ok`, or the code of the error. */
  readonly outcome: string;
  readonly executed: string;
}

export interface History {
  /** In the order in which they ended. */
  readonly calls: readonly ProbeCall[];
  /** How often each call was executed, by id. */
  readonly executions: ReadonlyMap<string, number>;
}

/** Monotonic ms, the same for all processes of the machine. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Of the calls that ended at `from` or later. */
export async function readHistory(folder: string, from: number): Promise<History> {
  const calls: ProbeCall[] = [];
  const executions = new Map<string, number>();
  for (const name of await readdir(folder)) {
    const [kind = '', address = ''] = name.split(' ');
    const lines = wholeLines(await readFile(join(folder, name), 'utf8'));
    if (kind === 'target') for (const id of lines) executions.set(id, (executions.get(id) ?? 0) + 1);
    else calls.push(...lines.map((line) => readCall(line, address)).filter((call) => call.endedAt >= from));
  }
  return { calls: calls.sort((a, b) => a.endedAt - b.endedAt), executions };
}

/** What kill -9 ended in the middle of a line is no line. */
function wholeLines(text: string): readonly string[] {
  return text.split('\n').slice(0, -1);
}

function readCall(line: string, from: string): ProbeCall {
  const [id = '', kind, startedAt, endedAt, outcome = '', executed = ''] = line.split(' ');
  const isSafe = kind === 'safe';
  return { id, from, isSafe, startedAt: Number(startedAt), endedAt: Number(endedAt), outcome, executed };
}

/** Ids of calls that were reported as not executed, and were. */
export function ghosts({ calls, executions }: History): readonly string[] {
  return calls.filter(({ id, executed }) => executed === 'no' && executions.has(id)).map(({ id }) => id);
}

/** Ids of calls that may be executed once at most, and were executed more often. */
export function repeated({ calls, executions }: History): readonly string[] {
  return calls.filter(({ id, isSafe }) => !isSafe && (executions.get(id) ?? 0) > 1).map(({ id }) => id);
}

/** Ids of calls that succeeded, and that nobody executed. */
export function invented({ calls, executions }: History): readonly string[] {
  return calls.filter(({ id, outcome }) => outcome === 'ok' && !executions.has(id)).map(({ id }) => id);
}

export function failures(calls: readonly ProbeCall[]): readonly ProbeCall[] {
  return calls.filter(({ outcome }) => outcome !== 'ok');
}

/** How many failed, by code. */
export function failuresByCode(calls: readonly ProbeCall[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome } of failures(calls)) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** The longest time in which no call succeeded, ms; of all callers together. */
export function longestSilence(calls: readonly ProbeCall[], from: number, to: number): number {
  const successes = calls.filter(({ outcome }) => outcome === 'ok').map(({ endedAt }) => endedAt);
  let longest = 0;
  let last = from;
  for (const at of [...successes.filter((at) => at > from && at < to), to]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}
