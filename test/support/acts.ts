import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One call as the process that served it wrote it down (test/fixtures/exclusive); ms on the host's monotonic clock. */
export interface Act {
  readonly process: string;
  readonly key: string;
  readonly epoch: number;
  readonly begin: number;
  /** That of its begin when it never ended: its process was killed meanwhile. */
  readonly end: number;
}

interface Line {
  readonly kind: 'begin' | 'end';
  readonly call: number;
  readonly key: string;
  readonly epoch: number;
  readonly at: number;
}

export async function readActs(folder: string): Promise<readonly Act[]> {
  const acts: Act[] = [];
  for (const process of await readdir(folder)) {
    const text = await readFile(join(folder, process), 'utf8');
    const open = new Map<number, Act>();
    // What a killed process wrote last may lack its end.
    for (const line of text.slice(0, text.lastIndexOf('\n')).split('\n')) {
      const { kind, call, key, epoch, at } = JSON.parse(line) as Line;
      const begun = open.get(call);
      if (kind === 'begin') open.set(call, { process, key, epoch, begin: at, end: at });
      else if (begun !== undefined) open.set(call, { ...begun, end: at });
    }
    acts.push(...open.values());
  }
  return acts;
}

/** Where ONE-OWNER does not hold, in words: two processes in one key at once, or a later owner whose epoch is no higher. */
export function conflictsIn(acts: readonly Act[]): readonly string[] {
  const conflicts: string[] = [];
  const latest = new Map<string, Act>();
  for (const act of [...acts].sort((a, b) => a.begin - b.begin)) {
    const before = latest.get(act.key);
    if (before !== undefined && before.process !== act.process) {
      if (act.begin < before.end)
        conflicts.push(
          `${act.key}: ${act.process} began ${before.end - act.begin} ms before ${before.process} ended`,
        );
      if (act.epoch <= before.epoch)
        conflicts.push(
          `${act.key}: ${act.process} has epoch ${act.epoch}, ${before.process} had ${before.epoch}`,
        );
    }
    if (before === undefined || before.process !== act.process || act.end > before.end)
      latest.set(act.key, act);
  }
  return conflicts;
}
